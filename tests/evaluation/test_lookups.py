"""Which criteria share a look at a row. That the answers are right is the differential test's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import PlanKind, Scope, ScopeType
from openedx_user_groups.evaluation import lookups, statement
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.groups import universe as universe_module
from openedx_user_groups.groups.platform import Enrollment
from openedx_user_groups.groups.universe import SMALL, universe_of
from openedx_user_groups.sets import IdSet
from openedx_user_groups.sources import UserIds
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, criterion, rule
from sandbox.platform.student.models import UserProfile

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
PROFILE = (
    criterion("country", operator="in", countries=["ES"]),
    criterion("country", operator="not_in", countries=["FR"]),
    criterion("gender", operator="in", genders=["f"]),
    criterion("year_of_birth", operator=">=", year=1980),
)
ACCOUNT = (
    criterion("last_login", operator=">", days=10, include_never=True),
    criterion("account_age", operator=">", days=30),
)
ENROLLMENT = (
    criterion("enrollment_track", operator="in", modes=["audit"]),
    criterion("enrollment_date", operator=">", days=10),
)


def people(**condition):
    return get_user_model()._default_manager.filter(**condition).order_by().values_list("pk", flat=True)


def looks(definition, scope=COURSE) -> dict[str, int]:
    """How often the statement that reads all answers looks into each table."""
    subject = Evaluation(parse_rule(definition, scope), scope, timezone.now(), PlanKind.STATEMENT)
    with CaptureQueriesContext(connection) as captured:
        subject.answers()
    (sql,) = [query["sql"] for query in captured if "SELECT" in query["sql"]]
    tables = ("auth_user", "auth_userprofile", "student_courseenrollment")
    return {table: sql.count(f"FROM {connection.ops.quote_name(table)}") for table in tables}


def test_criteria_over_one_row_share_a_look(settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 10
    # The universe itself reads the enrollments, and the retired accounts.
    assert looks(rule(*PROFILE)) == {"auth_user": 1, "auth_userprofile": 1, "student_courseenrollment": 1}
    everything = rule(*PROFILE, *ACCOUNT, *ENROLLMENT)
    assert looks(everything) == {"auth_user": 2, "auth_userprofile": 1, "student_courseenrollment": 1}


def test_the_account_is_the_row_of_the_whole_site(settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 10
    site = Scope(ScopeType.INSTANCE)
    found = looks(rule(*PROFILE, *ACCOUNT), site)
    assert found == {"auth_user": 1, "auth_userprofile": 1, "student_courseenrollment": 0}


def test_what_is_more_than_a_condition_on_one_row_stays_a_subquery():
    universe = universe_of(COURSE)
    several = UserIds((people(is_staff=True), people(is_active=True)))
    joined = UserIds((ProfileRow.objects.filter(user__is_staff=True).values_list("user_id", flat=True),))
    sliced = UserIds((people(is_staff=True)[:5],))
    everybody = UserIds((get_user_model()._default_manager.values_list("pk", flat=True),))
    for found in (several, joined, sliced, everybody, IdSet([1])):
        assert lookups.table_of(found) is None
        assert not lookups.is_about_own_row(found, universe)


def test_another_course_is_another_row():
    universe = universe_of(COURSE)
    here, elsewhere, anywhere = (
        UserIds((Enrollment.objects.filter(mode="audit", **course).values_list("user_id", flat=True),))
        for course in ({"course_id": COURSE.course_key}, {"course_id": "course-v1:Other+C+1"}, {})
    )
    assert lookups.is_about_own_row(here, universe)
    assert not any(lookups.is_about_own_row(found, universe) for found in (elsewhere, anywhere))
    either = Enrollment.objects.filter(course_id=COURSE.course_key) | Enrollment.objects.filter(mode="audit")
    assert not lookups.is_about_own_row(UserIds((either.values_list("user_id", flat=True),)), universe)


def test_reading_leaves_the_querysets_as_they_are():
    learner = LearnerFactory(username="b", enrolled_in=COURSE)
    sets = {name: UserIds((people(username=name),)) for name in "ab"}
    sets["not b"] = sets["b"].inverted()
    before = {name: str(found.querysets[0].query) for name, found in sets.items()}
    universe, everybody, nobody = universe_of(COURSE), IdSet([learner.pk]), IdSet()
    expected = {"a": nobody, "b": everybody, "not b": nobody}
    for _ in range(2):
        assert statement.read_answers(sets, universe) == (everybody, expected)
    assert {name: str(found.querysets[0].query) for name, found in sets.items()} == before


def test_more_sets_than_an_integer_has_bits():
    names = [f"learner {number:02}" for number in range(70)]
    ids = {name: LearnerFactory(username=name, enrolled_in=COURSE).pk for name in names}
    sets = {name: UserIds((people(username=name),), complement=pk % 2 == 0) for name, pk in ids.items()}
    everybody = IdSet(ids.values())
    expected = {
        name: everybody - IdSet([ids[name]]) if found.complement else IdSet([ids[name]]) for name, found in sets.items()
    }
    assert statement.read_answers(sets, universe_of(COURSE)) == (everybody, expected)


def test_who_is_outside_a_set_of_accounts_is_looked_up_as_whoever_is_in_one():
    """A database joins IN wherever it is cheapest, and looks everybody up for NOT IN."""
    now = timezone.now()
    never, _recent, away = (LearnerFactory(enrolled_in=COURSE, last_login=at) for at in (None, now, now - 20 * DAY))
    definition = rule(criterion("last_login", operator=">", days=10, include_never=True))
    subject = Evaluation(parse_rule(definition, COURSE), COURSE, now, PlanKind.STATEMENT)
    with CaptureQueriesContext(connection) as captured:
        assert subject.ids() == IdSet([never.pk, away.pk])
    (sql,) = [query["sql"] for query in captured if "SELECT" in query["sql"]]
    assert sql.count("NOT (") == 1, "only retired accounts, of whom there are few"


def test_a_condition_that_asks_another_table_stays_where_it_is():
    universe = universe_of(COURSE)
    spanish, other = LearnerFactory.create_batch(2, enrolled_in=COURSE)
    UserProfile.objects.create(user=spanish, country="ES")
    profiles = ProfileRow.objects.filter(country="ES")
    asking = Exists(profiles.filter(user_id=OuterRef("pk"))), Q(pk__in=profiles.values("user_id"))
    inside = [UserIds((people().filter(condition),)) for condition in asking]
    for found in inside:
        assert list(universe.ids(statement.condition_of(found, universe))) == [spanish.pk]
        assert list(universe.ids(statement.condition_of(found.inverted(), universe))) == [other.pk]
    everybody, found = statement.read_answers(dict(zip("ab", inside, strict=True)), universe)
    assert (everybody, found) == (IdSet([spanish.pk, other.pk]), dict.fromkeys("ab", IdSet([spanish.pk])))


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("joined", [True, False])
def test_postgresql_looks_each_of_a_few_learners_up(small, joined, monkeypatch, settings):
    """Below OR and NOT it reads everything that IN selects. That is cheaper only where the learners are many."""
    settings.OPENEDX_USER_GROUPS_BITMAP_PLAN_SHARE = 10
    monkeypatch.setattr(universe_module, "SMALL", SMALL if small else 0)
    LearnerFactory(enrolled_in=COURSE)
    definition = rule(PROFILE[0], ACCOUNT[0], rule(PROFILE[2], negated=True), combine="all" if joined else "any")
    subject = Evaluation(parse_rule(definition, COURSE), COURSE, timezone.now())
    with CaptureQueriesContext(connection) as captured:
        subject.ids()
        subject.answers()
    *_for_the_plan, learners, answers = [query["sql"] for query in captured if "SELECT" in query["sql"]]
    looks_up = connection.vendor == "postgresql" and small
    assert ("EXISTS(" in learners) == (looks_up and not joined)
    assert ("EXISTS(" in answers) == looks_up


def test_an_index_may_serve_what_is_asked_of_the_row_itself():
    """People who are named are looked up, and not looked for among all accounts."""
    names = [LearnerFactory().username for _ in range(3)]
    site = Scope(ScopeType.INSTANCE)
    named = criterion("learner_list", operator="in", learners=names[:2])
    for definition, plainly in ((rule(named), True), (rule(named, negated=True), False)):
        subject = Evaluation(parse_rule(definition, site), site, timezone.now(), PlanKind.STATEMENT)
        with CaptureQueriesContext(connection) as captured:
            assert subject.count() == (2 if plainly else 1)
        (sql,) = [query["sql"] for query in captured if "SELECT" in query["sql"]]
        assert ("CASE WHEN" in sql) != plainly
