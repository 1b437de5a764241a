"""Invents who is in a course and what they did there: enrollments, grades, progress, completions, certificates."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from sandbox import tables
from sandbox.bulk import Row, Table
from sandbox.synthetic import chance
from sandbox.synthetic.plan import CourseSpec, Plan

# For every hundred active learners, this many have left the course.
LEFT_PER_ACTIVE = 0.08
PASS_MARK = 0.5
SUBSECTIONS = ("week1", "week2")
PROBLEMS = tuple(f"problem{number}" for number in range(1, 6))


@dataclass
class ActivityBatch:
    """Rows about some learners in one course."""

    enrollments: list[Row] = field(default_factory=list)
    grades: list[Row] = field(default_factory=list)
    progress: list[Row] = field(default_factory=list)
    certificates: list[Row] = field(default_factory=list)
    subsection_grades: list[Row] = field(default_factory=list)
    completions: list[Row] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[Table, list[Row]]]:
        """Yield each table with its rows."""
        yield tables.ENROLLMENTS, self.enrollments
        yield tables.GRADES, self.grades
        yield tables.PROGRESS, self.progress
        yield tables.CERTIFICATES, self.certificates
        yield tables.SUBSECTION_GRADES, self.subsection_grades
        yield tables.COMPLETIONS, self.completions


class CourseActivity:
    """Invents one course of a plan. Its random numbers are its own: other courses do not change it."""

    def __init__(self, plan: Plan, course: CourseSpec, past: chance.Past, joined_hours: array[int]) -> None:
        """Draw the learners; `joined_hours` says how long ago each account was made."""
        self.plan = plan
        self.course = course
        self.past = past
        self.joined_hours = joined_hours
        self.rng = Random(f"{plan.seed}:{course.key}")
        left = min(round(course.active * LEFT_PER_ACTIVE), plan.learners - course.active)
        drawn = self.rng.sample(range(plan.learners), course.active + left)
        self.active = sorted(drawn[: course.active])
        gone = [(number, False) for number in drawn[course.active :]]
        # In the order of their keys, in which the indexes grow fastest.
        self.everybody = sorted([*gone, *((number, True) for number in self.active)])

    @property
    def visible_blocks_hash(self) -> str:
        """The hash under which the course's subsection grades find their blocks."""
        return f"synthetic-{self.course.key}"

    def batch(self, learners: list[tuple[int, bool]], first_user_id: int) -> ActivityBatch:
        """Invent what these learners did; each is a number and whether the enrollment is active."""
        batch = ActivityBatch()
        for number, is_active in learners:
            user_id = first_user_id + number
            enrolled = int(self.rng.random() * min(self.joined_hours[number], chance.HOURS_PER_YEAR))
            mode = chance.MODES.pick(self.rng)
            batch.enrollments.append((user_id, self.course.key, self.past.hours_ago(enrolled), is_active, mode))
            grade = chance.grade(self.rng)
            if grade is not None:
                self._add_grade(batch, user_id, grade, enrolled)
            if not self.plan.core_only:
                self._add_details(batch, user_id, grade, enrolled, mode)
        return batch

    def _some_time_since(self, hours: int) -> int:
        return int(self.rng.random() * hours)

    def _add_grade(self, batch: ActivityBatch, user_id: int, grade: float, enrolled: int) -> None:
        passed = grade >= PASS_MARK
        at = self.past.hours_ago(self._some_time_since(enrolled))
        batch.grades.append((user_id, self.course.key, grade, "Pass" if passed else "", at if passed else None, at, at))

    def _add_details(self, batch: ActivityBatch, user_id: int, grade: float | None, enrolled: int, mode: str) -> None:
        rng, key = self.rng, self.course.key
        if rng.random() < 0.6:
            share = round(min(max((grade or 0.0) + rng.gauss(0, 0.15), 0.0), 1.0), 4)
            batch.progress.append((user_id, key, share, self.plan.now))
        if grade is not None and grade >= PASS_MARK and mode != "audit":
            status = "downloadable" if rng.random() < 0.9 else "unverified"
            at = self.past.hours_ago(self._some_time_since(enrolled))
            batch.certificates.append((user_id, key, status, mode, at, at))
        if grade is not None and rng.random() < 0.1:
            self._add_subsection_grades(batch, user_id, enrolled)
        if rng.random() < 0.2:
            self._add_completions(batch, user_id, enrolled)

    def _add_subsection_grades(self, batch: ActivityBatch, user_id: int, enrolled: int) -> None:
        at = self.past.hours_ago(self._some_time_since(enrolled))
        for name in SUBSECTIONS:
            # A subsection without points happens: dividing by it must not.
            possible = 0.0 if self.rng.random() < 0.03 else 10.0
            earned = min(float(self.rng.randint(0, 10)), possible)
            batch.subsection_grades.append(
                (
                    *(user_id, self.course.key, self.course.block("sequential", name)),
                    *(earned, possible, earned, possible, at, self.visible_blocks_hash, at, at),
                )
            )

    def _add_completions(self, batch: ActivityBatch, user_id: int, enrolled: int) -> None:
        for name in PROBLEMS[: self.rng.randint(1, len(PROBLEMS))]:
            at = self.past.hours_ago(self._some_time_since(enrolled))
            done = 0.0 if self.rng.random() < 0.05 else 1.0
            block = self.course.block("problem", name)
            batch.completions.append((user_id, self.course.key, block, "problem", done, at, at))
