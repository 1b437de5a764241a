"""A refresh: what it writes, what it leaves alone, and what it says when there is no answer."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.criteria.last_login import LastLogin
from openedx_user_groups.criteria import registry
from openedx_user_groups.data import ChangeKind, GroupState, RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import NotRefreshable, SourceUnavailable, WrongMembershipSource
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import leases, marks, rules, runs, schedule
from openedx_user_groups.refresh.drain import drain
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import request_refresh, run
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)

pytestmark = pytest.mark.django_db

IDLE = criterion("last_login", operator=">", days=10)
HERE = criterion("last_login", operator="<=", days=10)


def learner(days_ago: float, **account: object) -> User:
    """A learner of the course who last signed in so long ago."""
    return LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=days_ago), **account)


def member_names(group: UserGroup) -> set[str]:
    return set(Membership.objects.filter(user_group=group).values_list("user__username", flat=True))


@pytest.fixture
def group() -> UserGroup:
    """A group of two idle learners; a third is not idle."""
    learner(20, username="idle")
    learner(30, username="long_idle")
    learner(1, username="busy")
    return create_group(COURSE, rule(IDLE))


def test_first_fill_writes_members_history_and_the_run(group):
    assert member_names(group) == {"idle", "long_idle"}
    assert (group.state, group.member_count) == (GroupState.FRESH, 2)
    refresh = Refresh.objects.get(user_group=group)
    assert (refresh.state, refresh.trigger) == (RefreshState.SUCCEEDED, RefreshTrigger.RULE_CHANGE)
    assert (refresh.added_count, refresh.removed_count, refresh.member_count) == (2, 0, 2)
    assert group.members_as_of == refresh.as_of
    changes = MembershipChange.objects.filter(user_group=group)
    assert {(change.kind, change.refresh_id, change.rule_version) for change in changes} == {
        (ChangeKind.ADDED, refresh.pk, 1)
    }
    assert set(Membership.objects.values_list("origin", flat=True)) == {RefreshTrigger.RULE_CHANGE}


def test_refresh_writes_only_the_difference(group):
    stayed = Membership.objects.get(user__username="idle")
    User.objects.filter(username="long_idle").update(last_login=timezone.now())
    User.objects.filter(username="busy").update(last_login=timezone.now() - timedelta(days=11))
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    assert (refresh.added_count, refresh.removed_count) == (1, 1)
    assert member_names(group) == {"idle", "busy"}
    again = Membership.objects.get(user__username="idle")
    assert (again.pk, again.joined_at) == (stayed.pk, stayed.joined_at)
    history = MembershipChange.objects.filter(refresh=refresh).values_list("user__username", "kind")
    assert set(history) == {("long_idle", "removed"), ("busy", "added")}
    group.refresh_from_db()
    assert group.member_count == 2


def test_refresh_without_change_writes_no_membership_and_no_history(group):
    before = list(Membership.objects.values()), MembershipChange.objects.count()
    request_refresh(group, RefreshTrigger.MANUAL)
    assert (list(Membership.objects.values()), MembershipChange.objects.count()) == before


@pytest.mark.parametrize("moved", ["nobody", "idle", "busy"])
def test_every_refresh_sets_the_count_right(group, moved):
    """Whoever deletes accounts or rows past Django leaves it as it was."""
    UserGroup.objects.filter(pk=group.pk).update(member_count=7)
    User.objects.filter(username=moved).update(last_login=timezone.now() - timedelta(days=5 if moved == "idle" else 15))
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    group.refresh_from_db()
    assert group.member_count == refresh.member_count == len(member_names(group))


def test_query_count_of_a_refresh_does_not_depend_on_members(
    group, savepoint, django_assert_num_queries, django_capture_on_commit_callbacks, settings
):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 5
    count = savepoint + 12
    for _ in range(30):
        learner(40)
    bigger_rule = rule(IDLE, criterion("last_login", operator=">", days=11), criterion("last_login", operator="exists"))
    with django_capture_on_commit_callbacks(execute=True):  # The process knows both rules then.
        request_refresh(group, RefreshTrigger.MANUAL)
        bigger = create_group(COURSE, bigger_rule)
    with django_assert_num_queries(count):
        request_refresh(group, RefreshTrigger.MANUAL)
    with django_assert_num_queries(count):  # Three criteria of one type cost what one costs.
        request_refresh(bigger, RefreshTrigger.MANUAL)


def test_missing_type_keeps_the_members_and_names_it(group):
    with registry.without("last_login"):
        refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
        assert (refresh.state, refresh.error_code) == (RefreshState.FAILED, "criterion_type_missing")
        (detail,) = api.describe([api.get_user_group(group.uuid)])
        assert detail.state == GroupState.UNEVALUABLE
        assert "last_login" in detail.state_reason["message"]
        assert list(api.user_groups(states=["unevaluable"])) == [group]
        assert list(api.user_groups(states=["fresh", "stale"])) == []
    assert member_names(group) == {"idle", "long_idle"}
    (detail,) = api.describe([api.get_user_group(group.uuid)])
    assert (detail.state, detail.state_reason["code"]) == (GroupState.STALE, "awaiting_refresh")
    assert list(api.user_groups(states=["stale"])) == [group]
    assert list(api.user_groups(states=["unevaluable"])) == []
    request_refresh(group, RefreshTrigger.SCHEDULE)
    assert api.get_user_group(group.uuid).state == GroupState.FRESH


@pytest.mark.parametrize(
    ("error", "code"), [(SourceUnavailable(), "source_unavailable"), (ZeroDivisionError(), "criterion_failed")]
)
def test_failing_source_changes_nobody_and_heals(group, monkeypatch, error, code):
    User.objects.filter(username="idle").update(last_login=timezone.now())

    def fail(self, context):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(LastLogin, "fact", fail)
        refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    assert (refresh.state, refresh.error_code) == (RefreshState.FAILED, code)
    assert member_names(group) == {"idle", "long_idle"}
    stale = api.get_user_group(group.uuid)
    assert (stale.state, stale.state_code, stale.member_count) == (GroupState.STALE, code, 2)
    request_refresh(group, RefreshTrigger.SCHEDULE)
    assert member_names(group) == {"long_idle"}
    healed = api.get_user_group(group.uuid)
    assert (healed.state, healed.state_code) == (GroupState.FRESH, "")


def test_run_of_an_older_rule_is_cancelled(group, monkeypatch):
    refresh, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.MANUAL)
    User.objects.filter(username="idle").update(last_login=timezone.now())
    while_it_evaluates(monkeypatch, lambda: UserGroup.objects.filter(pk=group.pk).update(rule_version=2))
    run(refresh.pk)
    refresh.refresh_from_db()
    assert refresh.state == RefreshState.CANCELLED
    assert member_names(group) == {"idle", "long_idle"}


def while_it_evaluates(monkeypatch, action):
    """Have something happen once in the middle of the next run, after its evaluation began."""
    evaluate = runs.companions.evaluate

    def disturbed(*args, **options):
        monkeypatch.setattr(runs.companions, "evaluate", evaluate)
        action()
        return evaluate(*args, **options)

    monkeypatch.setattr(runs.companions, "evaluate", disturbed)


def sign_in(user: User) -> None:
    """Now, with what an event leaves, answered for."""
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    marks.mark({Touched(user.pk)}, "test")
    drain()


def test_who_signs_in_while_a_run_waits_stays(group):
    """The instant of a scheduled run is chosen when it is queued; a later sign-in has no days ago for it."""
    active = create_group(COURSE, rule(HERE))
    UserGroup.objects.filter(pk=active.pk).update(next_refresh_at=timezone.now() - timedelta(minutes=1))
    (queued,) = schedule.enqueue_due(timezone.now())
    sign_in(User.objects.get(username="busy"))
    assert member_names(active) == {"busy"}
    assert run(queued.pk).as_of == queued.as_of
    assert member_names(active) == {"busy"}


def test_who_signs_in_while_a_run_evaluates_is_answered_for_now(group, monkeypatch):
    active = create_group(COURSE, rule(HERE))
    queued, _is_new = leases.open_run(active, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    back = User.objects.filter(username__in=["busy", "idle"])
    while_it_evaluates(monkeypatch, lambda: [sign_in(user) for user in back])
    run(queued.pk)
    assert member_names(active) == {"busy", "idle"}


def test_an_instant_of_long_ago_is_not_used(group):
    queued, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    long_ago = timezone.now() - timedelta(minutes=31)
    Refresh.objects.filter(pk=queued.pk).update(as_of=long_ago, requested_at=long_ago)
    UserGroup.objects.filter(pk=group.pk).update(members_as_of=long_ago)
    assert run(queued.pk).as_of > long_ago


def test_a_source_that_fails_for_them_changes_nobody(group, monkeypatch):
    queued, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    User.objects.filter(username="long_idle").update(last_login=timezone.now())

    def fail(*args):
        raise SourceUnavailable

    def break_down():
        marks.mark({Touched(User.objects.get(username="long_idle").pk)}, "test")
        monkeypatch.setattr(LastLogin, "fact", fail)

    while_it_evaluates(monkeypatch, break_down)
    assert run(queued.pk).error_code == "source_unavailable"
    assert member_names(group) == {"idle", "long_idle"}


def test_run_is_carried_out_once(group):
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    finished_at = refresh.finished_at
    run(refresh.pk)
    refresh.refresh_from_db()
    assert refresh.finished_at == finished_at


def test_what_cannot_be_refreshed(group):
    with pytest.raises(WrongMembershipSource):
        request_refresh(UserGroupFactory(manual=True), RefreshTrigger.MANUAL)
    for change in ({"is_enabled": False}, {"is_frozen": True}, {"live": None}):
        other = UserGroupFactory(rule=rule(IDLE), **change)
        with pytest.raises(NotRefreshable):
            request_refresh(other, RefreshTrigger.MANUAL)
        assert not Refresh.objects.filter(user_group=other).exists()


def test_memberships_of_a_learner_are_those_in_use(group):
    idle = User.objects.get(username="idle")
    other = create_group(COURSE, rule(IDLE))
    assert [membership.user_group for membership in api.memberships_of(idle.pk)] == [group, other]
    api.update_user_group(other.uuid, changes={"is_enabled": False}, rule_version=None, acting_user=idle)
    assert [membership.user_group for membership in api.memberships_of(idle.pk)] == [group]
    api.archive_user_group(group.uuid, acting_user=idle)
    assert not api.memberships_of(idle.pk)


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_is_rolled_back_is_not_remembered():
    """On a site with a transaction around each request: the version of a rule that was never saved is used again."""
    learner(40)
    never = LearnerFactory(enrolled_in=COURSE, username="never", last_login=None)
    staff = LearnerFactory(username="staff")
    group = create_group(COURSE, rule(IDLE))
    with suppress(RuntimeError), transaction.atomic():
        nobody = rule(criterion("last_login", operator=">", days=1000))
        api.update_user_group(group.uuid, changes={"rule": nobody}, rule_version=1, acting_user=staff)
        assert Membership.objects.count() == 0
        raise RuntimeError
    assert Membership.objects.count() == 1
    without = rule(criterion("last_login", operator="not_exists"))
    api.update_user_group(group.uuid, changes={"rule": without}, rule_version=1, acting_user=staff)
    assert list(Membership.objects.values_list("user", flat=True)) == [never.pk]


def test_table_that_cannot_be_read_takes_down_one_group_only(group, monkeypatch):
    """As between the installation of a plugin and its migration."""
    other = create_group(COURSE, rule(criterion("account_age", operator=">=", days=0)))
    monkeypatch.setattr(LastLogin._meta, "db_table", "no_such_table")
    details = {detail.group.pk: detail for detail in api.describe([group, other])}
    assert details[other.pk].state == GroupState.FRESH
    assert details[group.pk].state == GroupState.UNEVALUABLE
    assert details[group.pk].state_reason["code"] == "criterion_type_unreadable"
    rules.forget()  # As in another process; this one still knows the rule, and needs no table for it.
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    assert (refresh.state, refresh.error_code) == (RefreshState.FAILED, "criterion_type_unreadable")
    assert request_refresh(other, RefreshTrigger.SCHEDULE).state == RefreshState.SUCCEEDED
    assert member_names(group) == {"idle", "long_idle"}
    monkeypatch.undo()
    assert request_refresh(group, RefreshTrigger.SCHEDULE).state == RefreshState.SUCCEEDED
    assert api.get_user_group(group.uuid).state == GroupState.FRESH


def test_groups_of_a_collection_do_not_keep_each_other_busy():
    """Each run answers for all; what it says of the others' next time is no sooner than what they need."""
    for days in (3, 13, 23):
        learner(days)
    rules = [rule(criterion("last_login", operator="<=", days=days)) for days in (5, 15, 25)]
    groups = [create_group(COURSE, each) for each in rules]
    api.create_collection(
        scope=COURSE, name="One", groups=[group.uuid for group in groups], acting_user=LearnerFactory(username="staff")
    )
    for due in UserGroup.objects.all():
        refresh, _is_new = leases.open_run(due, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
        run(refresh.pk)
    soon = timezone.now() + timedelta(hours=2)
    assert not UserGroup.objects.filter(next_refresh_at__lt=soon).exists()
