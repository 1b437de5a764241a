"""Estimates from a sample: the interval is what it says, the sample is fair, and the work is bounded."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import Estimate, PlanKind
from openedx_user_groups.evaluation.estimates import estimate, interval
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.groups import accounts
from openedx_user_groups.testing.factories import COURSE, EnrollmentFactory, LearnerFactory, criterion, rule

IDLE = criterion("last_login", operator=">", days=10)
HIGH_IDS = criterion("country", operator="not_exists")


@pytest.mark.parametrize(
    ("successes", "draws", "low", "high"),
    # Wilson's interval as in the textbooks: 81 of 263, and nobody of 10.
    [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)],
)
def test_wilsons_interval(successes, draws, low, high):
    population = 10**9
    found = interval(successes, draws, population)
    assert found[0] / population == pytest.approx(low, abs=1e-4)
    assert found[1] / population == pytest.approx(high, abs=1e-4)


def test_what_was_seen_is_certain():
    assert interval(7, 50, 50) == (7, 7)
    low, high = interval(40, 49, 50)
    assert (low, high) == (40, 41)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_the_interval_holds_the_truth_as_often_as_it_says(share):
    chance, population, draws = random.Random(4), 5000, 1000
    truth = round(population * share)
    held = 0
    for _round in range(400):
        found = sum(pk < truth for pk in chance.sample(range(population), draws))
        low, high = interval(found, draws, population)
        held += low <= truth <= high
    assert held / 400 >= 0.93


@pytest.fixture
def course(db, settings):
    """300 accounts, every third enrolled, of whom every fourth is idle; and time enough, also on a busy machine."""
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_SECONDS = 60
    now = timezone.now()
    for index in range(300):
        idle = index % 12 == 0
        account = LearnerFactory(last_login=now - timedelta(days=20 if idle else 1))
        if index % 3 == 0:
            EnrollmentFactory(user=account, course=COURSE)
    return now


@pytest.mark.parametrize("plan", list(PlanKind))
@pytest.mark.parametrize("definition", [rule(IDLE), rule(IDLE, negated=True), rule(IDLE, HIGH_IDS)])
def test_a_small_scope_is_listed_and_seen_whole(course, definition, plan):
    evaluation = Evaluation(parse_rule(definition, COURSE), COURSE, course, plan)
    count = evaluation.count()
    assert count in (25, 75)
    assert estimate(lambda: evaluation) == Estimate(count, count, count, universe=100, sample_size=100)


def test_a_large_scope_is_drawn_from_all_user_ids(course, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_DRAWS = accounts.largest_id() * 2 // 5
    evaluation = Evaluation(parse_rule(rule(IDLE), COURSE), COURSE, course)
    found = [estimate(lambda: evaluation, chance=random.Random(seed), listed=1) for seed in range(40)]
    assert all(about.sample_size < 100 for about in found)
    assert sum(about.low <= 25 <= about.high for about in found) >= 37
    assert 21 <= sum(about.value for about in found) / 40 <= 29
    assert 90 <= sum(about.universe for about in found) / 40 <= 110


def test_the_number_of_draws_bounds_the_sample(course, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_DRAWS = 40
    evaluation = Evaluation(parse_rule(rule(IDLE), COURSE), COURSE, course)
    about = estimate(lambda: evaluation, chance=random.Random(1))
    assert (about.sample_size, about.universe) == (40, 100)
    assert 0 <= about.low <= about.value <= about.high <= 100
    assert about.high - about.low > 5


def test_without_time_there_is_none(course, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_SECONDS = 0
    assert estimate(lambda: Evaluation(parse_rule(rule(IDLE), COURSE), COURSE, course)) is None
