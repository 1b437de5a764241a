"""Random worlds, full of the values that go wrong: missing ones, near misses, boundaries, time zones, duplicates.

Everything is drawn from one ``random.Random``, so that a seed is a world. A value is only nasty if the platform's
tables can hold it on every database: columns are compared without case on MySQL, so no learner has two rows that differ
in case alone. What rules ask of a world is ``rules``' affair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.differential import comparing, tables

COURSES = {
    "course-v1:OrgA+C1+R": "OrgA",
    "course-v1:OrgA+C2+R": "OrgA",
    "course-v1:OrgA2+C1+R": "OrgA2",
    # The underscore is any character to a careless LIKE.
    "course-v1:Or_g+C1+R": "Or_g",
    "course-v1:OrXg+C1+R": "OrXg",
}
MAIN = "course-v1:OrgA+C1+R"

# Days on which clocks change, a leap day, the turn of a year; zones with whole, half and odd offsets, and one whose
# clocks used to change at midnight.
MOMENTS = (
    (datetime(2024, 3, 31, 0, 30, tzinfo=UTC), "Europe/Madrid"),
    (datetime(2024, 4, 1, 12, tzinfo=UTC), "Europe/Madrid"),
    (datetime(2023, 10, 29, 23, 30, 0, 1, tzinfo=UTC), "Europe/Madrid"),
    (datetime(2024, 3, 1, tzinfo=UTC), "UTC"),
    (datetime(2026, 1, 31, 12, tzinfo=UTC), "UTC"),
    (datetime(2025, 1, 1, 3, 59, 59, 999999, tzinfo=UTC), "America/New_York"),
    (datetime(2018, 11, 5, 1, tzinfo=UTC), "America/Sao_Paulo"),
    (datetime(2018, 2, 19, 1, tzinfo=UTC), "America/Sao_Paulo"),
    (datetime(2024, 2, 29, 18, 15, tzinfo=UTC), "Asia/Kathmandu"),
    (datetime(2024, 12, 31, 23, 0, tzinfo=UTC), "Pacific/Auckland"),
)
DAYS = (0, 1, 2, 7, 10, 11, 30, 365)
SHARES = (0, 0.01, 7, 14, 28.57, 29, 33.33, 39.99, 40, 50, 55, 57, 58, 99.99, 100)

COUNTRIES = (None, "", "US", "us", "U", "ES", "es", "FR", "IE", "XX", "  ", "\t")
GENDERS = (None, "", "f", "m", "o", "F", "f ", "M", "x", " ")
LEVELS = (None, "", "p", "P", "m", "b", "a", "hs", "HS", "none", "other", "p_se", "pxse", "p ", "  ")
LANGUAGES = ("en", "es", "fr", "pt-br", "EN", "es ", "pt_br", "PT-BR", "e", "english", " ")
MODES = ("audit", "verified", "honor", "Audit", "audit ", "no-id-professional")
OFFERED_MODES = ("audit", "verified", "honor", "no-id-professional")
STATUSES = ("downloadable", "notpassing", "unavailable", "deleted", "Downloadable", "downloadable ", "generating")
ROLES = ("staff", "instructor", "beta_testers", "limited_staff", "Staff", "staff ", "support")
DOMAINS = (
    "example.org",
    "EXAMPLE.org",
    "sub.example.org",
    "a.b.Example.Org",
    "notexample.org",
    "exampleXorg",
    "example.org.uk",
    "exämple.org",
    "example.com",
    "org",
    "localhost",
    "example.org ",
)


@dataclass(frozen=True)
class Calendar:
    """The instant of all evaluations, the platform's time zone, and the instants and days that matter around it."""

    as_of: datetime
    zone: str

    def day(self, rng: Random) -> date:
        """Return a day near the instant, as clocks in the zone show it."""
        today = self.as_of.astimezone(ZoneInfo(self.zone)).date()
        return today - timedelta(days=rng.choice((-2, -1, 0, 0, 1, 1, 2, 3, 10, 30, 366)))

    def instant(self, rng: Random) -> datetime:
        """Return an instant: a boundary or next to one, in any direction, or some time or other."""
        nudge = timedelta(microseconds=rng.choice((-1, 0, 0, 1)))
        kind = rng.randrange(10)
        if kind < 4:
            return self.as_of - timedelta(days=rng.choice(DAYS)) + nudge
        if kind < 7:
            return datetime.combine(self.day(rng), time(), ZoneInfo(self.zone)).astimezone(UTC) + nudge
        if kind == 7:
            return self.as_of + rng.choice((timedelta(microseconds=1), timedelta(hours=5), timedelta(days=400)))
        return self.as_of - timedelta(seconds=rng.randrange(400 * 86_400), microseconds=rng.randrange(10**6))


@dataclass
class Scene:
    """A world at an instant."""

    world: tables.World
    calendar: Calendar


def make_scene(rng: Random, size: int) -> Scene:
    """Return a world of about ``size`` users."""
    calendar = Calendar(*rng.choice(MOMENTS))
    maker = _Maker(rng, calendar, tables.World(courses=dict(COURSES)))
    maker.fill(size)
    return Scene(maker.world, calendar)


def block(course: str, kind: str, name: str) -> str:
    """Return the usage key of a block of a course."""
    return f"block-v1:{course.removeprefix('course-v1:')}+type@{kind}+block@{name}"


def distinct(values: Sequence[str]) -> list[str]:
    """Return the values without those that MySQL's collations take for an earlier one."""
    seen: dict[str, str] = {}
    for value in values:
        seen.setdefault(value.lower().strip(), value)
    return list(seen.values())


def stored_share(rng: Random) -> float:
    """Return a fraction as a grade may be stored: on a threshold, a hair beside it, or anywhere."""
    share = comparing.fraction(rng.choice(SHARES))
    return rng.choice((share, share, math.nextafter(share, 2.0), math.nextafter(share, -1.0), rng.random(), 1 / 3, 0.0))


class _Maker:
    """Fills one world."""

    def __init__(self, rng: Random, calendar: Calendar, world: tables.World) -> None:
        self.rng, self.calendar, self.world = rng, calendar, world

    def fill(self, size: int) -> None:
        """Make the courses' own things, then everything of each user."""
        for index, course in enumerate(COURSES):
            self._course(index, course)
        if self._chance(0.3):
            self.world.links.append((MAIN, "OrXg"))
        # Some sites are so large that the choice of a plan looks further.
        user = self.rng.choice((1_001, 60_001))
        for _ in range(size):
            self._user(user)
            user += self.rng.choice((1, 1, 1, 70))

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _instant(self, missing: float) -> datetime | None:
        return None if self._chance(missing) else self.calendar.instant(self.rng)

    def _course(self, index: int, course: str) -> None:
        world = self.world
        world.modes += [(course, mode) for mode in OFFERED_MODES]
        if self._chance(0.85):
            world.cohorted[course] = course == MAIN or self._chance(0.5)
            if self._chance(0.2):
                world.cohorted[course] = False
        world.cohorts += [tables.Cohort(1_000 + 10 * index + number, course) for number in range(3)]
        world.teams += [tables.Team(f"team-{index}-{name}", course) for name in ("red", "blue", "unused")]

    def _user(self, user: int) -> None:
        world, rng = self.world, self.rng
        prefix = rng.choices(("u", tables.RETIRED_PREFIX, "retiredXXuserX"), (90, 7, 3))[0]
        world.users.append(
            tables.User(
                user,
                f"{prefix}{user}",
                self._email(user),
                self.calendar.instant(rng),
                self._instant(0.25),
                self._chance(0.88),
            )
        )
        self._person(user)
        self._memberships(user)
        for course in COURSES:
            self._learning(user, course, 0.75 if course == MAIN else 0.25)

    def _email(self, user: int) -> str:
        kind = self.rng.randrange(12)
        if kind == 0:
            return ""
        if kind == 1:
            return f"user{user}.example.org"
        local = f"user{user}@example.com" if kind == 2 else f"User{user}"
        return f"{local}@{self.rng.choice(DOMAINS)}"

    def _person(self, user: int) -> None:
        world, rng = self.world, self.rng
        if self._chance(0.85):
            year = rng.choice((None, None, 1900, 1969, 1970, 1999, 2000, 2001, 2100))
            spoken = distinct(rng.sample(LANGUAGES, rng.choice((0, 1, 1, 2, 3))))
            world.profiles.append(
                tables.Profile(user, rng.choice(COUNTRIES), rng.choice(GENDERS), rng.choice(LEVELS), year, spoken)
            )
        if self._chance(0.6):
            world.preferences.append(
                tables.Preference(user, tables.PREFERRED_LANGUAGE, rng.choice(("", "zh-cn", *LANGUAGES)))
            )
        if self._chance(0.2):
            world.preferences.append(tables.Preference(user, "pref-lang2", "en"))

    def _memberships(self, user: int) -> None:
        world, rng = self.world, self.rng
        for course, org in COURSES.items():
            if self._chance(0.4):
                cohort = rng.choice([row for row in world.cohorts if row.course == course][:2])
                world.cohort_members.append(tables.CohortMember(user, cohort.id))
            for team in [row for row in world.teams if row.course == course][:2]:
                if self._chance(0.2):
                    world.team_members.append(tables.TeamMember(user, team.slug))
            if self._chance(0.25):
                roles = distinct(rng.sample(ROLES, 2))
                place = rng.choice((course, course, ""))
                world.roles += [tables.Role(user, org, place, role) for role in roles]
        unique = {(row.org, row.course, row.role.lower().strip()): row for row in world.roles if row.user == user}
        world.roles = [row for row in world.roles if row.user != user] + list(unique.values())
        if self._chance(0.05):
            world.roles.append(tables.Role(user, "", "", "support"))

    def _learning(self, user: int, course: str, likely: float) -> None:
        world, rng = self.world, self.rng
        if self._chance(likely):
            world.enrollments.append(
                tables.Enrollment(user, course, self._instant(0.1), self._chance(0.8), rng.choice(MODES))
            )
        elif self._chance(0.7):
            return  # Grades and the like of people who never enrolled are rare, but exist.
        if self._chance(0.7):
            world.grades.append(tables.CourseGrade(user, course, stored_share(rng), self._instant(0.6)))
        if self._chance(0.5):
            world.certificates.append(tables.Certificate(user, course, rng.choice(STATUSES)))
        if self._chance(0.6):  # The one share that nothing but the project itself writes, and which is one.
            world.progress.append(tables.Progress(user, course, min(max(stored_share(rng), 0.0), 1.0)))
        for name in distinct(rng.sample(("s1", "S1", "s2"), rng.choice((0, 1, 2)))):
            world.subsections.append(
                tables.SubsectionGrade(user, course, block(course, "sequential", name), *self._points())
            )
        for name in distinct(rng.sample(("b1", "b2", "b3", "B1"), rng.choice((0, 1, 2, 3)))):
            share = rng.choice((1.0, 1.0, 1.0, 0.0, 0.5, math.nextafter(1.0, 0.0)))
            written = self.calendar.instant(rng)
            world.completions.append(tables.Completion(user, course, block(course, "problem", name), share, written))

    def _points(self) -> tuple[float, float]:
        possible = self.rng.choice((0.0, 0.0, 1.0, 3.0, 7.0, 10.0, 100.0))
        share = self.rng.choice((*SHARES, 120)) / 100
        earned: Any = self.rng.choice((share * possible, float(round(share * possible)), 0.0))
        return earned, possible
