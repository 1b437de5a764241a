"""The brake: what is held, and what a person can do about it."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.models import LastLogin
from openedx_user_groups.data import ChangeKind, GroupState, HeldChange, RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import NotFound, NotHeld, SourceUnavailable, Unevaluable
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.platform import Enrollment
from openedx_user_groups.membership.changes import Delta, member_ids
from openedx_user_groups.membership.models import MembershipChange
from openedx_user_groups.refresh import brake, marks, runs, schedule
from openedx_user_groups.refresh.drain import drain
from openedx_user_groups.refresh.models import HeldDifference, Refresh, Slot
from openedx_user_groups.refresh.reconcile import check_sample
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db

IDLE = rule(criterion("last_login", operator=">", days=10))


@pytest.fixture(autouse=True)
def _limits(settings):
    settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM = 3
    settings.OPENEDX_USER_GROUPS_BRAKE_PERCENT = 50


@pytest.fixture
def learners() -> list[User]:
    """Ten learners who have not been here for long, in the order of their ids."""
    long_ago = timezone.now() - timedelta(days=100)
    return [LearnerFactory(enrolled_in=COURSE, username=f"idle_{n}", last_login=long_ago) for n in range(10)]


@pytest.fixture
def group(learners) -> UserGroup:
    return create_group(COURSE, IDLE)


@pytest.fixture
def admin() -> User:
    return LearnerFactory(username="admin")


def come_back(*learners: User) -> None:
    User.objects.filter(pk__in=[learner.pk for learner in learners]).update(last_login=timezone.now())


def held(group: UserGroup) -> Refresh:
    return Refresh.objects.get(user_group=group, slot=Slot.HELD)


def test_a_small_removal_is_written(group, learners):
    come_back(*learners[:5])
    assert request_refresh(group, RefreshTrigger.SCHEDULE).state == RefreshState.SUCCEEDED
    assert api.get_user_group(group.uuid).member_count == 5


def test_a_large_removal_is_held_with_its_difference(group, learners):
    newcomer = LearnerFactory(enrolled_in=COURSE, username="new", last_login=timezone.now() - timedelta(days=20))
    come_back(*learners[:6])
    history = MembershipChange.objects.count()
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    assert (refresh.state, refresh.error_code) == (RefreshState.HELD, "removes_too_many")
    assert (refresh.added_count, refresh.removed_count, refresh.member_count) == (0, 0, 10)
    assert member_ids(group) == IdSet(learner.pk for learner in learners)
    assert MembershipChange.objects.count() == history
    now = api.get_user_group(group.uuid)
    assert (now.state, now.state_code, now.member_count) == (GroupState.HELD, "removes_too_many", 10)
    assert now.state_message == "A refresh would remove 6 of 10 members. Confirm or discard it."
    changes = api.held_changes(now, refresh.uuid)
    leaving = [HeldChange(learner.pk, learner.username, ChangeKind.REMOVED) for learner in learners[:6]]
    joining = [HeldChange(newcomer.pk, "new", ChangeKind.ADDED)]
    assert len(changes) == 7
    assert changes[0:100] == leaving + joining
    assert changes[4:7] == leaving[4:] + joining
    assert api.held_changes(now, refresh.uuid, ChangeKind.ADDED)[0:9] == joining
    assert api.held_changes(now, refresh.uuid, ChangeKind.REMOVED)[1:3] == leaving[1:3]
    assert list(api.user_groups(states=["held"])) == [group]


@pytest.mark.parametrize(
    ("leaving", "percent", "minimum", "own", "stopped"),
    [
        (6, 50, 3, None, True),
        (5, 50, 3, None, False),  # Not more than the share.
        (6, 50, 7, None, False),  # Fewer than the minimum.
        (6, 60, 3, None, False),
        (3, 50, 3, 20, True),  # The group's own share.
        (10, 50, 3, 100, False),  # No brake for this group.
        (3, 50, 3, 0, True),
    ],
)
def test_the_limits(group, learners, settings, leaving, percent, minimum, own, stopped):
    settings.OPENEDX_USER_GROUPS_BRAKE_PERCENT, settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM = percent, minimum
    UserGroup.objects.filter(pk=group.pk).update(max_removal_percent=own)
    group.refresh_from_db()
    delta = Delta(IdSet(), IdSet(learner.pk for learner in learners[:leaving]))
    assert brake.stops(group, delta) is stopped
    come_back(*learners[:leaving])
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    assert refresh.state == (RefreshState.HELD if stopped else RefreshState.SUCCEEDED)


def test_a_new_rule_is_not_held(group, admin):
    recent = rule(criterion("last_login", operator="<", days=10))
    api.update_user_group(group.uuid, changes={"rule": recent}, rule_version=1, acting_user=admin)
    assert (api.get_user_group(group.uuid).state, member_ids(group)) == (GroupState.FRESH, IdSet())


def test_confirming_removes_those_who_were_shown(group, learners, admin):
    come_back(*learners[:6])
    request_refresh(group, RefreshTrigger.SCHEDULE)
    first = held(group)
    User.objects.filter(pk=learners[0].pk).update(last_login=timezone.now() - timedelta(days=50))  # Matches again.
    come_back(learners[9])  # Was not shown, but is below the brake.
    run = api.confirm_refresh(group, first.uuid, acting_user=admin)
    assert (run.state, run.trigger, run.requested_by) == (RefreshState.SUCCEEDED, RefreshTrigger.MANUAL, admin)
    assert (run.added_count, run.removed_count) == (0, 6)
    assert member_ids(group) == IdSet(learner.pk for learner in [learners[0], *learners[6:9]])
    first.refresh_from_db()
    assert (first.state, first.slot, run.confirms) == (RefreshState.CONFIRMED, None, first)
    assert api.get_user_group(group.uuid).state == GroupState.FRESH
    assert not HeldDifference.objects.exists()
    with pytest.raises(NotHeld):
        api.confirm_refresh(group, first.uuid, acting_user=admin)


def test_confirming_is_held_anew_where_many_others_would_leave(group, learners, admin, settings):
    settings.OPENEDX_USER_GROUPS_BRAKE_PERCENT = 20
    come_back(*learners[:3])
    request_refresh(group, RefreshTrigger.SCHEDULE)
    first = held(group)
    come_back(*learners[3:7])
    run = api.confirm_refresh(group, first.uuid, acting_user=admin)
    assert run.state == RefreshState.HELD
    first.refresh_from_db()
    assert first.state == RefreshState.CANCELLED
    assert (held(group), api.get_user_group(group.uuid).member_count) == (run, 10)
    assert api.confirm_refresh(group, run.uuid, acting_user=admin).state == RefreshState.SUCCEEDED
    assert member_ids(group) == IdSet(learner.pk for learner in learners[7:])


def test_a_source_that_fails_meanwhile_keeps_the_group_held(group, learners, admin, monkeypatch):
    from openedx_user_groups.contrib.lms.criteria.last_login import LastLogin

    come_back(*learners[:6])
    request_refresh(group, RefreshTrigger.SCHEDULE)
    with monkeypatch.context() as patch:
        patch.setattr(LastLogin, "fact", lambda self, context: 1 / 0)
        run = api.confirm_refresh(group, held(group).uuid, acting_user=admin)
    assert (run.state, run.error_code) == (RefreshState.FAILED, "criterion_failed")
    assert (api.get_user_group(group.uuid).state, member_ids(group)) == (GroupState.HELD, IdSet(p.pk for p in learners))
    assert api.confirm_refresh(group, held(group).uuid, acting_user=admin).state == RefreshState.SUCCEEDED


def test_discarding_keeps_the_members_until_the_schedule_comes_again(group, learners, admin):
    come_back(*learners[:6])
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    before = timezone.now()
    api.discard_refresh(group, refresh.uuid, acting_user=admin)
    refresh.refresh_from_db()
    now = api.get_user_group(group.uuid)
    assert (refresh.state, now.state, now.state_code) == (RefreshState.DISCARDED, "stale", "difference_discarded")
    usual = schedule.cadence(LastLogin)
    assert usual == timedelta(hours=6)
    assert usual <= now.next_refresh_at - before < usual + timedelta(minutes=1)
    assert len(member_ids(group)) == 10
    for late in (api.held_changes, api.confirm_refresh, api.discard_refresh):
        with pytest.raises(NotHeld):
            late(group, refresh.uuid, **({} if late is api.held_changes else {"acting_user": admin}))


def test_the_schedule_leaves_a_held_group_alone_and_a_person_does_not(group, learners):
    come_back(*learners[:6])
    request_refresh(group, RefreshTrigger.SCHEDULE)
    UserGroup.objects.filter(pk=group.pk).update(next_refresh_at=timezone.now() - timedelta(days=1))
    assert schedule.enqueue_due(timezone.now()) == []
    first = held(group)
    come_back(learners[6])
    second = request_refresh(group, RefreshTrigger.MANUAL)
    assert (held(group), len(api.held_changes(group, second.uuid))) == (second, 7)
    first.refresh_from_db()
    assert first.state == RefreshState.CANCELLED
    User.objects.update(last_login=timezone.now() - timedelta(days=100))  # What had gone wrong is repaired.
    assert request_refresh(group, RefreshTrigger.MANUAL).state == RefreshState.SUCCEEDED
    assert api.get_user_group(group.uuid).state == GroupState.FRESH
    assert not Refresh.objects.filter(slot__isnull=False).exists()


def test_a_run_of_another_group_is_not_found(group, learners, admin):
    come_back(*learners[:6])
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    other = create_group(COURSE, IDLE)
    with pytest.raises(NotFound):
        api.confirm_refresh(other, refresh.uuid, acting_user=admin)


def test_the_first_run_after_an_edit_is_free_however_often_it_is_tried(group, learners, admin, monkeypatch):
    def fail(*args):
        raise Unevaluable("source_unavailable", "down")

    here = rule(criterion("last_login", operator="<=", days=10))
    with monkeypatch.context() as broken:
        broken.setattr(runs, "Evaluation", fail)
        api.update_user_group(group.uuid, changes={"rule": here}, rule_version=1, acting_user=admin)
    assert api.get_user_group(group.uuid).member_count == 10
    assert request_refresh(api.get_user_group(group.uuid), RefreshTrigger.SCHEDULE).state == RefreshState.SUCCEEDED
    assert api.get_user_group(group.uuid).member_count == 0


def test_a_change_of_the_collection_confirms_nothing(group, learners, admin):
    other = create_group(COURSE, rule(criterion("last_login", operator="not_exists")))
    api.create_collection(scope=COURSE, name="One", groups=[group.uuid, other.uuid], acting_user=admin)
    come_back(*learners)
    request_refresh(api.get_user_group(group.uuid), RefreshTrigger.SCHEDULE)
    assert api.get_user_group(group.uuid).state == GroupState.HELD
    api.archive_user_group(other.uuid, acting_user=admin)
    found = api.get_user_group(group.uuid)
    assert (found.state, found.member_count) == (GroupState.HELD, 10)


@pytest.mark.parametrize("switch", ["is_frozen", "is_enabled"])
@pytest.mark.parametrize("discarded", [False, True])
def test_to_use_a_group_again_is_no_decision_about_its_members(group, learners, admin, switch, discarded):
    come_back(*learners[:6])
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    if discarded:
        api.discard_refresh(group, refresh.uuid, acting_user=admin)
    unused = switch == "is_frozen"
    for value in (unused, not unused):
        api.update_user_group(group.uuid, changes={switch: value}, rule_version=None, acting_user=admin)
    assert (api.get_user_group(group.uuid).state, len(member_ids(group))) == (GroupState.HELD, 10)
    assert len(api.held_changes(group, held(group).uuid)) == 6


def test_what_was_discarded_does_not_go_by_a_change_of_the_collection(group, learners, admin):
    come_back(*learners[:6])
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    api.discard_refresh(group, refresh.uuid, acting_user=admin)
    api.create_collection(scope=COURSE, name="One", groups=[group.uuid], acting_user=admin)
    assert (api.get_user_group(group.uuid).state, len(member_ids(group))) == (GroupState.HELD, 10)


def test_a_group_that_is_held_loses_who_is_no_learner_any_more_and_nobody_else(group, learners, admin):
    come_back(*learners[:6])
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    gone = [learners[0], learners[9]]
    Enrollment.objects.filter(user__in=gone).update(is_active=False)
    new = LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=100))
    marks.mark({Touched(learner.pk) for learner in (*learners, new)}, "test")
    assert drain().groups_changed == 1
    assert set(member_ids(group)) == {learner.pk for learner in learners} - {learner.pk for learner in gone}
    now = api.get_user_group(group.uuid)
    assert (now.state, now.state_code, now.member_count) == (GroupState.HELD, "removes_too_many", 8)
    api.confirm_refresh(group, refresh.uuid, acting_user=admin)
    assert set(member_ids(group)) == {learner.pk for learner in learners[6:9]} | {new.pk}


def test_an_event_without_an_answer_does_not_make_a_check_forget_what_was_discarded(
    group, learners, admin, monkeypatch
):
    come_back(*learners[:6])
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    api.discard_refresh(group, refresh.uuid, acting_user=admin)
    due = api.get_user_group(group.uuid).next_refresh_at

    def fail(self, context):
        raise SourceUnavailable

    with monkeypatch.context() as patched:
        patched.setattr(LastLogin, "fact", fail)
        marks.mark({Touched(learners[9].pk)}, "test")
        drain()
    now = api.get_user_group(group.uuid)
    assert (now.state_code, now.next_refresh_at) == ("difference_discarded", due)
    check_sample(COURSE, 3, chance=Random(1))
    assert len(member_ids(group)) == 10


def test_samples_do_not_take_the_members_bit_by_bit(group, learners):
    """Of each sample fewer leave than the brake is for: as many leave of all the others."""
    LearnerFactory.create_batch(10, enrolled_in=COURSE)
    come_back(*learners)
    for seed in range(10):
        check_sample(COURSE, 4, chance=Random(seed))
        assert len(member_ids(group)) == 10
    assert api.get_user_group(group.uuid).state == GroupState.HELD


def test_a_sample_repairs_what_is_little(group, learners):
    come_back(*learners[:2])
    for seed in range(20):
        check_sample(COURSE, 4, chance=Random(seed))
    assert set(member_ids(group)) == {learner.pk for learner in learners[2:]}
