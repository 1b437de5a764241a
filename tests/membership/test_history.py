"""Who was in a group at an instant, and what remains of that once old history was deleted: against a plain replay."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import ChangeKind, OutboxState, RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import InstantOutOfHistory
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import Cause, member_ids, replace_members
from openedx_user_groups.membership.models import MembershipChange
from openedx_user_groups.outgoing import outbox
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.refresh.drain import answer_for
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.refresh.retention import clean_up
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def day(number: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=number)


def members_at(group: UserGroup, instant: datetime) -> set[int]:
    return set(api.members_at(group, instant, now=NOW).values_list("user_id", flat=True))


def replay(group: UserGroup, instant: datetime) -> set[int]:
    """The members by going through all changes, one after the other."""
    members: set[int] = set()
    for change in MembershipChange.objects.filter(user_group=group, at__lte=instant).order_by("at", "id"):
        (members.add if change.kind == ChangeKind.ADDED else members.remove)(change.user_id)
    return members


def random_history(seed: int) -> UserGroup:
    """A group of which some of twelve learners joined and left on some of thirty days; several changes on one day."""
    chance = random.Random(seed)
    group = UserGroupFactory(manual=True)
    people = [LearnerFactory().pk for _ in range(12)]
    for days_ago in range(30, -1, -1):
        wanted = IdSet(chance.sample(people, chance.randrange(len(people))))
        replace_members(group, wanted, Cause(RefreshTrigger.SCHEDULE, day(days_ago)))
    group.save()
    return group


@pytest.mark.parametrize("seed", range(5))
def test_members_at_an_instant_are_those_of_a_replay(seed):
    group, other = random_history(seed), random_history(seed + 100)
    for half_days in range(0, 64):
        instant = day(half_days / 2)
        assert members_at(group, instant) == replay(group, instant)
    assert members_at(group, NOW) == set(member_ids(group))
    assert members_at(other, NOW) == set(member_ids(other))


def test_of_two_changes_at_one_instant_the_later_row_counts():
    group, learner = UserGroupFactory(manual=True), LearnerFactory()
    for kind in ("added", "removed", "added"):
        MembershipChange.objects.create(
            user_group=group, user=learner, kind=kind, at=day(1), rule_version=1, trigger="manual"
        )
    assert members_at(group, day(1)) == {learner.pk}
    assert api.members_at(group, day(1), now=NOW).count() == 1


def test_instants_of_which_nothing_is_known(settings):
    group = random_history(1)
    with pytest.raises(InstantOutOfHistory) as future:
        api.members_at(group, NOW + timedelta(seconds=1), now=NOW)
    assert (future.value.code, future.value.params) == ("outside_history", {"reason": "future"})
    assert members_at(group, day(1000)) == set()
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = 10
    assert members_at(group, day(10)) == replay(group, day(10))
    with pytest.raises(InstantOutOfHistory) as past:
        api.members_at(group, day(10.1), now=NOW)
    assert past.value.params == {"reason": "forgotten", "known_from": day(10).isoformat()}


@pytest.mark.parametrize("seed", range(5))
def test_retention_keeps_every_answer_from_the_cutoff_on(settings, seed, monkeypatch):
    monkeypatch.setattr("openedx_user_groups.refresh.retention._CHUNK", 7)
    group = random_history(seed)
    answers = {n: replay(group, day(n / 2)) for n in range(0, 21)}
    total = MembershipChange.objects.count()
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = 10
    counted = clean_up(now=NOW, dry_run=True)
    assert MembershipChange.objects.count() == total
    steps: list[tuple[str, int]] = []
    done = clean_up(now=NOW, progress=lambda what, count: steps.append((what, count)))
    assert done == counted
    assert done.changes == total - MembershipChange.objects.count() > 50
    assert steps[0] == ("changes", 7)
    assert steps[-1] == ("changes", done.changes)
    group.refresh_from_db()
    assert group.history_from == day(10)
    assert {n: members_at(group, day(n / 2)) for n in answers} == answers
    assert replay(group, NOW) == set(member_ids(group))
    # What is kept from before is one joining for each member of that day, and nothing else.
    before = MembershipChange.objects.filter(at__lt=day(10))
    assert set(before.values_list("kind", flat=True)) <= {"added"}
    assert before.count() <= len(replay(group, day(10.001)))
    assert clean_up(now=NOW).changes == 0


def test_an_interrupted_clean_up_leaves_a_history_that_adds_up(settings, monkeypatch):
    monkeypatch.setattr("openedx_user_groups.refresh.retention._CHUNK", 1)
    group = random_history(3)
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = 5
    answers = {n: replay(group, day(n)) for n in range(0, 6)}
    while clean_up(now=NOW, at_most=3).changes:
        assert {n: members_at(group, day(n)) for n in answers} == answers
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = None  # The site would keep all, but it is gone.
    group.refresh_from_db()
    with pytest.raises(InstantOutOfHistory):
        api.members_at(group, day(6), now=NOW)


def test_the_queries_of_the_question_do_not_depend_on_the_history(django_assert_num_queries):
    group = random_history(2)
    with django_assert_num_queries(1):
        list(api.members_at(group, day(3), now=NOW))


def run(group: UserGroup, days_ago: float, state: str = RefreshState.SUCCEEDED) -> Refresh:
    return Refresh.objects.create(
        user_group=group, trigger="schedule", requested_at=day(days_ago), rule_version=1, state=state
    )


def test_old_runs_go_and_their_changes_stay(settings):
    settings.OPENEDX_USER_GROUPS_RUN_RETENTION_DAYS = 30
    group, quiet = UserGroupFactory(), UserGroupFactory()
    old, waiting, told, recent = run(group, 40), run(group, 41, RefreshState.QUEUED), run(group, 42), run(group, 5)
    newest = run(quiet, 50)
    learner = LearnerFactory()
    change = MembershipChange.objects.create(
        user_group=group, user=learner, kind="added", at=day(40), rule_version=1, trigger="schedule", refresh=old
    )
    outbox.members_changed(told)
    assert clean_up(now=NOW).runs == 1
    assert set(Refresh.objects.values_list("pk", flat=True)) == {waiting.pk, told.pk, recent.pk, newest.pk}
    change.refresh_from_db()
    assert (change.refresh_id, change.trigger) == (None, "schedule")
    OutboxMessage.objects.update(state=OutboxState.DELIVERED, next_attempt_at=day(1))
    assert clean_up(now=NOW).runs == 1
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("state", [OutboxState.PENDING, OutboxState.DEAD])
def test_changes_that_somebody_is_still_to_be_told_of_stay(settings, state):
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = 10
    group, learner = UserGroupFactory(manual=True), LearnerFactory()
    runs = [run(group, days_ago) for days_ago in (40, 30, 20)]
    for refresh, ids in zip(runs, ([learner.pk], [], [learner.pk]), strict=True):
        replace_members(group, IdSet(ids), Cause(RefreshTrigger.SCHEDULE, refresh.requested_at, refresh.pk))
        outbox.members_changed(refresh)
    messages = OutboxMessage.objects.order_by("pk")
    OutboxMessage.objects.filter(pk=messages[0].pk).update(state=OutboxState.DELIVERED)
    OutboxMessage.objects.filter(pk=messages[1].pk).update(state=state)
    OutboxMessage.objects.filter(pk=messages[2].pk).update(state=OutboxState.PENDING)
    assert clean_up(now=NOW, dry_run=True).changes == clean_up(now=NOW).changes == 0
    group.refresh_from_db()
    assert group.history_from == day(30)
    OutboxMessage.objects.update(state=OutboxState.DELIVERED)
    assert clean_up(now=NOW).changes == 2
    assert members_at(group, day(10)) == {learner.pk}


def test_clocks_that_differ_leave_a_history_that_adds_up():
    """A machine whose clock is ahead has written before one whose clock is right."""
    group = create_group(COURSE, rule(criterion("last_login", operator="not_exists")))
    left, answered, stayed = [LearnerFactory(enrolled_in=COURSE) for _ in range(3)]
    now = timezone.now()
    ahead = now + timedelta(minutes=1)
    replace_members(group, IdSet([left.pk, answered.pk]), Cause(RefreshTrigger.SCHEDULE, ahead))
    replace_members(group, IdSet([answered.pk, stayed.pk]), Cause(RefreshTrigger.SCHEDULE, now))
    group.save()
    User.objects.filter(pk=answered.pk).update(last_login=now)
    answer_for(COURSE, IdSet([answered.pk]))
    assert set(member_ids(group)) == {stayed.pk}
    for instant in (now, ahead, ahead + timedelta(days=1)):
        assert set(api.members_at(group, instant, now=instant).values_list("user_id", flat=True)) == {stayed.pk}
        assert replay(group, instant) == {stayed.pk}


def test_delivered_messages_go_after_a_week():
    group = UserGroupFactory()
    for state, days_ago in (("delivered", 8), ("delivered", 6), ("dead", 8), ("pending", 8)):
        OutboxMessage.objects.create(user_group=group, created=day(9), state=state, next_attempt_at=day(days_ago))
    assert clean_up(now=NOW).messages == 1
    assert sorted(OutboxMessage.objects.values_list("state", flat=True)) == ["dead", "delivered", "pending"]


def test_without_a_limit_all_history_is_kept():
    group = random_history(4)
    before = MembershipChange.objects.count()
    assert clean_up(now=timezone.now() + timedelta(days=10_000)).changes == 0
    assert MembershipChange.objects.filter(user_group=group).count() == before
