"""Explanations of real learners, through HTTP: ten rules in five courses, held against the CSV files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .expected import Student
from .questions import QUESTIONS, criterion, post, staff_of

COURSES = [f"course-v1:OULAD+{name}" for name in ("AAA+2013J", "BBB+2013J", "CCC+2014B", "DDD+2014J", "GGG+2014J")]
#: Of each course and rule, so many learners who match and so many who do not.
LEARNERS = 3

#: Ten rules: how the criteria are combined, and which of the questions they are.
RULES: list[tuple[str, tuple[int, ...]]] = [
    ("all", (0, 6)),
    ("any", (0, 6)),
    ("all", (3, 10)),
    ("all", (4, 13)),
    ("any", (5, 22)),
    ("all", (7, 15, 17)),
    ("any", (11, 12, 18)),
    ("all", (19, 16)),
    ("all", (20, 21)),
    ("any", (14, 9)),
]

#: The value of a student that each type shows: in percent, in days, as a code.
VALUES: dict[str, Callable[[Student], Any]] = {
    "last_login": lambda s: s.login_days_ago,
    "course_grade": lambda s: s.grade * 100 if s.graded else None,
    "country": lambda s: s.country,
    "gender": lambda s: s.gender,
    "level_of_education": lambda s: s.education,
    "year_of_birth": lambda s: s.year_of_birth,
    "enrollment_track": lambda s: s.mode,
    "enrollment_date": lambda s: s.enrolled_days_ago,
    "last_course_activity": lambda s: s.activity_days_ago,
    "course_progress": lambda s: None if s.progress is None else s.progress * 100,
}


@pytest.mark.parametrize("course", COURSES)
def test_ten_rules(oulad, expected, course):
    client, checked = staff_of(course), 0
    for combine, indexes in RULES:
        questions = [QUESTIONS[index] for index in indexes]
        tests = [test for _type, _config, test in questions]
        nodes = [criterion(question) for question in questions]
        body = {"scope": {"type": "course", "key": course}, "rule": {"combine": combine, "nodes": nodes}}
        for name, student in _some(expected[course], combine, tests):
            answer = post(client, "explanations/", body | {"learner": name})
            verdicts = [test(student) for test in tests]
            assert answer["matches"] == _combined(combine, verdicts)
            assert [node["matches"] for node in answer["nodes"][1:]] == verdicts
            for node in answer["nodes"][1:]:
                _check_value(node["criterion"], student)
            checked += 1
    assert checked >= len(RULES) * LEARNERS


def _combined(combine: str, verdicts: list[bool]) -> bool:
    return all(verdicts) if combine == "all" else any(verdicts)


def _some(students: dict[str, Student], combine: str, tests: list[Any]) -> list[tuple[str, Student]]:
    """A few who match and a few who do not."""
    chosen: dict[bool, list[tuple[str, Student]]] = {True: [], False: []}
    for name, student in sorted(students.items()):
        side = chosen[_combined(combine, [test(student) for test in tests])]
        if len(side) < LEARNERS:
            side.append((name, student))
    return [*chosen[True], *chosen[False]]


def _check_value(found: dict[str, Any], student: Student) -> None:
    """The value, and the distance to what it is compared with."""
    if found["type"] not in VALUES:
        return
    value = VALUES[found["type"]](student)
    shown = [item["value"] for item in found["values"]]
    assert shown == ([] if value is None else [pytest.approx(value)]), found
    counted = 0.0 if value is None and found["counts_as"] else value
    if found["distance"] is not None:
        threshold = found["distance"]["threshold"]["value"]
        assert found["distance"]["difference"] == pytest.approx(counted - threshold)
