"""The main job on real learners, through HTTP as course staff: who that is, before and after saving, in all 22 courses.

The data is not part of the repository: ``OULAD_PATH`` names its folder. Without it these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from rest_framework.test import APIClient

from .expected import Student, students_on

DAY = 120
NOW = "2026-06-15T09:30:00Z"
BBB = "course-v1:OULAD+BBB+2013J"
API = "/api/user_group/v1"

Question = tuple[str, dict[str, Any], Callable[[Student], bool]]


def _within(value: float | None, test: Callable[[float], bool]) -> bool:
    return value is not None and test(value)


#: A criterion, and the same question asked of a student in plain Python.
QUESTIONS: list[Question] = [
    ("last_login", {"operator": ">", "days": 10}, lambda s: _within(s.login_days_ago, lambda d: d > 10)),
    ("last_login", {"operator": "<=", "days": 10}, lambda s: _within(s.login_days_ago, lambda d: d <= 10)),
    ("last_login", {"operator": "=", "days": 10}, lambda s: _within(s.login_days_ago, lambda d: d == 10)),
    ("last_login", {"operator": ">", "days": 10, "include_never": True},
     lambda s: s.login_days_ago is None or s.login_days_ago > 10),
    ("last_login", {"operator": "between", "days": {"from": 5, "to": 30}},
     lambda s: _within(s.login_days_ago, lambda d: 5 <= d <= 30)),
    ("last_login", {"operator": "not_exists"}, lambda s: s.login_days_ago is None),
    ("course_grade", {"operator": "<", "percent": 40}, lambda s: s.grade < 0.4),
    ("course_grade", {"operator": ">=", "percent": 72.5}, lambda s: s.grade >= 0.725),
    ("course_grade", {"operator": "=", "percent": 0}, lambda s: s.grade == 0),
    ("course_grade", {"operator": "!=", "percent": 0}, lambda s: s.grade != 0),
    ("course_grade", {"operator": "between", "percent": {"from": 40, "to": 60}}, lambda s: 0.4 <= s.grade <= 0.6),
    ("course_grade", {"operator": "exists"}, lambda s: s.graded),
    ("course_passed", {"operator": "exists"}, lambda s: s.graded and s.grade >= 0.4),
    ("country", {"operator": "in", "countries": ["IE"]}, lambda s: s.country == "IE"),
    ("country", {"operator": "not_in", "countries": ["IE", "ES"]}, lambda s: s.country != "IE"),
    ("gender", {"operator": "in", "genders": ["f"]}, lambda s: s.gender == "f"),
    ("level_of_education", {"operator": "in", "levels": ["none", "m"]}, lambda s: s.education in ("none", "m")),
    ("year_of_birth", {"operator": "<", "year": 1980}, lambda s: s.year_of_birth < 1980),
    ("enrollment_track", {"operator": "in", "modes": ["audit"]}, lambda s: s.mode == "audit"),
    ("enrollment_date", {"operator": ">", "days": 150}, lambda s: s.enrolled_days_ago > 150),
    ("last_course_activity", {"operator": ">=", "days": 21}, lambda s: _within(s.activity_days_ago, lambda d: d >= 21)),
    ("course_progress", {"operator": "<", "percent": 50}, lambda s: _within(s.progress, lambda p: p < 0.5)),
    ("course_progress", {"operator": "not_exists"}, lambda s: s.progress is None),
]  # fmt: skip


@pytest.fixture(scope="module")
def data_path() -> Path:
    path = Path(os.environ.get("OULAD_PATH") or Path(__file__).resolve().parents[3] / "shared" / "data" / "oulad")
    if not path.is_dir():
        pytest.skip(f"The OULAD files are not at {path}; OULAD_PATH names another place.")
    return path


@pytest.fixture(scope="module")
def expected(data_path) -> dict[str, dict[str, Student]]:
    return students_on(data_path, DAY)


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, data_path) -> Iterator[None]:
    """The data, loaded once for the module and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_oulad", data_path, day=DAY, now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def oulad(loaded, db) -> None:
    """The loaded data, and a transaction of the test's own within it."""


def staff_of(course: str) -> APIClient:
    client = APIClient()
    module, presentation = course.split("+")[1:]
    client.force_authenticate(User.objects.get(username=f"staff_{module}_{presentation}"))
    return client


def criterion(question: Question) -> dict[str, Any]:
    type_, config, _ = question
    return {"kind": "criterion", "type": type_, "config": config}


def post(client: APIClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"{API}/{path}", body, format="json")
    assert answer.status_code < 300, answer.content.decode()
    return answer.json()


def names_of(client: APIClient, path: str) -> set[str]:
    """All members, page by page."""
    names: set[str] = set()
    url = f"{API}/{path}?page_size=100"
    while url:
        page = client.get(url).json()
        names |= {row["username"] for row in page["results"]}
        url = page["next"]
    return names


def test_the_example_of_the_readme(oulad, expected):
    client = staff_of(BBB)
    nodes = [criterion(QUESTIONS[0]), criterion(QUESTIONS[6])]
    track = {"operator": "not_in", "modes": ["audit"]}
    nodes.append({"kind": "criterion", "type": "enrollment_track", "config": track})
    body = {"scope": {"type": "course", "key": BBB}, "rule": {"combine": "all", "nodes": nodes}}
    preview = post(client, "previews/", body)
    assert preview["count"] == {"value": 179, "exactness": "exact", "universe": 1690}
    assert [node["count"] for node in preview["nodes"]] == [179, 1508, 337, 1445]
    group = post(client, "user_groups/", body | {"name": "Idle and behind"})
    assert (group["member_count"], group["state"]) == (179, "fresh")
    wanted = {
        name
        for name, student in expected[BBB].items()
        if _within(student.login_days_ago, lambda d: d > 10) and student.grade < 0.4 and student.mode != "audit"
    }
    assert names_of(client, f"user_groups/{group['uuid']}/members/") == wanted


def test_the_numbers_of_one_course(oulad):
    client = staff_of(BBB)
    numbers = {0: 1508, 6: 337, 13: 127, 18: 245, 5: 98}
    for index, count in numbers.items():
        rule = {"combine": "all", "nodes": [criterion(QUESTIONS[index])]}
        body = {"scope": {"type": "course", "key": BBB}, "rule": rule}
        assert post(client, "previews/", body)["count"]["value"] == count, QUESTIONS[index][:2]


def test_every_question_in_every_course(oulad, expected, settings):
    """One preview a course asks every question at once: the count of each node is compared."""
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = len(QUESTIONS)
    assert len(expected) == 22
    for course, students in sorted(expected.items()):
        rule = {"combine": "any", "nodes": [criterion(question) for question in QUESTIONS]}
        body = {"scope": {"type": "course", "key": course}, "rule": rule, "sample_size": 0}
        preview = post(staff_of(course), "previews/", body)
        assert preview["count"]["universe"] == len(students)
        wanted = [sum(test(student) for student in students.values()) for _type, _config, test in QUESTIONS]
        assert [node["count"] for node in preview["nodes"][1:]] == wanted, course


def test_staff_of_another_course_are_refused(oulad):
    body = {"scope": {"type": "course", "key": BBB}, "rule": {"combine": "all", "nodes": [criterion(QUESTIONS[0])]}}
    answer = staff_of("course-v1:OULAD+AAA+2013J").post(f"{API}/previews/", body, format="json")
    assert answer.status_code == 403
