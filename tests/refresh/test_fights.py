"""Refreshes, events and the groups of an exclusive collection fighting for the same learners, many times over."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import GroupState
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh import marks
from openedx_user_groups.refresh.drain import drain
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

from .test_concurrency import IDLE, LONG_AGO, ROUNDS, assert_sound, at_once, carry_out_what_waits, in_a_worker, inline

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

EVENTS, FIGHTERS = 50, 1_000


@pytest.fixture
def learners(request: Any) -> list[int]:
    if connection.vendor == "sqlite":
        pytest.skip("Threads cannot share the tests' SQLite database.")
    created = LearnerFactory.create_batch(request.param, enrolled_in=COURSE, last_login=timezone.now())
    return [learner.pk for learner in created]


def move(ids: list[int]) -> None:
    """Some sign in, others have been away for long, and an event tells of each."""
    for pk in ids:
        at = timezone.now() if random.random() < 0.5 else timezone.now() - LONG_AGO
        User.objects.filter(pk=pk).update(last_login=at)
        marks.mark({Touched(pk, COURSE)}, "test")


def away() -> IdSet:
    """The oracle."""
    return IdSet(User.objects.filter(last_login__lt=timezone.now() - LONG_AGO / 2).values_list("pk", flat=True))


def settle(*groups: UserGroup) -> None:
    """What is left for a moment later: runs that had to wait, marks that were written again."""
    for group in groups:
        carry_out_what_waits(group)
    while marks.pending_count():
        marks.LearnerMark.objects.update(claimed_until=None)
        drain()


@pytest.mark.parametrize("learners", [40], indirect=True)
def test_two_refreshes_and_fifty_events(learners, settings):
    settings.OPENEDX_USER_GROUPS_DRAIN_BATCH_SIZE = 7
    group = create_group(COURSE, IDLE)
    for _ in range(ROUNDS):
        moved = random.choices(learners, k=EVENTS)
        at_once(
            lambda: in_a_worker(group),
            lambda: inline(group),
            lambda moved=moved: move(moved[: EVENTS // 2]),
            lambda moved=moved: move(moved[EVENTS // 2 :]),
            drain,
            drain,
        )
        settle(group)
        assert_sound(group, away())


@pytest.mark.parametrize("learners", [FIGHTERS], indirect=True)
def test_two_exclusive_groups_fight_for_a_thousand_learners(learners):
    staff = LearnerFactory(username="staff")
    first = create_group(COURSE, IDLE)
    second = create_group(COURSE, rule(criterion("last_login", operator="exists")))
    api.create_collection(scope=COURSE, name="Either", groups=[first.uuid, second.uuid], acting_user=staff)
    everybody = IdSet(learners)
    for _ in range(ROUNDS):
        gone = random.sample(learners, FIGHTERS // 2)
        User.objects.filter(pk__in=learners).update(last_login=timezone.now())
        User.objects.filter(pk__in=gone).update(last_login=timezone.now() - LONG_AGO)
        at_once(
            lambda: in_a_worker(UserGroup.objects.get(pk=first.pk)),
            lambda: inline(UserGroup.objects.get(pk=second.pk)),
            lambda gone=gone: move(gone[:25]),
            drain,
        )
        settle(first, second)
        expected = away()
        assert (member_ids(first), member_ids(second)) == (expected, everybody - expected)
        for group in (first, second):
            assert_sound(group, member_ids(group))
            assert UserGroup.objects.get(pk=group.pk).state == GroupState.FRESH
    assert Membership.objects.values("user").distinct().count() == Membership.objects.count() == FIGHTERS
