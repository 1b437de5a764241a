"""What to invent: how many learners, in which courses, of which sizes. Nothing random is decided here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

ENROLLMENTS_PER_LEARNER = 2
# No course without given size holds more than this share of all learners, so that there is somebody outside it.
LARGEST_SHARE = 0.9


@dataclass(frozen=True)
class CourseSpec:
    """A course and the exact number of its active learners."""

    key: str
    name: str
    active: int

    def block(self, kind: str, name: str) -> str:
        """Return the usage key of a block of the course."""
        return f"block-v1:{self.key.removeprefix('course-v1:')}+type@{kind}+block@{name}"


@dataclass(frozen=True)
class Plan:
    """Everything that determines the data."""

    org: str
    username_prefix: str
    learners: int
    users_beyond: int
    courses: tuple[CourseSpec, ...]
    seed: int
    now: datetime
    core_only: bool = False

    @property
    def course_prefix(self) -> str:
        """How the keys of the plan's courses begin."""
        return f"course-v1:{self.org}+"

    @property
    def users(self) -> int:
        """The number of accounts, enrolled or not."""
        return self.learners + self.users_beyond


def course_sizes(learners: int, courses: int, given: Sequence[int]) -> list[int]:
    """Return the sizes of all courses: the given ones, then ever smaller ones.

    Learners have two enrollments each on average, unless the given sizes alone make more.
    """
    if learners < 1 or courses < 1:
        raise ValueError("There must be at least one learner and one course.")
    if len(given) > courses:
        raise ValueError(f"{len(given)} course sizes are given, but only {courses} courses.")
    if any(not 1 <= size <= learners for size in given):
        raise ValueError(f"A course size must be between 1 and the number of learners ({learners}).")
    remaining = max(ENROLLMENTS_PER_LEARNER * learners - sum(given), 0)
    weights = [1 / rank for rank in range(1, courses - len(given) + 1)]
    largest = max(int(learners * LARGEST_SHARE), 1)
    return [*given, *(min(max(int(remaining * weight / sum(weights)), 1), largest) for weight in weights)]


def numbered_courses(org: str, sizes: Sequence[int]) -> tuple[CourseSpec, ...]:
    """Return one course per size, named C1, C2, ..."""
    return tuple(
        CourseSpec(f"course-v1:{org}+C{number}+2026", f"Synthetic course {number}", size)
        for number, size in enumerate(sizes, start=1)
    )
