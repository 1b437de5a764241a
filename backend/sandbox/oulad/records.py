"""What a loaded world consists of: plain records, named by username and course key, without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

ORGANIZATION = "OULAD"
COURSE_PREFIX = f"course-v1:{ORGANIZATION}+"


class Course(NamedTuple):
    """A course that stands for one presentation."""

    key: str
    name: str
    start: datetime
    end: datetime
    staff_username: str


class Learner(NamedTuple):
    """An account with its profile."""

    username: str
    last_login: datetime | None
    date_joined: datetime
    gender: str
    education: str
    year_of_birth: int
    country: str
    city: str


class Enrollment(NamedTuple):
    """A learner in a course."""

    username: str
    course: str
    created: datetime
    is_active: bool
    mode: str


class Grade(NamedTuple):
    """A learner's grade in a course, as a fraction."""

    username: str
    course: str
    percent: float
    passed: bool


class Progress(NamedTuple):
    """The share of a course's due assessments that a learner has submitted."""

    username: str
    course: str
    percent: float


class Completion(NamedTuple):
    """A submitted assessment, as a completed block."""

    username: str
    course: str
    block: str
    at: datetime


@dataclass
class World:
    """Everything that is true at the instant `now`."""

    now: datetime
    courses: list[Course] = field(default_factory=list)
    learners: list[Learner] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    grades: list[Grade] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)
