"""Outgoing events: written with the change, delivered after it, at least once, in order, and to nobody's harm."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from openedx_events.event_bus.avro.deserializer import deserialize_bytes_to_event_data
from openedx_events.event_bus.avro.serializer import serialize_event_data_to_bytes

from openedx_user_groups import api, signals_api
from openedx_user_groups.data import OutboxState, RefreshTrigger
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.membership.models import MembershipChange
from openedx_user_groups.outgoing import delivery
from openedx_user_groups.outgoing.events import events_of
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.refresh import retention
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)

pytestmark = pytest.mark.django_db

NEVER = rule(criterion("last_login", operator="not_exists"))
EVENTS = {
    "created": signals_api.USER_GROUP_CREATED,
    "changed": signals_api.USER_GROUP_CHANGED,
    "archived": signals_api.USER_GROUP_ARCHIVED,
    "added": signals_api.USER_GROUP_LEARNERS_ADDED,
    "removed": signals_api.USER_GROUP_LEARNERS_REMOVED,
}


class Listener:
    """An app that follows groups: what it was told, and how often it fails before it takes anything."""

    def __init__(self, failures: int = 0) -> None:
        self.heard: list[tuple[str, object]] = []
        self.failures = failures

    def hear(self, signal, metadata, change=None, learners=None, **kwargs):
        if self.failures:
            self.failures -= 1
            raise ConnectionError("down")
        name = next(name for name, event in EVENTS.items() if event is signal)
        self.heard.append((name, change or learners))

    @property
    def names(self):
        return [name for name, _data in self.heard]


@pytest.fixture
def listen():
    """Connect a listener to every event."""
    connected = []

    def connect(**options) -> Listener:
        listener = Listener(**options)
        for event in EVENTS.values():
            event.connect(listener.hear)
        connected.append(listener)
        return listener

    yield connect
    for listener in connected:
        for event in EVENTS.values():
            event.disconnect(listener.hear)


@pytest.fixture
def group():
    """A group of two; everything that it gave rise to is delivered already."""
    learners = [LearnerFactory(enrolled_in=COURSE) for _ in range(2)]
    group = create_group(COURSE, NEVER, name="Never")
    delivery.deliver_due()
    group.learners = [learner.pk for learner in learners]
    return group


def leave(pk: int) -> None:
    """The learner signs in, and so matches no more."""
    from django.contrib.auth.models import User

    User.objects.filter(pk=pk).update(last_login=timezone.now())


def test_the_life_of_a_group_is_told_in_order(listen):
    listener, staff = listen(), LearnerFactory(is_staff=True)
    learner = LearnerFactory(enrolled_in=COURSE)
    group = create_group(COURSE, NEVER, name="Never", acting_user=staff)
    leave(learner.pk)
    request_refresh(group, RefreshTrigger.MANUAL)
    api.update_user_group(group.uuid, changes={"name": "N"}, rule_version=None, acting_user=staff)
    api.archive_user_group(group.uuid, acting_user=staff)
    assert listener.heard == []
    assert delivery.deliver_due()["delivered"] == 5
    assert listener.names == ["created", "added", "removed", "changed", "archived"]
    created, added, removed, changed, archived = (data for _name, data in listener.heard)
    assert (created.user_group.uuid, created.user_group.scope_key) == (str(group.uuid), COURSE.key)
    assert (changed.changed_fields, changed.user_group.name, archived.rule_version) == (["name"], "N", 1)
    assert (added.user_ids, added.reason, added.rule_version) == ([learner.pk], "rule_change", 1)
    assert (removed.user_ids, removed.reason) == ([learner.pk], "manual")
    run = Refresh.objects.get(trigger="manual")
    assert (removed.refresh, removed.changed_at) == (str(run.uuid), MembershipChange.objects.get(refresh=run).at)
    assert len({data.message_id for _name, data in listener.heard}) == 5
    assert delivery.deliver_due() == {}


def test_a_run_that_changes_nobody_writes_no_message(group):
    before = OutboxMessage.objects.count()
    request_refresh(group, RefreshTrigger.MANUAL)
    assert OutboxMessage.objects.count() == before


def test_a_run_writes_one_message_for_any_number_of_learners(group, listen, settings):
    settings.OPENEDX_USER_GROUPS_OUTGOING_BATCH_SIZE = 10
    listener = listen()
    joined = sorted(LearnerFactory(enrolled_in=COURSE).pk for _ in range(25))
    leave(group.learners[0])
    before = OutboxMessage.objects.count()
    request_refresh(group, RefreshTrigger.MANUAL)
    assert OutboxMessage.objects.count() == before + 1
    delivery.deliver_due()
    assert listener.names == ["removed", "added", "added", "added"]
    removed, *added = (data.user_ids for _name, data in listener.heard)
    assert removed == [group.learners[0]]
    assert [len(batch) for batch in added] == [10, 10, 5]
    assert [pk for batch in added for pk in batch] == joined
    assert len({data.message_id for _name, data in listener.heard}) == 4


def test_delivery_costs_the_same_for_any_number_of_learners_where_nobody_listens(
    group, django_assert_num_queries, settings
):
    settings.OPENEDX_USER_GROUPS_OUTGOING_BATCH_SIZE = 10
    for _number in range(30):
        LearnerFactory(enrolled_in=COURSE)
    request_refresh(group, RefreshTrigger.MANUAL)
    # Groups with something due, their first message, its claim, its end; there is no second.
    with django_assert_num_queries(5):
        assert delivery.deliver_due() == {"delivered": 1}


def test_changes_by_hand_are_told_too(listen):
    listener, staff = listen(), LearnerFactory(is_staff=True)
    learner = LearnerFactory(enrolled_in=COURSE, username="ann")
    group = UserGroupFactory(manual=True)
    api.add_members(group, ["ann"], acting_user=staff)
    api.add_members(group, ["ann"], acting_user=staff)
    delivery.deliver_due()
    assert [(name, data.user_ids, data.reason) for name, data in listener.heard] == [("added", [learner.pk], "manual")]


def test_delivery_follows_the_commit(group, listen, django_capture_on_commit_callbacks):
    listener = listen()
    leave(group.learners[0])
    with django_capture_on_commit_callbacks(execute=True):
        request_refresh(group, RefreshTrigger.MANUAL)
        assert listener.heard == []
    assert listener.names == ["removed"]


def test_nothing_is_told_of_what_was_rolled_back(group, listen):
    listener = listen()
    leave(group.learners[0])
    with transaction.atomic():
        request_refresh(group, RefreshTrigger.MANUAL)
        transaction.set_rollback(True)
    delivery.deliver_due()
    assert listener.heard == []


def test_a_receiver_that_fails_is_tried_again_and_the_others_have_heard(group, listen, caplog):
    broken, sound = listen(failures=2), listen()
    leave(group.learners[0])
    request_refresh(group, RefreshTrigger.MANUAL)
    start = timezone.now()
    assert delivery.deliver_due(now=start) == {"pending": 1}
    assert (broken.names, sound.names) == ([], ["removed"])
    message = OutboxMessage.objects.latest("pk")
    assert (message.attempts, message.next_attempt_at) == (1, start + timedelta(seconds=5))
    assert message.last_error.endswith("Listener.hear: ConnectionError")
    assert str(group.uuid) in {record.__dict__.get("user_group") for record in caplog.records}
    assert delivery.deliver_due(now=start + timedelta(seconds=4)) == {}
    assert delivery.deliver_due(now=start + timedelta(seconds=5)) == {"pending": 1}
    assert delivery.deliver_due(now=start + timedelta(seconds=14)) == {}  # Twice as long.
    assert delivery.deliver_due(now=start + timedelta(seconds=15)) == {"delivered": 1}
    assert broken.names == ["removed"]
    first, second, third = (data for _name, data in sound.heard)
    assert first == second == third  # The same message, for it to recognise.


def test_a_message_waits_for_the_one_before_it_in_its_group_only(group, listen):
    listener = listen(failures=1)
    other = create_group(COURSE, NEVER, name="Other")
    delivery.deliver_due(now=datetime(2000, 1, 1, tzinfo=timezone.get_default_timezone()))
    listener.failures = 0
    delivery.deliver_due([other.pk])
    listener.heard.clear()
    listener.failures = 1
    staff = LearnerFactory(is_staff=True)
    api.update_user_group(group.uuid, changes={"name": "A"}, rule_version=None, acting_user=staff)
    api.update_user_group(group.uuid, changes={"name": "B"}, rule_version=None, acting_user=staff)
    api.update_user_group(other.uuid, changes={"name": "C"}, rule_version=None, acting_user=staff)
    start = timezone.now()
    assert delivery.deliver_due(now=start) == {"pending": 1, "delivered": 1}
    assert [data.user_group.uuid for _name, data in listener.heard] == [str(other.uuid)]
    assert delivery.deliver_due(now=start + timedelta(minutes=1)) == {"delivered": 2}
    assert len(listener.heard) == 3


def test_a_message_is_given_up_in_the_end_and_may_be_revived(group, listen, settings, caplog):
    settings.OPENEDX_USER_GROUPS_OUTGOING_MAX_ATTEMPTS = 2
    listener, staff = listen(failures=2), LearnerFactory(is_staff=True)
    for name in ("A", "B"):
        api.update_user_group(group.uuid, changes={"name": name}, rule_version=None, acting_user=staff)
    start = timezone.now()
    assert delivery.deliver_due(now=start) == {"pending": 1}
    assert delivery.deliver_due(now=start + timedelta(minutes=1)) == {"dead": 1, "delivered": 1}
    assert "is given up after 2 attempts" in caplog.text
    assert api.health()["outbox"].problems == ("messages_given_up",)
    assert delivery.retry_dead() == 2
    assert delivery.deliver_due() == {"delivered": 2}
    assert len(listener.heard) == 3
    assert api.health()["outbox"].problems == ()


def test_a_message_that_cannot_be_read_keeps_no_other_group_waiting(group, listen, settings, caplog):
    settings.OPENEDX_USER_GROUPS_OUTGOING_MAX_ATTEMPTS = 2
    listener, staff = listen(), LearnerFactory(is_staff=True)
    other = create_group(COURSE, NEVER, name="Other")
    delivery.deliver_due()
    listener.heard.clear()
    for name, each in {"A": group, "B": other}.items():
        api.update_user_group(each.uuid, changes={"name": name}, rule_version=None, acting_user=staff)
    DefinitionChange.objects.filter(user_group=group, kind="changed").update(kind="melted")
    start = timezone.now()
    assert delivery.deliver_due(now=start) == {"pending": 1, "delivered": 1}
    assert [data.user_group.uuid for _name, data in listener.heard] == [str(other.uuid)]
    assert delivery.deliver_due(now=start + timedelta(minutes=1)) == {"dead": 1}
    assert OutboxMessage.objects.get(state=OutboxState.DEAD).last_error == "OutboxMessage: ValueError"
    assert "A message cannot be read." in caplog.text


def test_what_came_after_a_message_that_is_revived_is_told_again(group, listen, settings):
    """A learner joins and leaves; whoever is told of the joining later is told of the leaving once more."""
    settings.OPENEDX_USER_GROUPS_OUTGOING_MAX_ATTEMPTS = 1
    listener, learner = listen(failures=1), LearnerFactory(enrolled_in=COURSE)
    request_refresh(group, RefreshTrigger.SCHEDULE)
    assert delivery.deliver_due() == {"dead": 1}
    leave(learner.pk)
    request_refresh(group, RefreshTrigger.SCHEDULE)
    request_refresh(group, RefreshTrigger.SCHEDULE)
    assert delivery.deliver_due() == {"delivered": 1}
    assert listener.names == ["removed"]
    retention.clean_up(now=timezone.now() + timedelta(days=1000))  # Keeps what may have to be told again.
    assert delivery.retry_dead() == 2
    assert delivery.deliver_due() == {"delivered": 2}
    assert listener.names == ["removed", "added", "removed"]
    assert len({learners.message_id for _name, learners in listener.heard}) == 2
    retention.clean_up(now=timezone.now() + timedelta(days=1000))
    assert not OutboxMessage.objects.exists()


def test_a_message_of_a_process_that_died_is_taken_over_after_its_lease(group, listen):
    listener, staff = listen(), LearnerFactory(is_staff=True)
    api.update_user_group(group.uuid, changes={"name": "A"}, rule_version=None, acting_user=staff)
    start = timezone.now()
    assert delivery._claim_first(group.pk, start) is not None  # And then nothing.
    assert delivery._claim_first(group.pk, start) is None
    assert delivery.deliver_due(now=start + timedelta(seconds=299)) == {}
    assert delivery.deliver_due(now=start + timedelta(seconds=300)) == {"delivered": 1}
    assert listener.names == ["changed"]


def test_whoever_lost_the_lease_writes_nothing(group):
    staff = LearnerFactory(is_staff=True)
    api.update_user_group(group.uuid, changes={"name": "A"}, rule_version=None, acting_user=staff)
    start = timezone.now()
    slow = delivery._claim_first(group.pk, start)
    assert delivery._claim_first(group.pk, start + timedelta(seconds=300)).attempts == 2
    assert delivery._deliver(slow, start) is None
    assert OutboxMessage.objects.get(pk=slow.pk).state == OutboxState.PENDING


@pytest.mark.parametrize("name", EVENTS)
def test_the_event_bus_can_carry_every_event(name, listen):
    listen()  # As the event bus does.
    staff = LearnerFactory(is_staff=True)
    learner = LearnerFactory(enrolled_in=COURSE)
    group = create_group(COURSE, NEVER, acting_user=staff)
    leave(learner.pk)
    request_refresh(group, RefreshTrigger.MANUAL)
    api.update_user_group(group.uuid, changes={"name": "N"}, rule_version=None, acting_user=staff)
    api.archive_user_group(group.uuid, acting_user=staff)
    event = next(
        event
        for message in OutboxMessage.objects.order_by("pk")
        for event in events_of(message)
        if event.signal is EVENTS[name]
    )
    carried = serialize_event_data_to_bytes(event.payload, event.signal)
    assert deserialize_bytes_to_event_data(carried, event.signal) == event.payload
    assert event.signal.event_type.startswith("org.openedx.learning.user_group.")


@pytest.mark.django_db(transaction=True)
def test_events_arrive_without_a_broker_and_a_broken_receiver_does_not_fail_the_request(listen):
    broken, sound = listen(failures=99), listen()
    group = create_group(COURSE, NEVER)
    assert sound.names == ["created"]
    assert broken.names == []
    assert api.get_user_group(group.uuid).state == "fresh"
    assert not connection.in_atomic_block
