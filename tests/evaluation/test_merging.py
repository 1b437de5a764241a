"""Criteria over one table that are asked as one: the same learners, and fewer looks into the table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, PlanKind
from openedx_user_groups.evaluation import bitmaps, merging, statement
from openedx_user_groups.evaluation.answers import holds
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import UserIds
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, criterion, rule
from sandbox.platform.student.models import UserProfile

pytestmark = pytest.mark.django_db

SPAIN = criterion("country", operator="in", countries=["ES"])
NOT_FRANCE = criterion("country", operator="not_in", countries=["FR"])
WOMEN = criterion("gender", operator="in", genders=["f"])
YOUNG = criterion("year_of_birth", operator=">=", year=2000)
AWAY = criterion("last_login", operator=">", days=10, include_never=True)
OLD_ACCOUNT = criterion("account_age", operator=">", days=30)
AUDIT = criterion("enrollment_track", operator="in", modes=["audit"])
EARLY = criterion("enrollment_date", operator=">", days=10)

#: What each set asks of a profile, and of whom it is true.
PROFILES = (
    (ProfileRow.objects.filter(country="ES"), lambda country, _year: country == "ES"),
    (ProfileRow.objects.filter(year_of_birth__gte=2000), lambda _country, year: year is not None and year >= 2000),
    (ProfileRow.objects.exclude(country="FR"), lambda country, _year: country != "FR"),
)


def looks(definition, plan=PlanKind.STATEMENT) -> dict[str, int]:
    """How often looking for the learners of a rule reads each table."""
    subject = Evaluation(parse_rule(definition, COURSE), COURSE, timezone.now(), plan)
    with CaptureQueriesContext(connection) as captured:
        subject.ids()
    sql = "\n".join(query["sql"] for query in captured)
    tables = ("auth_user", "auth_userprofile", "student_courseenrollment")
    return {table: sql.count(f"FROM {connection.ops.quote_name(table)}") for table in tables}


def read(account: int, profile: int, enrollment: int = 1) -> dict[str, int]:
    # The universe itself reads the enrollments, and the retired accounts.
    return {"auth_user": 1 + account, "auth_userprofile": profile, "student_courseenrollment": enrollment}


@pytest.mark.parametrize("combine", ["all", "any"])
@pytest.mark.parametrize("negated", [False, True])
def test_criteria_over_one_table_are_one_look_up(combine, negated, settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 10
    inner = rule(SPAIN, AWAY, NOT_FRANCE, WOMEN, OLD_ACCOUNT, combine=combine, negated=negated)
    assert looks(rule(inner)) == read(account=1, profile=1)


def test_a_node_over_one_table_is_one_criterion_of_the_node_above_it():
    assert looks(rule(SPAIN, rule(WOMEN, YOUNG, combine="any"))) == read(account=0, profile=1)
    assert looks(rule(SPAIN, rule(WOMEN, rule(YOUNG, negated=True), combine="any", negated=True))) == read(0, 1)
    assert looks(rule(SPAIN, rule(WOMEN, AWAY, combine="any"))) == read(account=1, profile=2)


def test_criteria_about_the_enrollment_look_nothing_up():
    assert looks(rule(AUDIT, rule(EARLY, AUDIT, combine="any", negated=True))) == read(account=0, profile=0)


def test_bitmaps_read_each_table_once(settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 10
    definition = rule(SPAIN, AWAY, NOT_FRANCE, rule(WOMEN, YOUNG, combine="any"), OLD_ACCOUNT)
    assert looks(definition, PlanKind.BITMAPS) == read(account=1, profile=1)


@pytest.fixture
def learners() -> dict[int, tuple[str | None, int | None] | None]:
    """By id: country and year of birth, each of which may be missing; one without a profile."""
    people = {}
    for values in [None, *itertools.product([None, "ES", "FR"], [None, 1980, 2010])]:
        user = LearnerFactory(enrolled_in=COURSE)
        people[user.pk] = values
        if values is not None:
            UserProfile.objects.create(user=user, country=values[0], year_of_birth=values[1])
    return people


def rules() -> Iterator[Node]:
    """Rules of three sets, one of them alone below the root or two of them in a node of their own, in all shapes."""
    first, *others = (Leaf(f"/nodes/{number}", "", {}) for number in range(len(PROFILES)))
    shapes = itertools.product(Combine, Combine, [False, True], [False, True])
    for outer, inner, outer_negated, inner_negated in shapes:
        yield Node("", outer, outer_negated, (first, Node("/nodes/1", inner, inner_negated, tuple(others))))
        yield Node("", outer, outer_negated, (first, *others))
        yield Node("", outer, outer_negated, (Node("/nodes/1", inner, inner_negated, (first, *others)),))


@pytest.mark.parametrize("complements", list(itertools.product([False, True], repeat=len(PROFILES))))
def test_the_same_learners_match(learners, complements):
    """Missing rows and missing values included, in every shape of three sets."""
    universe, everybody = universe_of(COURSE), IdSet(learners)
    sets = {
        f"/nodes/{number}": UserIds((rows.order_by().values_list("user_id", flat=True),), complement)
        for number, ((rows, _says), complement) in enumerate(zip(PROFILES, complements, strict=True))
    }
    for tree in rules():
        expected = IdSet()
        for user_id, values in learners.items():
            answers = {
                f"/nodes/{number}": (values is not None and says(*values)) != complement
                for number, ((_rows, says), complement) in enumerate(zip(PROFILES, complements, strict=True))
            }
            if holds(tree, answers):
                expected.add(user_id)
        whole, known = merging.merged(tree, sets)
        (leaf,) = whole.leaves()
        assert whole.pointer == ""
        assert bitmaps.combine(whole, everybody, [bitmaps.resolve(known[leaf.pointer], everybody)]) == expected, tree
        assert fetch_ids(universe.ids(statement.where(whole, known, universe))) == expected, tree


def test_complements_of_accounts_too():
    """Whoever has no account is nobody; the columns may still be NULL."""
    now = timezone.now()
    never, signed_in = (LearnerFactory(enrolled_in=COURSE, last_login=at) for at in (None, now))
    people = get_user_model()._default_manager.order_by().values_list("pk", flat=True)
    sets = {
        "/nodes/0": UserIds((people.filter(last_login__lte=now),), complement=True),
        "/nodes/1": UserIds((people.filter(is_active=False),), complement=True),
    }
    for combine, expected in ((Combine.ALL, [never.pk]), (Combine.ANY, [never.pk, signed_in.pk])):
        tree = Node("", combine, False, tuple(Leaf(pointer, "", {}) for pointer in sets))
        whole, known = merging.merged(tree, sets)
        universe = universe_of(COURSE)
        assert fetch_ids(universe.ids(statement.where(whole, known, universe))) == IdSet(expected)


def test_what_cannot_be_merged_stays_as_it_is():
    leaves = tuple(Leaf(f"/nodes/{number}", "", {}) for number in range(3))
    inner = Node("/nodes/3", Combine.ANY, True, (Leaf("/nodes/3/nodes/0", "", {}),))
    tree = Node("", Combine.ALL, True, (*leaves, inner))
    profiles = ProfileRow.objects.values_list("user_id", flat=True)
    sets = {
        "/nodes/0": UserIds((profiles.filter(country="ES"),)),
        "/nodes/1": UserIds((profiles.filter(user__is_staff=True),)),
        "/nodes/2": IdSet([1]),
        "/nodes/3/nodes/0": IdSet([2]),
    }
    assert merging.merged(tree, sets) == (tree, sets)
