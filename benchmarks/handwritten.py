"""The yardstick: the SQL that somebody who knows the tables would write for one rule, and nothing else.

It reads, compares and writes; it checks nothing and records no run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from pyroaring import BitMap

from .cases import PARAMETERS, Case
from .world import instant

_MEMBERSHIP = "openedx_user_groups_membership"
_HISTORY = "openedx_user_groups_membershipchange"
_TRIGGER = connection.ops.quote_name("trigger")  # A reserved word of MySQL.
_CHUNK = 5_000
_SAMPLE = 25


@dataclass(frozen=True)
class Form:
    """One way to write the same SELECT: its first words, and all from FROM on."""

    name: str
    select: str
    source: str


def forms(case: Case) -> list[Form]:
    """The ways that are worth trying; which one is best differs with the size of the course and the database."""
    enrolled = "e.course_id = %(course)s AND e.is_active = TRUE"
    active = "u.username NOT LIKE %(retired)s"
    where = f"WHERE {enrolled} AND {active} AND {case.conditions[0]}"
    rest = _joined(case.needs_profile)
    accounts = f"SELECT 1 FROM auth_user u WHERE u.id = e.user_id AND {active} AND {case.account}"
    written = [
        Form(
            "joins",
            "SELECT",
            f"FROM student_courseenrollment e JOIN auth_user u ON u.id = e.user_id {rest} {where}",
        ),
        Form(
            "subqueries",
            "SELECT",
            f"FROM student_courseenrollment e WHERE {enrolled} AND EXISTS ({accounts}) AND {case.subqueries}",
        ),
    ]
    if connection.vendor == "mysql":
        source = f"FROM auth_user u JOIN student_courseenrollment e ON e.user_id = u.id {rest} {where}"
        written.append(Form("joins, accounts first", "SELECT STRAIGHT_JOIN", source))
    return written


def _joined(needs_profile: bool) -> str:
    return (
        f"{'' if needs_profile else 'LEFT '}JOIN auth_userprofile p ON p.user_id = e.user_id "
        "LEFT JOIN grades_persistentcoursegrade g ON g.course_id = e.course_id AND g.user_id = e.user_id"
    )


class Handwritten:
    """One rule in one course, written in one form, for one group."""

    def __init__(self, case: Case, form: Form, course_key: str, group_id: int) -> None:
        self.case, self.form = case, form
        self.group_id = group_id
        self.parameters = {**PARAMETERS, "course": course_key, "group": group_id, "now": instant()}

    def count(self) -> int:
        """How many match."""
        return self._all(f"{self.form.select} COUNT(*) {self.form.source}")[0][0]

    def stream(self) -> int:
        """Read the ids of all that match, and keep none."""
        return sum(len(rows) for rows in self._stream(f"{self.form.select} e.user_id {self.form.source}"))

    def ids(self) -> BitMap:
        """The ids of all that match, kept."""
        return self._bitmap(f"{self.form.select} e.user_id {self.form.source}")

    def members(self) -> BitMap:
        """The present members."""
        return self._bitmap(f"SELECT user_id FROM {_MEMBERSHIP} WHERE user_group_id = %(group)s")

    def preview(self) -> tuple[tuple[int, ...], list[tuple[int, str]]]:
        """The size of the universe and the count of every node in one pass, and the first learners that match."""
        sums = ", ".join(f"COUNT(CASE WHEN {condition} THEN 1 END)" for condition in self.case.conditions)
        everybody = (
            f"FROM student_courseenrollment e JOIN auth_user u ON u.id = e.user_id {_joined(False)} "
            "WHERE e.course_id = %(course)s AND e.is_active = TRUE AND u.username NOT LIKE %(retired)s"
        )
        counts = self._all(f"SELECT COUNT(*), {sums} {everybody}")[0]
        sample = self._all(
            f"SELECT e.user_id, u.username {everybody} AND {self.case.conditions[0]} ORDER BY e.user_id LIMIT {_SAMPLE}"
        )
        return counts, list(sample)

    @transaction.atomic
    def fill_memberships(self) -> None:
        """INSERT ... SELECT of the memberships alone, without any history."""
        self._run(
            f"INSERT INTO {_MEMBERSHIP} (user_group_id, user_id, joined_at, origin) "
            f"{self.form.select} %(group)s, e.user_id, %(now)s, 'manual' {self.form.source}"
        )

    @transaction.atomic
    def fill(self) -> None:
        """INSERT ... SELECT of the memberships, and of the same rows of history from them."""
        self.fill_memberships()
        self._run(
            f"INSERT INTO {_HISTORY} (user_group_id, user_id, kind, at, rule_version, {_TRIGGER}) "
            f"SELECT user_group_id, user_id, 'added', joined_at, 1, 'manual' FROM {_MEMBERSHIP} "
            "WHERE user_group_id = %(group)s"
        )

    @transaction.atomic
    def refresh_in_sql(self) -> None:
        """The difference without leaving the database: insert who is missing, delete who no longer matches."""
        member = f"SELECT 1 FROM {_MEMBERSHIP} m WHERE m.user_group_id = %(group)s AND m.user_id = e.user_id"
        self._run(
            f"INSERT INTO {_MEMBERSHIP} (user_group_id, user_id, joined_at, origin) "
            f"{self.form.select} %(group)s, e.user_id, %(now)s, 'manual' {self.form.source} AND NOT EXISTS ({member})"
        )
        self._run(
            f"DELETE FROM {_MEMBERSHIP} WHERE user_group_id = %(group)s "
            f"AND user_id NOT IN (SELECT e.user_id {self.form.source})"
        )

    @transaction.atomic
    def refresh(self) -> None:
        """Read who matches and who is a member, and write the difference with its history."""
        wanted, present = self.ids(), self.members()
        self._write(list(wanted - present), list(present - wanted))

    def _write(self, added: Sequence[int], removed: Sequence[int]) -> None:
        """Two rows of text for a learner, without a look at any other table."""
        for chunk in _chunks(removed):
            self._run(f"DELETE FROM {_MEMBERSHIP} WHERE user_group_id = %(group)s AND user_id IN ({_listed(chunk)})")
        for chunk in _chunks(added):
            rows = ", ".join(f"(%(group)s, {user_id}, %(now)s, 'manual')" for user_id in chunk)
            self._run(f"INSERT INTO {_MEMBERSHIP} (user_group_id, user_id, joined_at, origin) VALUES {rows}")
        for kind, ids in (("removed", removed), ("added", added)):
            for chunk in _chunks(ids):
                rows = ", ".join(f"(%(group)s, {user_id}, '{kind}', %(now)s, 1, 'manual')" for user_id in chunk)
                self._run(
                    f"INSERT INTO {_HISTORY} (user_group_id, user_id, kind, at, rule_version, {_TRIGGER}) VALUES {rows}"
                )

    def empty(self) -> None:
        """Take everybody out of the group, and its history away."""
        for table in (_MEMBERSHIP, _HISTORY):
            self._run(f"DELETE FROM {table} WHERE user_group_id = %(group)s")

    def _bitmap(self, sql: str) -> BitMap:
        found = BitMap()
        for rows in self._stream(sql):
            found.update([row[0] for row in rows])
        return found

    def _run(self, sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.parameters)

    def _all(self, sql: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.parameters)
            return cursor.fetchall()

    def _stream(self, sql: str) -> Iterator[Sequence[tuple[int]]]:
        with closing(_unbuffered_cursor()) as cursor:
            cursor.execute(sql, self.parameters)
            while rows := cursor.fetchmany(20_000):
                yield rows


def _unbuffered_cursor() -> Any:
    connection.ensure_connection()
    if connection.vendor != "mysql":
        return connection.chunked_cursor()
    from MySQLdb.cursors import SSCursor

    return connection.connection.cursor(SSCursor)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
