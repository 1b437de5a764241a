"""The numbers of a full preview in hand-written SQL: one pass with a conditional sum for each, and the first learners.

The numbers are those of the product: how many match each node, the running count after each node, and how many match
without each criterion. A sum that is the same as another one is written once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from openedx_user_groups.data import Preview

from .cases import CASES, PARAMETERS
from .world import instant

SAMPLE = 25
_PARAMETERS = {**PARAMETERS, "enrolled": instant() - timedelta(days=3)}
_FOUR = CASES[0]


@dataclass(frozen=True)
class PreviewCase:
    """A rule of which all must hold, and the condition of each criterion over the joined rows.

    The rows: ``e`` the enrollment, ``u`` the account, and, where there are any, ``p`` the profile, ``g`` the grade.
    """

    name: str
    title: str
    definition: dict[str, Any]
    conditions: tuple[str, ...]


def _criterion(slug: str, operator: str, **config: Any) -> dict[str, Any]:
    return {"kind": "criterion", "type": slug, "config": {"operator": operator, **config}}


_MORE = (
    (_criterion("gender", "in", genders=["f", "m", "o"]), "p.gender IN ('f', 'm', 'o')"),
    (
        _criterion("level_of_education", "in", levels=["b", "m", "hs", "a", "p"]),
        "p.level_of_education IN ('b', 'm', 'hs', 'a', 'p')",
    ),
    (_criterion("year_of_birth", ">=", year=1950), "p.year_of_birth >= 1950"),
    (
        _criterion("enrollment_track", "in", modes=["audit", "verified", "honor"]),
        "e.mode IN ('audit', 'verified', 'honor')",
    ),
    (_criterion("enrollment_date", ">", days=3), "e.created < %(enrolled)s"),
    (_criterion("course_passed", "not_exists"), "g.passed_timestamp IS NULL"),
)

PREVIEW_CASES = (
    PreviewCase("four", _FOUR.title, _FOUR.definition, _FOUR.conditions[1:]),
    PreviewCase(
        "ten",
        f"ten conditions: the {_FOUR.title}; gender, level of education, year of birth, track, enrollment, not passed",
        {**_FOUR.definition, "nodes": [*_FOUR.definition["nodes"], *(leaf for leaf, _sql in _MORE)]},
        (*_FOUR.conditions[1:], *(sql for _leaf, sql in _MORE)),
    ),
)

Numbers = list[tuple[int, int | None, int | None]]


class HandwrittenPreview:
    """One rule in one course, in one form of the statement."""

    def __init__(self, case: PreviewCase, form: str, course_key: str) -> None:
        self.case, self.form = case, form
        self._parameters = {**_PARAMETERS, "course": course_key}
        self._wanted = _wanted(len(case.conditions))
        self._sums = list(dict.fromkeys(together for numbers in self._wanted for together in numbers if together))

    def preview(self) -> tuple[int, Numbers, list[tuple[int, str]]]:
        """The size of the universe, the numbers of every node, and the first learners who match."""
        universe, *sums = self._all(self._counting())[0]
        found = dict(zip(self._sums, map(int, sums), strict=True))
        numbers: Any = [tuple(found[one] if one else None for one in node) for node in self._wanted]
        conditions = " AND ".join(f"({condition})" for condition in self.case.conditions)
        sample = f"SELECT e.user_id, u.username {_ROWS} AND {conditions} ORDER BY e.user_id LIMIT {SAMPLE}"
        return universe, numbers, list(self._all(sample))

    def _counting(self) -> str:
        if self.form == "derived table":
            # A limit keeps the database from dissolving it: each condition is worked out once a row.
            columns = ", ".join(f"({sql}) IS TRUE AS c{index}" for index, sql in enumerate(self.case.conditions))
            source = f"FROM (SELECT {columns} {_ROWS} LIMIT 18446744073709551615) answers"
            names = [f"c{index}" for index in range(len(self.case.conditions))]
        else:
            source, names = _ROWS, [f"({condition})" for condition in self.case.conditions]
        sums = (f"COUNT(CASE WHEN {' AND '.join(names[i] for i in sorted(one))} THEN 1 END)" for one in self._sums)
        hint = "STRAIGHT_JOIN " if self.form == "in this order" else ""
        return f"SELECT {hint}COUNT(*), {', '.join(sums)} {source}"

    def _all(self, sql: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self._parameters)
            return list(cursor.fetchall())


_ROWS = (
    "FROM student_courseenrollment e JOIN auth_user u ON u.id = e.user_id "
    "LEFT JOIN auth_userprofile p ON p.user_id = e.user_id "
    "LEFT JOIN grades_persistentcoursegrade g ON g.course_id = e.course_id AND g.user_id = e.user_id "
    "WHERE e.course_id = %(course)s AND e.is_active = TRUE AND u.username NOT LIKE %(retired)s"
)


def forms() -> list[str]:
    """The ways that are worth trying."""
    return ["joins", "derived table", *(["in this order"] if connection.vendor == "mysql" else [])]


def _wanted(criteria: int) -> list[tuple[frozenset[int] | None, ...]]:
    """For each node the criteria that hold together: for its count, the running count, and without it."""
    every = frozenset(range(criteria))
    return [(every, None, None), *(_of(index, every) for index in range(criteria))]


def _of(index: int, every: frozenset[int]) -> tuple[frozenset[int] | None, ...]:
    return frozenset([index]), frozenset(range(index + 1)), every - {index}


def numbers_of(preview: Preview) -> tuple[int | None, Numbers, list[tuple[int, str]]]:
    """A preview of the product in the same shape."""
    return preview.universe, list(_nodes(preview)), [(one.user_id, one.username) for one in preview.sample]


def _nodes(preview: Preview) -> Iterator[tuple[int, int | None, int | None]]:
    for node in preview.nodes:
        yield node.count, node.running, node.without
