"""The invented learners: the same for the same seed, skewed as promised, and exact where sizes are given."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count
from rest_framework.authtoken.models import Token

from sandbox import tables
from sandbox.bulk import select_rows
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_groups.models import CohortMembership, CourseCohortsSettings, CourseUserGroup
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade, PersistentSubsectionGrade
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, LanguageProficiency, UserProfile
from sandbox.platform.teams.models import CourseTeamMembership
from sandbox.platform.user_api.models import UserPreference
from sandbox.synthetic.plan import course_sizes

pytestmark = pytest.mark.django_db

NOW = "2026-01-31T12:00:00Z"
C1 = "course-v1:Synthetic+C1+2026"
C2 = "course-v1:Synthetic+C2+2026"


def make(**options):
    output = StringIO()
    settings = {"learners": 1000, "courses": 4, "seed": 7, "now": NOW, **options}
    call_command("make_learners", stdout=output, stderr=output, **settings)
    return output.getvalue()


def content():
    """Return what is in the tables by username: the keys of accounts go on from run to run."""
    names = dict(User.objects.values_list("pk", "username"))
    users = [row[1:] for row in select_rows(tables.SYNTHETIC_USERS, tables.SYNTHETIC_USERS.columns)]
    rows = {"users": sorted(map(repr, users))}
    for table in (tables.PROFILES, tables.PREFERENCES, tables.ENROLLMENTS, tables.GRADES, tables.COMPLETIONS):
        found = select_rows(table, table.columns)
        rows[table.name] = sorted(repr((names[row[0]], *row[1:])) for row in found)
    return rows


def active(course_key):
    return CourseEnrollment.objects.filter(course_id=course_key, is_active=True).count()


def test_the_same_seed_makes_the_same_data():
    make(learners=200)
    first = content()
    make(learners=200, replace=True)
    assert content() == first
    make(learners=200, replace=True, seed=8)
    assert content() != first


def test_given_sizes_are_exact_and_the_others_are_skewed():
    make(course_sizes="10,400", users_beyond=50)
    assert (active(C1), active(C2)) == (10, 400)
    assert active("course-v1:Synthetic+C3+2026") > active("course-v1:Synthetic+C4+2026") > 0
    assert User.objects.count() == 1050
    assert User.objects.filter(courseenrollment=None, username__gt="syn_0001000").count() == 50
    assert CourseEnrollment.objects.filter(course_id=C2, is_active=False).count() == 32


def test_everybody_can_be_in_one_course():
    make(courses=1, course_sizes="1000")
    assert active(C1) == 1000
    assert CourseEnrollment.objects.filter(is_active=False).count() == 0


def test_learners_differ_as_real_ones_do():
    make()
    users, profiles = User.objects.all(), UserProfile.objects.all()
    countries = dict(profiles.order_by().values_list("country").annotate(count=Count("pk")))
    grades = list(PersistentCourseGrade.objects.values_list("percent_grade", flat=True))
    several = CourseEnrollment.objects.order_by().values("user").annotate(count=Count("pk")).filter(count__gt=1)
    speakers = LanguageProficiency.objects.values("user_profile").annotate(count=Count("pk")).filter(count__gt=1)

    assert 50 <= users.filter(last_login=None).count() <= 110
    assert 1 <= users.filter(is_active=False).count() <= 25
    assert 10 <= users.count() - profiles.count() <= 60
    assert countries["US"] > countries["ES"] > countries["IE"] > 0
    assert countries[""] > 0
    assert countries[None] > 0
    assert several.count() > 300
    assert speakers.exists()
    assert 0.6 < len(grades) / CourseEnrollment.objects.count() < 0.8
    low, middle, high = (sum(a <= grade < b for grade in grades) for a, b in ((0, 0.4), (0.4, 0.55), (0.55, 1.1)))
    assert low > middle
    assert high > middle
    assert CourseEnrollment.objects.values("mode").order_by().distinct().count() == 4
    assert not users.filter(last_login__lt=User.objects.earliest("date_joined").date_joined).exists()


def test_side_tables_hold_a_share():
    make()
    enrollments = CourseEnrollment.objects.count()
    for model in (UserPreference, GeneratedCertificate, PersistentSubsectionGrade, BlockCompletion, CohortMembership):
        assert 0 < model.objects.count() < enrollments, model
    assert CourseTeamMembership.objects.exists()
    assert PersistentSubsectionGrade.objects.filter(possible_all=0).exists()
    assert BlockCompletion.objects.filter(completion=0).exists()
    assert set(CourseCohortsSettings.objects.values_list("is_cohorted", flat=True)) == {True, False}
    through = CourseUserGroup.users.through.objects.count()
    assert through == CohortMembership.objects.count()


def test_only_core_leaves_the_side_tables_empty():
    make(only="core")
    assert PersistentCourseGrade.objects.exists()
    for model in (UserPreference, LanguageProficiency, GeneratedCertificate, BlockCompletion, CohortMembership):
        assert not model.objects.exists(), model


def test_courses_that_exist_are_not_overwritten():
    make(learners=20)
    before = content()
    with pytest.raises(CommandError, match="use --replace"):
        make(learners=30)
    assert content() == before


def test_replacing_removes_only_what_was_made():
    stranger = User.objects.create_user("syn_thia", "cynthia@example.com", "secret")
    make(learners=50, users_beyond=5)
    CourseEnrollment.objects.create(user=stranger, course_id="course-v1:Other+X+1", mode="audit")
    make(learners=20, courses=1, replace=True, only="core")
    assert User.objects.count() == 21
    assert UserProfile.objects.count() <= 20
    assert CourseEnrollment.objects.filter(user=stranger).count() == 1
    assert [str(key) for key in CourseOverview.objects.values_list("pk", flat=True)] == [C1]
    assert not CourseUserGroup.objects.exists()


def test_accounts_can_be_added_afterwards():
    """Rows with given keys must not make the database hand out a key twice."""
    make(learners=20)
    user = User.objects.create_user("later", "later@example.com", "secret")
    UserProfile.objects.create(user=user)
    assert user.pk > User.objects.get(username="syn_0000020").pk


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learners": 0}, "at least one learner"),
        ({"courses": 0}, "at least one learner and one course"),
        ({"course_sizes": "10,20", "courses": 1}, "only 1 courses"),
        ({"course_sizes": "1001"}, "between 1 and the number of learners"),
        ({"course_sizes": "0"}, "between 1 and the number of learners"),
        ({"course_sizes": "10,ten"}, "--course-sizes '10,ten' are not numbers between commas"),
        ({"users_beyond": -1}, "cannot be negative"),
        ({"now": "then"}, "not an ISO 8601 instant"),
        ({"now": "0001-01-02"}, "--now '0001-01-02' is not between the years 1970 and 2200"),
        ({"now": "9999-12-31T23:59:59-12:00"}, "not between the years"),
    ],
)
def test_impossible_plans_are_refused(options, message):
    with pytest.raises(CommandError, match=message):
        make(**options)
    assert not User.objects.exists()


def test_learners_have_two_enrollments_on_average():
    assert sum(course_sizes(1_000_000, 8, [])) == pytest.approx(2_000_000, rel=0.01)
    assert course_sizes(100, 3, [10]) == [10, 90, 63]


def test_the_demo_has_accounts_and_survives_a_second_start():
    if connection.vendor != "sqlite":
        pytest.skip("The demo runs on SQLite.")
    output = StringIO()
    call_command("load_demo", now=NOW, stdout=output, stderr=StringIO())
    before = content()
    again = StringIO()
    call_command("load_demo", now="2026-02-28T12:00:00Z", stdout=again, stderr=StringIO())
    admin, staff, learner = (User.objects.get(username=name) for name in ("admin", "staff", "learner"))

    assert content() == before
    assert "--now has no effect without --replace" in again.getvalue()
    assert "--now" not in output.getvalue()
    assert admin.is_superuser
    assert all(user.check_password(user.username) for user in (admin, staff, learner))
    assert str(CourseAccessRole.objects.get(user=staff).course_id) == "course-v1:DemoX+BIO101+2026"
    assert CourseEnrollment.objects.get(user=learner).is_active
    assert active("course-v1:DemoX+BIO101+2026") == 1201
    assert all(token.key in output.getvalue() for token in Token.objects.all())
    assert Token.objects.count() == 3
    call_command("load_demo", now=NOW, replace=True, stdout=StringIO(), stderr=StringIO())
    assert content() == before
