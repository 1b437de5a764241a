"""The database that is measured: made and filled when it is not there yet, used again when it is.

Two million accounts, of which a thousand, a hundred thousand and a million are active in one course each. What is
measured on it is decided elsewhere.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection

from sandbox.platform.student.models import CourseEnrollment

#: The sizes of the three courses that are measured.
SIZES = (1_000, 100_000, 1_000_000)
_SEED, _COURSES = 1, 40
_NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
_ANALYZED = ("auth_user", "auth_userprofile", "student_courseenrollment", "grades_persistentcoursegrade")


def instant() -> datetime:
    """The present of the data."""
    return _NOW


@dataclass(frozen=True)
class World:
    """How many accounts there are. Courses that would not leave anybody outside are left out."""

    users: int = 2_000_000

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the courses that can be measured."""
        return tuple(size for size in SIZES if size < self.users)

    def course_key(self, size: int) -> str:
        """The key of the course with so many active learners."""
        return f"course-v1:Synthetic+C{SIZES.index(size) + 1}+2026"

    def prepare(self) -> None:
        """Make sure that the database exists, holds the learners, and has fresh tables for the groups."""
        _create_database()
        _claim_database()
        _drop_group_tables()
        call_command("migrate", verbosity=0)
        if not User.objects.exists():
            self._load()
        for size in self.sizes:
            active = CourseEnrollment.objects.filter(course_id=self.course_key(size), is_active=True).count()
            if active != size:
                sys.exit(f"{self.course_key(size)} has {active:,} active learners instead of {size:,}. {_OTHER_DATA}")

    def _load(self) -> None:
        print(f"Inventing {self.users:,} learners: this takes minutes, once.", file=sys.stderr)
        call_command(
            "make_learners",
            learners=self.users,
            courses=_COURSES,
            seed=_SEED,
            course_sizes=",".join(map(str, self.sizes)),
            only="core",
            now=_NOW.isoformat(),
            stdout=sys.stderr,  # The report is what goes to the standard output.
        )
        with connection.cursor() as cursor:
            for table in _ANALYZED:
                cursor.execute(f"ANALYZE {'TABLE' if connection.vendor == 'mysql' else ''} {table}")


_OTHER_DATA = (
    "The database holds something else, or loading it was interrupted: name another one with --database, or drop it."
)


def _create_database() -> None:
    try:
        connection.ensure_connection()
    except OperationalError:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        collation = " CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci" if connection.vendor == "mysql" else ""
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}{collation}")


def _claim_database() -> None:
    """Keep this database to ourselves until the process ends: two runs would drop each other's tables."""
    query = "SELECT GET_LOCK(DATABASE(), 0)" if connection.vendor == "mysql" else "SELECT pg_try_advisory_lock(1)"
    with connection.cursor() as cursor:
        cursor.execute(query)
        if not cursor.fetchone()[0]:
            sys.exit("Another benchmark is running on this database.")


def _drop_group_tables() -> None:
    """Leave nothing of earlier runs: their history would weigh on the figures, their columns may be out of date."""
    tables = [name for name in connection.introspection.table_names() if name.startswith("openedx_user_groups")]
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)} CASCADE")
        try:
            cursor.execute("DELETE FROM django_migrations WHERE app LIKE %s", ["openedx_user_groups%"])
        except DatabaseError:
            return  # Nothing was ever migrated here.
