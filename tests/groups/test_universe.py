"""Who is in the universe of each scope."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups.data import Scope, ScopeType
from openedx_user_groups.groups.universe import courses_of, remembering, universe_of
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.testing.factories import EnrollmentFactory, LearnerFactory
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.organizations.models import Organization, OrganizationCourse

pytestmark = pytest.mark.django_db

FIRST, SECOND, OTHER = (f"course-v1:{org}+{name}+1" for org, name in (("OrgX", "A"), ("OrgX", "B"), ("OrgY", "C")))
COURSE, ORG, SITE = Scope.course(FIRST), Scope(ScopeType.ORGANIZATION, "OrgX"), Scope(ScopeType.INSTANCE)


@pytest.fixture
def courses():
    for key in (FIRST, SECOND, OTHER):
        CourseOverview.objects.create(id=key, org=CourseKey.from_string(key).org, display_name=key)


def names(scope: Scope) -> set[str]:
    universe = universe_of(scope)
    ids = fetch_ids(universe.ids())
    assert universe.learners() == ids
    assert universe.restricted_to(ids) == ids
    return {learner.username for learner in LearnerFactory._meta.model.objects.filter(pk__in=list(ids))}


def test_course_takes_active_enrollments_only(courses):
    LearnerFactory(username="active", enrolled_in=FIRST)
    LearnerFactory(username="inactive_account", enrolled_in=FIRST, is_active=False)
    LearnerFactory(username="left", enrolled_in=FIRST, enrolled_in__is_active=False)
    LearnerFactory(username="elsewhere", enrolled_in=SECOND)
    LearnerFactory(username="nowhere")
    assert names(COURSE) == {"active", "inactive_account"}


def test_organization_counts_a_learner_of_two_courses_once(courses):
    both = LearnerFactory(username="both", enrolled_in=[FIRST, SECOND])
    LearnerFactory(username="second", enrolled_in=SECOND)
    LearnerFactory(username="other", enrolled_in=OTHER)
    assert names(ORG) == {"both", "second"}
    assert universe_of(ORG).ids().count() == 2
    assert list(universe_of(ORG).ids()).count(both.pk) == 1


def test_the_database_is_not_asked_to_find_repetitions_in_what_is_fetched(courses):
    LearnerFactory(enrolled_in=[FIRST, SECOND])
    universe = universe_of(ORG)
    with CaptureQueriesContext(connection) as captured:
        assert len(universe.learners()) == 1
    assert "DISTINCT" not in captured[-1]["sql"]


def test_courses_that_are_remembered_are_looked_up_once(courses, django_assert_num_queries):
    scope = remembering(ORG)
    assert scope == ORG
    assert remembering(scope) is scope
    with django_assert_num_queries(2):
        first = courses_of(scope)
        first.append(None)  # A list of one's own.
        assert [str(key) for key in courses_of(scope)] == [FIRST, SECOND]
        assert universe_of(scope).scope is scope
    CourseOverview.objects.filter(id=FIRST).delete()
    assert [str(key) for key in courses_of(ORG)] == [SECOND]
    assert [str(key) for key in courses_of(remembering(ORG))] == [SECOND]


def test_organization_includes_linked_courses(courses):
    organization = Organization.objects.create(name="X", short_name="OrgX", active=True)
    OrganizationCourse.objects.create(course_id=OTHER, organization=organization, active=True)
    LearnerFactory(username="other", enrolled_in=OTHER)
    assert [str(key) for key in courses_of(ORG)] == [FIRST, SECOND, OTHER]
    assert names(ORG) == {"other"}
    OrganizationCourse.objects.update(active=False)
    assert names(ORG) == set()


def test_unknown_organization_is_empty(courses):
    LearnerFactory(enrolled_in=FIRST)
    assert names(Scope(ScopeType.ORGANIZATION, "Nobody")) == set()


def test_instance_takes_active_accounts():
    LearnerFactory(username="active")
    LearnerFactory(username="not_activated", is_active=False)
    assert names(SITE) == {"active"}


@pytest.mark.parametrize("scope", [COURSE, ORG, SITE], ids=str)
def test_retired_accounts_are_in_no_universe(courses, scope):
    LearnerFactory(username="retired__user_0a1b", enrolled_in=FIRST)
    LearnerFactory(username="retired_userX", enrolled_in=FIRST)  # The prefix's underscores are no wildcards.
    LearnerFactory(username="RETIRED__USER_shouting", enrolled_in=FIRST)  # A living learner with an odd name.
    assert names(scope) == {"retired_userX", "RETIRED__USER_shouting"}


def test_restricting_to_a_few(courses):
    inside = LearnerFactory(enrolled_in=FIRST)
    outside = EnrollmentFactory(course=FIRST, is_active=False).user
    assert universe_of(COURSE).restricted_to(IdSet([inside.pk, outside.pk, 10**6])) == IdSet([inside.pk])
    assert universe_of(COURSE).restricted_to(IdSet()) == IdSet()


def test_how_many_there_are_about(courses):
    for _ in range(5):
        EnrollmentFactory(course=FIRST)
    assert [universe_of(COURSE).has_about(size) for size in (1, 5, 6, 100)] == [True, True, False, False]
    assert not universe_of(Scope.course(SECOND)).has_about(1)


@pytest.mark.parametrize(
    ("scope_type", "key", "bad_part"),
    [
        ("planet", "", "type"),
        ("course", "", "key"),
        ("course", "OrgX", "key"),
        ("course", "library-v1:OrgX+L", "key"),
        ("course", f"{FIRST}+branch@draft", "key"),
        ("organization", "", "key"),
        ("instance", "OrgX", "key"),
        ("organization", "x" * 256, "key"),
        ("organization", "a\nb", "key"),
    ],
)
def test_what_is_no_scope(scope_type, key, bad_part):
    with pytest.raises(ValueError, match=f"^{bad_part}$"):
        Scope.parse(scope_type, key)
