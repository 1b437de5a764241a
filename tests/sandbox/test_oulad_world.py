"""Each rule that turns the dataset's rows into a world, on rows small enough to work out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.oulad.files import OuladFiles
from sandbox.oulad.records import Completion, Course, Enrollment, Grade, Learner, Progress
from sandbox.oulad.world import build_world

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
A = "course-v1:OULAD+AAA+2013J"
B = "course-v1:OULAD+BBB+2014B"


def days_ago(days):
    return NOW - timedelta(days=days)


@pytest.fixture
def world(small_oulad):
    return build_world(OuladFiles(small_oulad), 60, NOW)


def test_courses_start_on_day_zero_and_end_with_their_length(world):
    assert world.courses == [
        Course(A, "AAA 2013J", days_ago(60), days_ago(-140), "staff_AAA_2013J"),
        Course(B, "BBB 2014B", days_ago(60), days_ago(-180), "staff_BBB_2014B"),
    ]


def test_enrollments_are_those_registered_by_the_day(world):
    assert world.enrollments == [
        Enrollment("oulad_11", A, days_ago(90), True, "verified"),
        Enrollment("oulad_12", A, days_ago(65), False, "audit"),
        Enrollment("oulad_13", A, days_ago(60), True, "verified"),
        Enrollment("oulad_11", B, days_ago(120), True, "audit"),
    ]


def test_learners_take_the_last_row_and_their_latest_submission(world):
    assert world.learners == [
        Learner("oulad_11", days_ago(0), days_ago(120), "m", "hs", 1970, "GB", "London Region"),
        Learner("oulad_12", days_ago(40), days_ago(65), "f", "none", 1950, "GB", "Scotland"),
        Learner("oulad_13", days_ago(30), days_ago(60), "f", "m", 1970, "GB", "Wales"),
    ]


def test_grades_weigh_what_is_due_and_was_submitted(world):
    # (12.5 x 0.8 + 37.5 x 0.4) / 50; a missing score counts 0; an exam, an undated and a weightless one never count.
    assert world.grades == [Grade("oulad_11", A, 0.5, True), Grade("oulad_12", A, 0.0, False)]


def test_progress_is_the_share_of_due_assessments(world):
    # Nothing is due in the other course yet: no value there.
    assert world.progress == [
        Progress("oulad_11", A, 1.0),
        Progress("oulad_12", A, 0.5),
        Progress("oulad_13", A, 0.0),
    ]


def test_every_submission_is_a_completed_block(world):
    block = "block-v1:OULAD+AAA+2013J+type@problem+block@a"
    assert world.completions == [
        Completion("oulad_11", A, f"{block}1", days_ago(42)),
        Completion("oulad_11", A, f"{block}2", days_ago(5)),
        Completion("oulad_11", A, f"{block}3", days_ago(0)),
        Completion("oulad_12", A, f"{block}1", days_ago(40)),
        Completion("oulad_13", A, f"{block}4", days_ago(30)),
    ]


def test_the_edges_of_the_day_count_as_that_day(small_oulad):
    world = build_world(OuladFiles(small_oulad), 40, NOW)
    states = {(row.username, row.course): row.is_active for row in world.enrollments}
    assert states["oulad_12", A] is False, "left on this day"
    assert world.grades == [Grade("oulad_11", A, 0.8, True), Grade("oulad_12", A, 0.0, False)]
    before = build_world(OuladFiles(small_oulad), 39, NOW)
    assert {(row.username, row.course): row.is_active for row in before.enrollments}["oulad_12", A] is True


def test_plain_csv_files_are_read_as_well(small_oulad):
    import gzip

    path = small_oulad / "courses.csv.gz"
    (small_oulad / "courses.csv").write_bytes(gzip.decompress(path.read_bytes()))
    path.unlink()
    assert len(list(OuladFiles(small_oulad).courses())) == 2


def test_missing_files_are_named(small_oulad):
    (small_oulad / "assessments.csv.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"assessments\.csv\(\.gz\)"):
        OuladFiles(small_oulad)
