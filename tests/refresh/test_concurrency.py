"""Several at the same group at once, many times over: nothing is written twice or lost, and nobody sees a deadlock.

Everybody is a thread with a connection of its own, on a database server. As in workers: claimed runs; and as without a
broker: whole requests.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import ChangeKind, GroupState, RefreshState, RefreshTrigger, Scope
from openedx_user_groups.exceptions import NotFound, NotRefreshable
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.membership.models import MembershipChange
from openedx_user_groups.refresh import leases, marks, runs
from openedx_user_groups.refresh.drain import drain
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.retries import with_retries
from openedx_user_groups.refresh.runs import request_refresh, run
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROUNDS = 50
LONG_AGO = timedelta(days=100)
IDLE, HERE = (rule(criterion("last_login", operator=operator, days=10)) for operator in (">", "<="))


@pytest.fixture
def group(settings: Any) -> UserGroup:
    if connection.vendor == "sqlite":
        pytest.skip("Threads cannot share the tests' SQLite database.")
    settings.OPENEDX_USER_GROUPS_WRITE_CHUNK_SIZE = 7
    LearnerFactory.create_batch(40, enrolled_in=COURSE, last_login=timezone.now())
    return create_group(COURSE, IDLE)


def move_learners() -> IdSet:
    """Have about half of the learners be away; who they are."""
    ids = list(
        User.objects.filter(username__startswith="learner_", last_login__isnull=False).values_list("pk", flat=True)
    )
    away = random.sample(ids, len(ids) // 2)
    User.objects.filter(pk__in=ids).update(last_login=timezone.now())
    User.objects.filter(pk__in=away).update(last_login=timezone.now() - LONG_AGO)
    return IdSet(away)


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """What each returns, all started at the same moment. Raises what any of them raises."""
    barrier = threading.Barrier(len(actions))

    def act(action: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            time.sleep(random.uniform(0, 0.02))
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(act, action) for action in actions]]


def in_a_worker(group: UserGroup) -> Refresh | None:
    """Queue a run and carry it out, or leave it to whoever has it."""
    trigger = RefreshTrigger.RULE_CHANGE
    refresh, _is_new = with_retries(lambda: leases.open_run(group, Slot.QUEUED, trigger=trigger))
    return run(refresh.pk)


def inline(group: UserGroup) -> Refresh:
    return request_refresh(group, RefreshTrigger.RULE_CHANGE)


def carry_out_what_waits(group: UserGroup) -> None:
    for pk in Refresh.objects.filter(user_group=group, slot=Slot.QUEUED).values_list("pk", flat=True):
        run(pk)


def assert_sound(group: UserGroup, *allowed: IdSet) -> None:
    """Members, count and history agree; no run is left over, and none has failed."""
    present, by_history = member_ids(group), IdSet()
    for user_id, kind in MembershipChange.objects.filter(user_group=group).order_by("pk").values_list("user", "kind"):
        change = by_history.add if kind == ChangeKind.ADDED else by_history.remove
        change(user_id)  # Removing who is not there raises.
    assert by_history == present
    assert UserGroup.objects.get(pk=group.pk).member_count == len(present)
    assert present in allowed
    assert not Refresh.objects.filter(user_group=group, slot__isnull=False).exists()
    assert not Refresh.objects.filter(user_group=group, state=RefreshState.FAILED).exists()
    joined = MembershipChange.objects.filter(user_group=group, kind=ChangeKind.ADDED).count()
    assert joined == sum(Refresh.objects.filter(user_group=group).values_list("added_count", flat=True))


@pytest.mark.parametrize("ways", [(in_a_worker, in_a_worker), (inline, inline), (in_a_worker, inline)])
def test_two_refreshes(group, ways):
    for _ in range(ROUNDS):
        expected = move_learners()
        at_once(*(lambda way=way: way(group) for way in ways))
        carry_out_what_waits(group)
        assert_sound(group, expected)
        assert UserGroup.objects.get(pk=group.pk).state == GroupState.FRESH


@pytest.mark.parametrize("way", [in_a_worker, inline])
def test_an_edit_during_a_refresh(group, way):
    """The members are those of the new rule, whoever comes first."""
    staff = LearnerFactory(username="staff")
    everybody = IdSet(
        User.objects.filter(username__startswith="learner_", last_login__isnull=False).values_list("pk", flat=True)
    )
    for number in range(ROUNDS):
        away, newer = move_learners(), (HERE, IDLE)[number % 2]
        version = UserGroup.objects.get(pk=group.pk).rule_version
        current = api.get_user_group(group.uuid)
        at_once(
            lambda current=current: way(current),
            lambda newer=newer, version=version: api.update_user_group(
                group.uuid, changes={"rule": newer}, rule_version=version, acting_user=staff
            ),
        )
        carry_out_what_waits(group)
        assert_sound(group, everybody - away if newer is HERE else away)
        after = UserGroup.objects.get(pk=group.pk)
        assert (after.rule_version, after.members_rule_version) == (version + 1, version + 1)
        assert after.state == GroupState.FRESH


@pytest.mark.parametrize("way", [in_a_worker, inline])
def test_a_group_that_is_archived_during_a_refresh(group, way):
    """It keeps the members from before, or gets the new ones; nothing happens to it afterwards."""
    staff = LearnerFactory(username="staff")
    for _ in range(ROUNDS):
        target = create_group(COURSE, IDLE, acting_user=staff)
        old, new = member_ids(target), move_learners()
        at_once(
            lambda target=target: _unless_it_is_gone(way, target),
            lambda target=target: api.archive_user_group(target.uuid, acting_user=staff),
        )
        carry_out_what_waits(target)
        assert_sound(target, old, new)
        with pytest.raises(NotFound):
            api.get_user_group(target.uuid)


def _unless_it_is_gone(way: Callable[[UserGroup], Any], group: UserGroup) -> None:
    with suppress(NotRefreshable):  # What a person would be told.
        way(group)


def test_groups_of_one_scope_do_not_disturb_each_other(group):
    others = [create_group(COURSE, IDLE) for _ in range(5)]
    for _ in range(10):
        expected = move_learners()
        at_once(*(lambda target=target, way=way: way(target) for target in others for way in (in_a_worker, inline)))
        for target in others:
            carry_out_what_waits(target)
            assert_sound(target, expected)


@pytest.mark.parametrize("way", [in_a_worker, inline])
def test_an_event_while_the_first_run_writes_is_answered_after_it(group, way, monkeypatch):
    """The only group of its course is not answerable yet; the event waits for the scope, and then it is."""
    away = move_learners()
    back = away[0]
    UserGroup.objects.filter(pk=group.pk).update(members_rule_version=None)
    write = runs.apply_delta

    def sign_in() -> None:
        try:
            User.objects.filter(pk=back).update(last_login=timezone.now())
            marks.mark({Touched(back)}, "test")
            drain()
        finally:
            connection.close()

    event = threading.Thread(target=sign_in)

    def meanwhile(*args: Any) -> None:
        event.start()
        event.join(1)  # It is at the lock by then.
        write(*args)

    monkeypatch.setattr(runs, "apply_delta", meanwhile)
    way(group)
    event.join()
    assert_sound(group, away - IdSet([back]))


def test_the_first_groups_of_a_course_at_once():
    """None of them finds the row that is held for a scope; each of them makes it."""
    if connection.vendor == "sqlite":
        pytest.skip("Threads cannot share the tests' SQLite database.")
    staff = LearnerFactory(username="staff")
    for number in range(ROUNDS // 2):
        scope = Scope.course(f"course-v1:New+Scope+{number}")
        at_once(
            *(
                lambda scope=scope, name=name: api.create_user_group(
                    scope=scope, name=name, rule=IDLE, acting_user=staff
                )
                for name in "abcdef"
            )
        )
        assert UserGroup.objects.filter(scope_key=scope.key).count() == 6
