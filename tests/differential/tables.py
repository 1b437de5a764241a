"""The plain rows of which a world consists, and what they say of courses and organizations.

No database and no model: this is what the oracle looks at. Inventing worlds is ``worlds``' affair, storing them
``writer``'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

RETIRED_PREFIX = "retired__user_"
PREFERRED_LANGUAGE = "pref-lang"
Definition = dict[str, Any]


@dataclass
class User:
    """An account."""

    id: int
    username: str
    email: str
    date_joined: datetime
    last_login: datetime | None = None
    is_active: bool = True


@dataclass
class Profile:
    """What a user says of themselves, with the languages they speak."""

    user: int
    country: str | None = None
    gender: str | None = None
    level_of_education: str | None = None
    year_of_birth: int | None = None
    languages: list[str] = field(default_factory=list)


@dataclass
class Preference:
    """A setting of a user."""

    user: int
    key: str
    value: str


@dataclass
class Enrollment:
    """A user in a course; leaving it keeps the row."""

    user: int
    course: str
    created: datetime | None
    is_active: bool
    mode: str


@dataclass
class CourseGrade:
    """The grade in a course, a fraction."""

    user: int
    course: str
    percent: float
    passed: datetime | None = None


@dataclass
class SubsectionGrade:
    """Points earned and possible in a subsection."""

    user: int
    course: str
    subsection: str
    earned: float
    possible: float


@dataclass
class Certificate:
    """A certificate in one of its states."""

    user: int
    course: str
    status: str


@dataclass
class Completion:
    """How far a block was completed, and when that was last written."""

    user: int
    course: str
    block: str
    completion: float
    modified: datetime


@dataclass
class Cohort:
    """A cohort of a course."""

    id: int
    course: str


@dataclass
class CohortMember:
    """A user in a cohort."""

    user: int
    cohort: int


@dataclass
class Team:
    """A team of a course."""

    slug: str
    course: str


@dataclass
class TeamMember:
    """A user in a team."""

    user: int
    team: str


@dataclass
class Role:
    """An access role in a course, or in an organization where the course is empty."""

    user: int
    org: str
    course: str
    role: str


@dataclass
class Progress:
    """The computed progress in a course, a fraction."""

    user: int
    course: str
    percent: float


@dataclass
class World:
    """Everything there is. ``courses`` maps a course to its organization; ``links`` give it a further one."""

    courses: dict[str, str]
    links: list[tuple[str, str]] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    preferences: list[Preference] = field(default_factory=list)
    modes: list[tuple[str, str]] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    grades: list[CourseGrade] = field(default_factory=list)
    subsections: list[SubsectionGrade] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)
    cohorted: dict[str, bool] = field(default_factory=dict)
    cohorts: list[Cohort] = field(default_factory=list)
    cohort_members: list[CohortMember] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    team_members: list[TeamMember] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)


@dataclass(frozen=True)
class Scope:
    """Whom a rule may speak of."""

    type: str
    key: str = ""


def courses_of(world: World, scope: Scope) -> set[str]:
    """Return the courses that a course or organization scope is about."""
    if scope.type == "course":
        return {scope.key}
    own = {course for course, org in world.courses.items() if org == scope.key}
    return own | {course for course, org in world.links if org == scope.key}
