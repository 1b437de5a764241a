"""The loader's effect on the database: known truths of the real data, and what loading again leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from openedx_user_groups.contrib.lms.models import CourseProgress
from sandbox import progress, tables
from sandbox.bulk import select_rows
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_modes.models import CourseMode
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.organizations.models import OrganizationCourse
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
A = "course-v1:OULAD+AAA+2013J"
B = "course-v1:OULAD+BBB+2014B"
LOADED = (
    *(tables.USERS, tables.PROFILES, tables.ORGANIZATIONS, tables.ORGANIZATION_COURSES, tables.OVERVIEWS),
    *(tables.MODES, tables.ROLES, tables.ENROLLMENTS, tables.GRADES, tables.PROGRESS, tables.COMPLETIONS),
)


def load(path, day, **options):
    output = StringIO()
    call_command("load_oulad", str(path), day=day, now=NOW.isoformat(), stdout=output, stderr=output, **options)
    return output.getvalue()


def snapshot():
    """Return every row of the loaded tables, with its key in the database."""
    return {
        table.name: sorted(map(repr, select_rows(table, dict.fromkeys(("id", *table.columns))))) for table in LOADED
    }


def world_in_database():
    """Return what a fresh database would hold too: no keys that depend on what was loaded before."""
    names = dict(User.objects.values_list("pk", "username"))
    organization = {"organization_id": lambda _: "OULAD"}
    world = {}
    for table in LOADED:
        columns = table.columns
        readable = {"user_id": names.__getitem__, **organization}
        world[table.name] = sorted(
            repr([readable.get(column, lambda value: value)(value) for column, value in zip(columns, row, strict=True)])
            for row in select_rows(table, columns)
        )
    return world


def active_learners(course_key):
    enrollments = CourseEnrollment.objects.filter(course_id=course_key, is_active=True).order_by()
    return User.objects.filter(pk__in=enrollments.values("user_id")), enrollments


@pytest.mark.slow
def test_known_truths_of_the_real_data_and_loading_it_again(oulad_path):
    load(oulad_path, 120)
    key = "course-v1:OULAD+BBB+2013J"
    learners, enrollments = active_learners(key)
    audit = enrollments.filter(mode="audit")
    idle = learners.filter(last_login__lt=NOW - timedelta(hours=240))
    reached = PersistentCourseGrade.objects.filter(course_id=key, percent_grade__gte=0.4).values("user_id")

    assert learners.count() == 1690
    assert idle.count() == 1508
    assert learners.filter(last_login=None).count() == 98
    assert learners.exclude(pk__in=reached).count() == 337
    assert learners.filter(profile__country="IE").count() == 127
    assert audit.count() == 245
    assert idle.exclude(pk__in=reached).exclude(pk__in=audit.values("user_id")).count() == 179
    assert CourseOverview.objects.count() == 22
    assert User.objects.filter(username__startswith="oulad_").count() == 28_785

    first = snapshot()
    load(oulad_path, 120)
    assert snapshot() == first


def test_rows_of_the_small_data(small_oulad):
    load(small_oulad, 60)
    learner = User.objects.get(username="oulad_11")
    grade = PersistentCourseGrade.objects.get(user_id=learner.pk)
    progress = CourseProgress.objects.get(user=learner)
    latest = BlockCompletion.objects.filter(user=learner).latest("modified")

    assert (learner.email, learner.last_login, learner.is_active) == ("oulad_11@example.com", NOW, True)
    assert learner.has_usable_password() is False
    assert (grade.percent_grade, grade.letter_grade, grade.passed_timestamp) == (0.5, "Pass", NOW)
    assert (str(progress.course_key), progress.percent, progress.as_of) == (A, 1.0, NOW)
    assert (str(latest.block_key), latest.completion, latest.modified) == (
        "block-v1:OULAD+AAA+2013J+type@problem+block@a3",
        1.0,
        NOW,
    )
    failed = PersistentCourseGrade.objects.get(user_id=User.objects.get(username="oulad_12").pk)
    assert (failed.percent_grade, failed.letter_grade, failed.passed_timestamp) == (0.0, "", None)


def test_each_course_can_be_used_at_once(small_oulad):
    load(small_oulad, 60, password="secret")
    staff = User.objects.get(username="staff_AAA_2013J")
    role = CourseAccessRole.objects.get(user=staff)
    modes = CourseMode.objects.order_by("mode_slug").values_list("course_id", "mode_slug")

    assert staff.check_password("secret")
    assert (role.org, str(role.course_id), role.role) == ("OULAD", A, "staff")
    assert sorted(map(str, OrganizationCourse.objects.values_list("course_id", flat=True))) == [A, B]
    assert sorted((str(key), slug) for key, slug in modes) == [(A, "audit"), (A, "verified"), (B, "audit")]


def test_loading_twice_changes_nothing(small_oulad):
    load(small_oulad, 60)
    first = snapshot()
    load(small_oulad, 60)
    assert snapshot() == first


@pytest.mark.parametrize(("before", "after"), [(160, 30), (30, 160), (100, -100)])
def test_another_day_leaves_exactly_that_day(small_oulad, before, after):
    load(small_oulad, after)
    expected = world_in_database()
    load(small_oulad, before)
    assert world_in_database() != expected
    load(small_oulad, after)
    assert world_in_database() == expected


def test_learners_who_stay_keep_their_accounts(small_oulad):
    load(small_oulad, 160)
    keys = dict(User.objects.values_list("username", "pk"))
    load(small_oulad, 30)
    left = dict(User.objects.values_list("username", "pk"))
    assert left.keys() == keys.keys() - {"oulad_14"}
    assert left.items() <= keys.items()


def test_a_course_that_is_gone_is_removed_with_its_staff(small_oulad):
    load(small_oulad, 60)
    for name in ("courses", "assessments", "studentInfo", "studentRegistration", "studentAssessment"):
        (small_oulad / f"{name}.csv.gz").unlink()
    (small_oulad / "courses.csv").write_text(
        "code_module,code_presentation,module_presentation_length\nBBB,2014B,240\n"
    )
    (small_oulad / "assessments.csv").write_text("id_assessment\n")
    for name in ("studentInfo", "studentRegistration", "studentAssessment"):
        (small_oulad / f"{name}.csv").write_text("id_student\n")
    load(small_oulad, 60)

    assert [str(key) for key in CourseOverview.objects.values_list("pk", flat=True)] == [B]
    assert list(User.objects.values_list("username", flat=True)) == ["staff_BBB_2014B"]
    assert not CourseEnrollment.objects.exists()
    assert not PersistentCourseGrade.objects.exists()
    assert not CourseProgress.objects.exists()


def test_other_users_and_courses_are_not_touched(small_oulad):
    outsider = User.objects.create_user("oulad_visitor", "visitor@example.com", "secret")
    colleague = User.objects.create_user("staff_other_person", "colleague@example.com", "secret")
    other = CourseOverview.objects.create(id="course-v1:Other+X+1", org="Other", display_name="Other")
    load(small_oulad, 160)
    learner = User.objects.get(username="oulad_11")
    CourseEnrollment.objects.create(user=outsider, course_id=A, mode="honor")
    CourseEnrollment.objects.create(user=learner, course_id=other.pk, mode="honor")
    PersistentCourseGrade.objects.create(user_id=outsider.pk, course_id=A, percent_grade=0.9)
    load(small_oulad, 30)

    assert set(User.objects.filter(pk__in=[outsider.pk, colleague.pk])) == {outsider, colleague}
    assert CourseEnrollment.objects.filter(mode="honor").count() == 2
    assert PersistentCourseGrade.objects.get(user_id=outsider.pk).percent_grade == 0.9
    assert CourseOverview.objects.filter(pk=other.pk).exists()


def test_progress_is_reported_in_plain_lines_without_a_terminal(small_oulad, monkeypatch):
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: 7.0))  # Else it is as fast as the machine.
    assert "enrollments: 4 in 0.0 s\n" in load(small_oulad, 60)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--day", "1", "--now", "yesterday"], "not an ISO 8601 instant"),
        (["--day", "1", "--now", "2026-02-31"], "not an ISO 8601 instant"),
        (["--day", "1", "--now", "0001-01-02"], "not between the years"),
        (["--day", "1", "--now", "9999-12-31"], "not between the years"),
        (["--day", "1001"], "between -1000 and 1000"),
        (["--day", "-1001"], "between -1000 and 1000"),
        (["--day", "99999999999"], "between -1000 and 1000"),
        (["--day", "soon"], "invalid int value"),
        ([], "--day"),
    ],
)
def test_wrong_options_are_refused(small_oulad, arguments, message):
    with pytest.raises(CommandError, match=message):
        call_command("load_oulad", str(small_oulad), *arguments)
    assert not CourseOverview.objects.exists()


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(CommandError, match=r"courses\.csv"):
        call_command("load_oulad", str(tmp_path), day=1)
