"""Makes the database equal to a world, without touching anything that does not come from the dataset.

Rows that exist are brought up to date, missing ones are inserted, and rows of the dataset's learners in the dataset's
courses that the world does not contain are removed. So loading twice, or another day, leaves exactly that world.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from sandbox import tables
from sandbox.accounts import ids_by_username, remove_users
from sandbox.bulk import Row, Table, delete_rows, insert_rows, select_rows
from sandbox.oulad.records import COURSE_PREFIX, ORGANIZATION, World
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.organizations.models import Organization
from sandbox.progress import Progress

# How the usernames of the dataset's accounts begin, and the pattern of what follows.
LEARNERS = ("oulad_", r"\d+")
STAFF = ("staff_", r"[^_]+_[^_]+")
MODE_NAMES = {"audit": "Audit", "verified": "Verified"}


class WorldWriter:
    """Writes one world."""

    def __init__(self, world: World, password: str, progress: Progress) -> None:
        """Write `world`; the staff accounts get `password`."""
        self.world = world
        self.password = password
        self.progress = progress
        self.course_keys = [course.key for course in world.courses]
        self.user_ids: dict[str, int] = {}
        # Learners who are in the database before or after: whose rows this writer may remove.
        self.owned_ids: set[int] = set()

    @transaction.atomic
    def write(self) -> None:
        """Write everything, or nothing."""
        self._write_courses()
        self._write_staff()
        self._write_learners()
        self._write_records()

    def _upsert(self, label: str, table: Table, rows: Sequence[Row]) -> None:
        with self.progress.task(label, len(rows)) as advance:
            insert_rows(table, rows, advance, upsert=True)

    # Courses

    def _write_courses(self) -> None:
        now = self.world.now
        insert_rows(tables.ORGANIZATIONS, [(ORGANIZATION, ORGANIZATION, now, now, True)], upsert=True)
        organization = Organization.objects.get(short_name=ORGANIZATION)
        overviews = [
            (course.key, ORGANIZATION, ORGANIZATION, course.name, course.start, course.end, now, now)
            for course in self.world.courses
        ]
        self._upsert("courses", tables.OVERVIEWS, overviews)
        insert_rows(
            tables.ORGANIZATION_COURSES, [(key, organization.pk, now, now) for key in self.course_keys], upsert=True
        )
        modes = sorted({(enrollment.course, enrollment.mode) for enrollment in self.world.enrollments})
        insert_rows(tables.MODES, [(key, mode, MODE_NAMES[mode], "usd") for key, mode in modes], upsert=True)
        self._remove_other(tables.MODES, ("course_id", "mode_slug"), set(modes))
        self._remove_other(tables.ORGANIZATION_COURSES, ("course_id",), {(key,) for key in self.course_keys})
        known = {key for (key,) in select_rows(tables.OVERVIEWS, ("id",)) if key.startswith(COURSE_PREFIX)}
        CourseOverview.objects.filter(pk__in=known.difference(self.course_keys)).delete()

    def _remove_other(self, table: Table, columns: tuple[str, ...], wanted: set[tuple[Any, ...]]) -> None:
        """Remove the rows of the dataset's courses whose columns, the course first, are not wanted."""
        rows = select_rows(table, ("id", *columns), f"{table.quoted(columns[0])} LIKE %s", [f"{COURSE_PREFIX}%"])
        delete_rows(table, [row[0] for row in rows if row[1:] not in wanted])

    # People

    def _write_staff(self) -> None:
        """Give each course an account that may manage its groups."""
        # Hashing a password takes as long as loading a course: every account shares one hash. Its salt is fixed, so
        # that loading again changes nothing.
        hashed = make_password(self.password, salt=ORGANIZATION)
        staff = [
            (course.staff_username, f"{course.staff_username}@example.com", hashed, None, course.start)
            for course in self.world.courses
        ]
        self._remove_other_staff({row[0] for row in staff})
        insert_rows(tables.USERS, staff, upsert=True)
        ids = ids_by_username(*STAFF)
        roles = [(ids[course.staff_username], ORGANIZATION, course.key, "staff") for course in self.world.courses]
        insert_rows(tables.ROLES, roles, upsert=True)

    @staticmethod
    def _remove_other_staff(wanted: set[str]) -> None:
        """Remove the staff accounts of courses that are no longer there, and no other account of such a name."""
        roles = select_rows(tables.ROLES, ("user_id", "course_id"))
        staff = {user for user, course in roles if course.startswith(COURSE_PREFIX)}
        remove_users({pk for name, pk in ids_by_username(*STAFF).items() if name not in wanted and pk in staff})

    def _write_learners(self) -> None:
        learners = self.world.learners
        before = ids_by_username(*LEARNERS)
        wanted = {learner.username for learner in learners}
        remove_users({pk for name, pk in before.items() if name not in wanted})
        accounts = [
            (who.username, f"{who.username}@example.com", tables.UNUSABLE_PASSWORD, who.last_login, who.date_joined)
            for who in learners
        ]
        self._upsert("learners", tables.USERS, accounts)
        self.user_ids = ids_by_username(*LEARNERS)
        self.owned_ids = {*before.values(), *self.user_ids.values()}
        profiles = [
            (self.user_ids[who.username], who.gender, who.education, who.year_of_birth, who.country, who.city)
            for who in learners
        ]
        self._upsert("profiles", tables.PROFILES, profiles)

    # What learners did

    def _write_records(self) -> None:
        world, ids, now = self.world, self.user_ids, self.world.now
        self._sync(
            "enrollments",
            tables.ENROLLMENTS,
            ("user_id", "course_id"),
            ((ids[r.username], r.course, r.created, r.is_active, r.mode) for r in world.enrollments),
        )
        self._sync(
            "grades",
            tables.GRADES,
            ("user_id", "course_id"),
            (
                (ids[r.username], r.course, r.percent, "Pass" if r.passed else "", now if r.passed else None, now, now)
                for r in world.grades
            ),
        )
        self._sync(
            "progress",
            tables.PROGRESS,
            ("user_id", "course_key"),
            ((ids[r.username], r.course, r.percent, now) for r in world.progress),
        )
        self._sync(
            "completions",
            tables.COMPLETIONS,
            ("user_id", "context_key", "block_key"),
            ((ids[r.username], r.course, r.block, "problem", 1.0, r.at, r.at) for r in world.completions),
        )

    def _sync(self, label: str, table: Table, key: tuple[str, ...], rows: Iterable[Row]) -> None:
        """Make the table's rows of the dataset's learners in its courses equal to `rows`, which start with `key`."""
        wanted = list(rows)
        keys = {tuple(row[: len(key)]) for row in wanted}
        where = f"{table.quoted(key[1])} LIKE %s"
        existing = select_rows(table, ("id", *key), where, [f"{COURSE_PREFIX}%"])
        delete_rows(table, [row[0] for row in existing if row[1] in self.owned_ids and row[1:] not in keys])
        self._upsert(label, table, wanted)
