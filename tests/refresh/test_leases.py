"""Who has a run: one of each kind a group, and nothing is written by who has lost it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import leases, runs
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.schedule import enqueue_due
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, UserGroupFactory, criterion, rule

pytestmark = pytest.mark.django_db

EVERYBODY = rule(criterion("account_age", operator=">=", days=0))


@pytest.fixture
def group() -> UserGroup:
    """A group that two learners belong in, and that has no members yet."""
    LearnerFactory.create_batch(2, enrolled_in=COURSE)
    return UserGroupFactory(rule=EVERYBODY)


def queued(group: UserGroup, trigger: RefreshTrigger = RefreshTrigger.SCHEDULE, by: object = None) -> Refresh:
    return leases.open_run(group, Slot.QUEUED, trigger=trigger, requested_by=by)[0]


def test_the_database_refuses_a_second_run_in_a_place(group):
    queued(group)
    second = leases.new_run(group, Slot.QUEUED, trigger=RefreshTrigger.MANUAL)
    with pytest.raises(IntegrityError), transaction.atomic():
        second.save()


def test_a_second_request_is_answered_by_the_run_that_waits(group):
    first = queued(group)
    second, is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    assert (second, is_new) == (first, False)
    assert Refresh.objects.count() == 1


def test_a_request_by_a_person_makes_it_theirs_and_nobody_elses(group):
    queued(group)
    ada, ben = LearnerFactory(username="ada"), LearnerFactory(username="ben")
    for person in (ada, ben):
        assert queued(group, RefreshTrigger.MANUAL, person).requested_by == ada
    queued(group)
    waiting = Refresh.objects.get()
    assert (waiting.trigger, waiting.requested_by) == (RefreshTrigger.MANUAL, ada)


def test_the_run_after_an_edit_stays_one(group):
    """It is exempt from the brake; a request by hand must not take that away."""
    queued(group, RefreshTrigger.RULE_CHANGE)
    queued(group, RefreshTrigger.MANUAL, LearnerFactory())
    assert Refresh.objects.get().trigger == RefreshTrigger.RULE_CHANGE


def test_an_edit_is_more_than_a_wish_to_refresh(group):
    queued(group, RefreshTrigger.MANUAL, LearnerFactory())
    queued(group, RefreshTrigger.RULE_CHANGE)
    assert Refresh.objects.get().trigger == RefreshTrigger.RULE_CHANGE


def test_who_joins_a_run_of_the_schedule_is_answered_for_now(group):
    """Not for the instant at which the schedule queued it."""
    UserGroup.objects.filter(pk=group.pk).update(next_refresh_at=timezone.now() - timedelta(minutes=1))
    (scheduled,) = enqueue_due(timezone.now())
    assert scheduled.as_of is not None
    queued(group)
    assert Refresh.objects.get().as_of == scheduled.as_of
    queued(group, RefreshTrigger.MANUAL, LearnerFactory())
    assert Refresh.objects.get().as_of is None


def test_a_confirmation_that_waits_stays_one(group):
    held = leases.open_run(group, Slot.HELD, trigger=RefreshTrigger.SCHEDULE)[0]
    leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.MANUAL, confirms=held)
    queued(group, RefreshTrigger.RULE_CHANGE)
    waiting = Refresh.objects.get(slot=Slot.QUEUED)
    assert (waiting.trigger, waiting.confirms) == (RefreshTrigger.RULE_CHANGE, held)


def test_a_run_is_claimed_once_and_only_while_no_other_runs(group):
    first = queued(group)
    claimed = leases.claim(first.pk)
    assert (claimed.state, claimed.slot, claimed.attempts) == (RefreshState.RUNNING, Slot.RUNNING, 1)
    assert leases.claim(first.pk) is None
    second = queued(group)
    assert second != first
    assert leases.claim(second.pk) is None
    second.refresh_from_db()
    assert (second.slot, second.state) == (Slot.QUEUED, RefreshState.QUEUED)
    leases.close(claimed, RefreshState.FAILED)
    assert leases.claim(second.pk).pk == second.pk


def test_whoever_lost_the_run_can_neither_renew_nor_close_it(group):
    claimed = leases.claim(queued(group).pk)
    Refresh.objects.filter(pk=claimed.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    stale = Refresh.objects.get(pk=claimed.pk)
    leases.requeue(stale, timezone.now())
    other = leases.claim(claimed.pk)
    assert (other.pk, other.attempts) == (claimed.pk, 2)
    with pytest.raises(leases.LeaseLost):
        leases.renew(claimed)
    with pytest.raises(leases.LeaseLost), transaction.atomic():
        leases.close(claimed, RefreshState.SUCCEEDED)
    leases.renew(other)


def test_renewing_moves_the_end_of_the_lease(group, settings):
    settings.OPENEDX_USER_GROUPS_LEASE_SECONDS = 100
    claimed = leases.claim(queued(group).pk)
    settings.OPENEDX_USER_GROUPS_LEASE_SECONDS = 200
    leases.renew(claimed)
    until = Refresh.objects.get(pk=claimed.pk).lease_until
    assert timedelta(seconds=198) < until - claimed.started_at < timedelta(seconds=202)


def test_a_run_that_was_cancelled_while_it_worked_writes_nothing(group, monkeypatch):
    waiting = queued(group)
    evaluate = runs._evaluate

    def evaluate_and_lose(refresh, **options):
        answer = evaluate(refresh, **options)
        leases.cancel_runs(refresh.user_group)
        return answer

    monkeypatch.setattr(runs, "_evaluate", evaluate_and_lose)
    runs.run(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.slot, waiting.claim_token) == (RefreshState.CANCELLED, None, None)
    assert not Membership.objects.exists()
    assert not MembershipChange.objects.exists()


def test_a_new_rule_cancels_the_runs_of_the_old_one(group):
    running = leases.claim(queued(group).pk)
    waiting = queued(group)
    newer = rule(criterion("account_age", operator="<", days=1))
    admin = LearnerFactory()
    api.update_user_group(group.uuid, changes={"rule": newer}, rule_version=1, acting_user=admin)
    states = dict(Refresh.objects.values_list("pk", "state"))
    assert (states.pop(running.pk), states.pop(waiting.pk)) == (RefreshState.CANCELLED, RefreshState.CANCELLED)
    assert list(states.values()) == [RefreshState.SUCCEEDED]
    assert not Refresh.objects.filter(slot__isnull=False).exists()


@pytest.mark.parametrize("change", [{"is_frozen": True}, {"is_enabled": False}])
def test_a_group_that_rests_has_no_runs(group, change):
    queued(group)
    api.update_user_group(group.uuid, changes=change, rule_version=None, acting_user=LearnerFactory())
    assert Refresh.objects.get().state == RefreshState.CANCELLED


def test_an_archived_group_has_no_runs(group):
    queued(group)
    api.archive_user_group(group.uuid, acting_user=LearnerFactory())
    assert Refresh.objects.get().state == RefreshState.CANCELLED


def test_a_request_beside_a_running_one_waits_for_its_turn(group):
    """Without a broker: a worker that is gone, or a command in another process, has the group."""
    running = leases.claim(queued(group).pk)
    refresh = runs.request_refresh(group, RefreshTrigger.MANUAL)
    assert (refresh.state, refresh.slot) == (RefreshState.QUEUED, Slot.QUEUED)
    leases.close(running, RefreshState.FAILED)
    assert runs.run(refresh.pk).state == RefreshState.SUCCEEDED


def test_a_run_that_was_queued_before_an_edit_carries_out_the_edit(group):
    """The schedule read the group, the rule was edited, and the schedule's run takes the place in the queue."""
    as_it_was = UserGroup.objects.get(pk=group.pk)
    UserGroup.objects.filter(pk=group.pk).update(rule_version=2)
    early = leases.new_run(as_it_was, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    early.save()
    assert queued(group, RefreshTrigger.RULE_CHANGE) == early
    assert runs.run(early.pk).rule_version == 2
    group.refresh_from_db()
    assert (group.members_rule_version, group.member_count) == (2, 2)
