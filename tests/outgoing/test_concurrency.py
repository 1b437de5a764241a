"""Several processes at once, on the servers: each message is delivered once and in order, each group copied once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection, connections

from openedx_user_groups import api
from openedx_user_groups.data import RefreshTrigger, Scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.outgoing import delivery
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.signals_api import USER_GROUP_CHANGED
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

NEVER = rule(criterion("last_login", operator="not_exists"))
NEXT = Scope.course("course-v1:Example+Groups+2")


@pytest.fixture(autouse=True)
def on_a_server():
    if connection.vendor == "sqlite":
        pytest.skip("Threads need a database server (make test-services runs it on two).")


def at_once(*calls: Callable[[], object]) -> list[BaseException]:
    """Run all calls in threads of their own, starting together. Returns what they raised."""
    barrier, errors = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        try:
            barrier.wait()
            call()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_each_message_is_delivered_once_and_in_order():
    staff, heard = LearnerFactory(is_staff=True), []
    groups = [create_group(COURSE, NEVER, acting_user=staff) for _ in range(5)]
    for number in range(5):
        for group in groups:
            changes = {"description": f"{number}"}
            api.update_user_group(group.uuid, changes=changes, rule_version=None, acting_user=staff)
    OutboxMessage.objects.exclude(definition_change__kind="changed").delete()
    OutboxMessage.objects.update(state="pending", attempts=0)

    def listen(change, **kwargs):
        heard.append((change.user_group.uuid, change.changed_at))

    USER_GROUP_CHANGED.connect(listen)
    try:
        errors = at_once(*[delivery.deliver_due] * 4)
    finally:
        USER_GROUP_CHANGED.disconnect(listen)
    assert errors == []
    assert len(heard) == len(set(heard)) == 25
    for group in groups:
        times = [at for uuid, at in heard if uuid == str(group.uuid)]
        assert times == sorted(times)
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("delivered", 1)}


def test_a_rerun_that_is_announced_twice_is_copied_once():
    for _number in range(3):
        create_group(COURSE, NEVER)
    for repetition in range(5):
        UserGroup.objects.in_scope(NEXT).delete()
        assert at_once(*[lambda: api.copy_user_groups_to_rerun(COURSE, NEXT)] * 3) == [], repetition
        copies = UserGroup.objects.in_scope(NEXT)
        assert copies.count() == copies.values("copied_from").distinct().count() == 3


def test_a_learner_is_forgotten_while_groups_are_refreshed():
    groups = [create_group(COURSE, NEVER) for _ in range(3)]
    for _repetition in range(10):
        learner = LearnerFactory(enrolled_in=COURSE)
        stays = LearnerFactory(enrolled_in=COURSE)
        for group in groups:
            request_refresh(group, RefreshTrigger.SCHEDULE)
        type(learner).objects.filter(pk=learner.pk).update(username=f"retired__user_{learner.pk}")
        refreshes = [partial(request_refresh, group, RefreshTrigger.SCHEDULE) for group in groups]
        assert at_once(partial(api.forget_learner, learner.pk), *refreshes) == []
        assert Membership.objects.filter(user_id=stays.pk).count() == 3
        api.forget_learner(learner.pk)  # As the last of the platform's signals does.
        assert not Membership.objects.filter(user_id=learner.pk).exists()
        assert not MembershipChange.objects.filter(user_id=learner.pk).exists()
        for group in UserGroup.objects.filter(pk__in=[group.pk for group in groups]):
            assert group.member_count == Membership.objects.filter(user_group=group).count()
