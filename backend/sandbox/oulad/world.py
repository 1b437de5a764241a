"""Turns the dataset's rows into the world as it stood on one day: pure functions, no database.

Nothing that happened after that day gets in. Days become instants: day `d` is `now - (day - d)` days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.oulad.files import AssessmentRow, CourseRow, OuladFiles, Presentation, StudentRow
from sandbox.oulad.records import (
    COURSE_PREFIX,
    ORGANIZATION,
    Completion,
    Course,
    Enrollment,
    Grade,
    Learner,
    Progress,
    World,
)

PASS_MARK = 0.4

EDUCATION = {
    "No Formal quals": "none",
    "Lower Than A Level": "jhs",
    "A Level or Equivalent": "hs",
    "HE Qualification": "b",
    "Post Graduate Qualification": "m",
}
YEAR_OF_BIRTH = {"0-35": 1990, "35-55": 1970, "55<=": 1950}


@dataclass(frozen=True)
class Calendar:
    """Translates days of the dataset into instants."""

    day: int
    now: datetime

    def instant(self, day: int) -> datetime:
        """Return the instant that stands for a day."""
        return self.now - timedelta(days=self.day - day)


@dataclass
class Coursework:
    """What a student has submitted in one presentation."""

    weighted: float = 0.0
    due_submitted: int = 0


@dataclass
class Submissions:
    """Every submission up to the day, summed up in the three ways that the world needs."""

    coursework: defaultdict[tuple[Presentation, str], Coursework] = field(
        default_factory=lambda: defaultdict(Coursework)
    )
    last_day: dict[str, int] = field(default_factory=dict)
    completions: list[Completion] = field(default_factory=list)


def build_world(files: OuladFiles, day: int, now: datetime) -> World:
    """Return the world of that day."""
    calendar = Calendar(day, now)
    due = due_weights(files.assessments(), day)
    submissions = read_submissions(files, due, calendar)
    enrolled = list(enrolled_students(files, calendar))
    world = World(now, courses=[course_of(row, calendar) for row in files.courses()])
    world.enrollments = [enrollment for _, enrollment in enrolled]
    world.learners = learners_of(enrolled, submissions, calendar)
    known = {learner.username for learner in world.learners}
    world.completions = [completion for completion in submissions.completions if completion.username in known]
    for row, enrollment in enrolled:
        work = submissions.coursework.get((row.presentation, row.student))
        add_results(world, enrollment, due[row.presentation], work)
    return world


def username_of(student: str) -> str:
    """Return the username of a student."""
    return f"oulad_{student}"


def course_key_of(presentation: Presentation) -> str:
    """Return the course key of a presentation."""
    return f"{COURSE_PREFIX}{presentation.module}+{presentation.run}"


def course_of(row: CourseRow, calendar: Calendar) -> Course:
    """Return the course of a presentation."""
    module, run = row.presentation
    return Course(
        key=course_key_of(row.presentation),
        name=f"{module} {run}",
        start=calendar.instant(0),
        end=calendar.instant(row.length),
        staff_username=f"staff_{module}_{run}",
    )


def due_weights(assessments: Iterable[AssessmentRow], day: int) -> dict[Presentation, dict[str, float]]:
    """Return the weights of the assessments that count for the grade by that day, by presentation."""
    due: defaultdict[Presentation, dict[str, float]] = defaultdict(dict)
    for row in assessments:
        if row.kind != "Exam" and row.day is not None and row.day <= day and row.weight > 0:
            due[row.presentation][row.assessment] = row.weight
    return due


def read_submissions(files: OuladFiles, due: dict[Presentation, dict[str, float]], calendar: Calendar) -> Submissions:
    """Read every submission up to the day, once."""
    presentation_of = {row.assessment: row.presentation for row in files.assessments()}
    block_of = {assessment: block_key_of(presentation_of[assessment], assessment) for assessment in presentation_of}
    found = Submissions()
    for row in files.submissions():
        if row.day > calendar.day:
            continue
        presentation = presentation_of[row.assessment]
        found.last_day[row.student] = max(row.day, found.last_day.get(row.student, row.day))
        found.completions.append(
            Completion(
                username_of(row.student),
                course_key_of(presentation),
                block_of[row.assessment],
                calendar.instant(row.day),
            )
        )
        weight = due[presentation].get(row.assessment)
        if weight is not None:
            work = found.coursework[presentation, row.student]
            work.weighted += weight * row.score / 100
            work.due_submitted += 1
    return found


def block_key_of(presentation: Presentation, assessment: str) -> str:
    """Return the usage key of an assessment."""
    return f"block-v1:{ORGANIZATION}+{presentation.module}+{presentation.run}+type@problem+block@a{assessment}"


def enrolled_students(files: OuladFiles, calendar: Calendar) -> Iterable[tuple[StudentRow, Enrollment]]:
    """Yield who has registered by the day, in file order."""
    registrations = {(row.presentation, row.student): row for row in files.registrations()}
    for row in files.students():
        registration = registrations[row.presentation, row.student]
        if registration.registered is not None and registration.registered > calendar.day:
            continue
        left = registration.unregistered is not None and registration.unregistered <= calendar.day
        enrollment = Enrollment(
            username=username_of(row.student),
            course=course_key_of(row.presentation),
            created=calendar.instant(registration.registered or 0),
            is_active=not left,
            # A stand-in: the dataset knows no enrollment tracks.
            mode="audit" if row.previous_attempts else "verified",
        )
        yield row, enrollment


def learners_of(
    enrolled: Iterable[tuple[StudentRow, Enrollment]], submissions: Submissions, calendar: Calendar
) -> list[Learner]:
    """Return one learner per student; of several rows, the last one in the file describes the student."""
    joined: dict[str, datetime] = {}
    described: dict[str, StudentRow] = {}
    for row, enrollment in enrolled:
        joined[row.student] = min(enrollment.created, joined.get(row.student, enrollment.created))
        described[row.student] = row
    return [
        Learner(
            username=username_of(student),
            last_login=calendar.instant(submissions.last_day[student]) if student in submissions.last_day else None,
            date_joined=joined[student],
            gender=row.gender.lower(),
            education=EDUCATION[row.education],
            year_of_birth=YEAR_OF_BIRTH[row.age_band],
            country="IE" if row.region == "Ireland" else "GB",
            city=row.region,
        )
        for student, row in described.items()
    ]


def add_results(world: World, enrollment: Enrollment, due: dict[str, float], work: Coursework | None) -> None:
    """Add the grade and the progress of one enrollment; where nothing is due, there is neither."""
    if not due:
        return
    submitted = work.due_submitted if work else 0
    world.progress.append(Progress(enrollment.username, enrollment.course, submitted / len(due)))
    if work:
        # Binary floating point, in the order in which the specification writes the formula: whether a learner
        # at the very edge is below 40 % depends on it.
        percent = work.weighted / sum(due.values())
        world.grades.append(Grade(enrollment.username, enrollment.course, percent, percent >= PASS_MARK))
