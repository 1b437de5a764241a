"""A run of one group of an exclusive collection answers for the others, unless somebody has answered for them since."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.progress import CourseProgress
from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.refresh import leases
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import run
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db

HERE = rule(criterion("last_login", operator="<=", days=10))
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
