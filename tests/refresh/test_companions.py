"""A run of one group of an exclusive collection answers for the others, unless somebody has answered for them since."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.models import CourseProgressCriterion, LearnerList
from openedx_user_groups.contrib.lms.progress import CourseProgress
from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh import leases, marks
from openedx_user_groups.refresh.companions import obtainable, preceding
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import run
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db

HERE = rule(criterion("last_login", operator="<=", days=10))
AWAY = rule(criterion("last_login", operator=">", days=10))
#: No event tells of progress: what a run has found is not asked again before it is written.
AHEAD = rule(criterion("course_progress", operator=">", percent=50))


@pytest.fixture
def learners() -> set[int]:
    """Two who are away and behind."""
    long_ago = timezone.now() - timedelta(days=100)
    learners = LearnerFactory.create_batch(2, enrolled_in=COURSE, last_login=long_ago)
    for learner in learners:
        CourseProgress.objects.create(user=learner, course_key=COURSE.course_key, percent=0.1, as_of=long_ago)
    return {learner.pk for learner in learners}


@pytest.fixture
def groups(learners) -> list[UserGroup]:
    """Who is here, and after them whoever is ahead."""
    groups = [create_group(COURSE, HERE), create_group(COURSE, AHEAD)]
    staff = LearnerFactory(username="staff")
    api.create_collection(scope=COURSE, name="One", groups=[group.uuid for group in groups], acting_user=staff)
    return groups


def run_of(group: UserGroup) -> Refresh:
    refresh, _is_new = leases.open_run(UserGroup.objects.get(pk=group.pk), Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    return run(refresh.pk)


def before_it_writes(monkeypatch, action) -> None:
    """Have something happen between the evaluation of the next run and its writing."""
    renew = leases.renew

    def act(refresh: Refresh) -> None:
        monkeypatch.setattr(leases, "renew", renew)
        action()
        renew(refresh)

    monkeypatch.setattr(leases, "renew", act)


def test_a_run_brings_its_companions_up_to_date(groups, learners):
    here, ahead = groups
    CourseProgress.objects.update(percent=0.9)
    assert run_of(here).state == RefreshState.SUCCEEDED
    assert set(member_ids(ahead)) == learners


def test_an_older_answer_does_not_take_back_what_a_run_of_the_companion_gave(groups, learners, monkeypatch):
    here, ahead = groups

    def refresh_the_other() -> None:
        CourseProgress.objects.update(percent=0.9)
        run_of(ahead)

    before_it_writes(monkeypatch, refresh_the_other)
    assert run_of(here).state == RefreshState.SUCCEEDED
    assert set(member_ids(ahead)) == learners


def test_an_older_answer_for_the_group_itself_does_not_either(groups, learners, monkeypatch):
    here, ahead = groups

    def refresh_the_other() -> None:
        CourseProgress.objects.update(percent=0.9)
        run_of(here)

    before_it_writes(monkeypatch, refresh_the_other)
    assert run_of(ahead).state == RefreshState.SUCCEEDED
    assert set(member_ids(ahead)) == learners


def test_nor_does_it_where_the_later_run_changed_nobody(groups, learners, monkeypatch):
    """The later answer is as good where it leaves no record of its own."""
    here, ahead = groups
    CourseProgress.objects.update(percent=0.9)

    def refresh_the_other() -> None:
        CourseProgress.objects.update(percent=0.1)
        run_of(ahead)

    before_it_writes(monkeypatch, refresh_the_other)
    run_of(here)
    assert set(member_ids(ahead)) == set()


@pytest.mark.parametrize("seed", range(12))
def test_who_comes_first_is_who_a_refresh_gives_the_learner(seed):
    """Five groups by lists of learners in their rules, two of them frozen, and then the lists change."""
    rng = Random(seed)
    people = LearnerFactory.create_batch(6, enrolled_in=COURSE)
    groups = [create_group(COURSE, _listing(rng.sample(people, 3))) for _ in range(5)]
    staff = LearnerFactory(username="staff")
    api.create_collection(scope=COURSE, name="One", groups=[group.uuid for group in groups], acting_user=staff)
    UserGroup.objects.filter(pk__in=[group.pk for group in rng.sample(groups, 2)]).update(is_frozen=True)
    for listed in LearnerList.objects.all():
        listed.learners = [person.pk for person in rng.sample(people, 4)]
        listed.save()
    asked = {group.pk: IdSet(LearnerList.objects.get(user_group=group).learners) for group in groups}
    now, groups = timezone.now(), list(UserGroup.objects.order_by("pk"))
    said = {group: preceding(group, asked[group.pk], now) for group in groups if not group.is_frozen}
    kept = {group: asked[group.pk] - obtainable(group, asked[group.pk], now).ids for group in said}
    assert any(said.values())
    run_of(next(iter(said)))
    where = {row.user_id: row.user_group for row in Membership.objects.select_related("user_group")}
    for group, firsts in said.items():
        assert set(firsts) == set(kept[group])
        for pk, first in firsts.items():
            assert (first.uuid, first.name, first.collection) == (where[pk].uuid, where[pk].name, "One")


def _listing(learners):
    return rule(criterion("learner_list", operator="in", learners=[learner.username for learner in learners]))


def test_without_a_collection_nobody_comes_first_and_nothing_is_asked(learners, django_assert_num_queries):
    alone = create_group(COURSE, HERE)
    with django_assert_num_queries(0):
        assert preceding(alone, IdSet(learners), timezone.now()) == {}


@pytest.mark.parametrize("state", ["fails while it is written", "has failed before"])
def test_a_companion_without_an_answer_for_few_stops_nobody(groups, learners, monkeypatch, state):
    """The learner was touched, and is asked about again before anything is written."""
    here, ahead = groups
    CourseProgress.objects.update(percent=0.9)
    run_of(here)

    def fail(self, context):
        raise SourceUnavailable

    def touch() -> None:
        User.objects.filter(pk=min(learners)).update(last_login=timezone.now())
        marks.mark({Touched(pk, COURSE) for pk in learners}, "test")
        monkeypatch.setattr(CourseProgressCriterion, "fact", fail)

    if state.startswith("fails"):
        before_it_writes(monkeypatch, touch)
    else:
        touch()
    assert run_of(here).state == RefreshState.SUCCEEDED
    assert set(member_ids(ahead)) == learners  # It keeps its members, and nobody else gets them.
    assert set(member_ids(here)) == set()


@pytest.fixture
def braked(settings) -> None:
    settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM = 3


@pytest.fixture
def first_and_second(braked) -> list[UserGroup]:
    """Ten who are away, the first of whom an earlier group lists."""
    long_ago = timezone.now() - timedelta(days=100)
    people = [LearnerFactory(enrolled_in=COURSE, username=f"away_{n}", last_login=long_ago) for n in range(10)]
    groups = [create_group(COURSE, _listing(people[:1])), create_group(COURSE, AWAY)]
    staff = LearnerFactory(username="staff")
    api.create_collection(scope=COURSE, name="One", groups=[group.uuid for group in groups], acting_user=staff)
    return groups


def edit(group: UserGroup, usernames: list[str]) -> None:
    definition = rule(criterion("learner_list", operator="in", learners=usernames))
    version = UserGroup.objects.get(pk=group.pk).rule_version
    staff = User.objects.get(username="staff")
    api.update_user_group(group.uuid, changes={"rule": definition}, rule_version=version, acting_user=staff)


def test_an_edit_takes_whom_it_names_from_the_next_group(first_and_second):
    first, second = first_and_second
    edit(first, [f"away_{n}" for n in range(8)])
    assert (len(member_ids(first)), len(member_ids(second))) == (8, 2)


def test_an_edit_of_one_group_is_no_decision_about_the_data_of_the_next(first_and_second):
    """Everybody seems to have been here a moment ago."""
    first, second = first_and_second
    User.objects.update(last_login=timezone.now())
    edit(first, ["away_1"])
    assert len(member_ids(second)) == 9
    run_of(second)
    assert UserGroup.objects.get(pk=second.pk).state == "held"


def test_a_difference_knows_the_brake_of_the_others(first_and_second):
    """Whom an earlier group keeps, because too many would leave it, a later one does not get."""
    second = first_and_second[1]
    third = create_group(COURSE, HERE)
    uuids = [group.uuid for group in (*first_and_second, third)]
    collection = api.collections().get()
    staff = User.objects.get(username="staff")
    api.update_collection(collection.uuid, changes={"groups": uuids}, acting_user=staff)
    User.objects.update(last_login=timezone.now())
    third = UserGroup.objects.get(pk=third.pk)
    now, matching = timezone.now(), IdSet(User.objects.filter(username__startswith="away").values_list("pk", flat=True))
    found = obtainable(third, matching, now)
    assert (len(found.ids), found.left_alone) == (0, {second.pk})
    # A decision about what the groups share frees nobody whom the other group's own rule has lost.
    assert obtainable(third, matching, now, decided=True) == found
    run_of(third)
    assert (len(member_ids(third)), len(member_ids(second))) == (0, 9)


@pytest.mark.parametrize("fixed", [{"is_frozen": True}, {"is_enabled": False}, {"state": "held"}])
def test_nobody_precedes_a_group_that_keeps_its_members(groups, learners, fixed):
    here, ahead = groups
    CourseProgress.objects.update(percent=0.9)
    run_of(here)
    UserGroup.objects.filter(pk=ahead.pk).update(**fixed)
    User.objects.update(last_login=timezone.now())
    run_of(here)
    assert (set(member_ids(here)), set(member_ids(ahead))) == (set(), learners)
    now, here, ahead = timezone.now(), *UserGroup.objects.order_by("pk")
    assert {first.name for first in preceding(here, IdSet(learners), now).values()} == {ahead.name}
    assert preceding(ahead, IdSet(learners), now) == {}
    # Once it is used again, the order decides.
    afterwards = preceding(ahead, IdSet(learners), now, once_used=True)
    assert {first.name for first in afterwards.values()} == {here.name}


def test_all_groups_are_asked_about_the_past_in_the_same_way(learners):
    """Of last logins only today's are known: whoever is away today counts as away then."""
    away, everybody = (
        create_group(COURSE, AWAY),
        create_group(COURSE, rule(criterion("country", operator="not_exists"))),
    )
    staff = LearnerFactory(username="staff")
    api.create_collection(scope=COURSE, name="One", groups=[away.uuid, everybody.uuid], acting_user=staff)
    now, everybody = timezone.now(), UserGroup.objects.get(pk=everybody.pk)
    past = now - timedelta(days=85)
    User.objects.filter(pk__in=learners).update(last_login=now - timedelta(days=80))
    assert obtainable(everybody, IdSet(learners), past, asked_at=now).ids == IdSet()
    assert set(preceding(everybody, IdSet(learners), past, asked_at=now)) == learners
    assert set(obtainable(everybody, IdSet(learners), past).ids) == learners
