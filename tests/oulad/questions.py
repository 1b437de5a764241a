"""What the OULAD data is asked, each criterion with the same question in plain Python, and how course staff ask it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from .expected import Student

DAY = 120
BBB = "course-v1:OULAD+BBB+2013J"
API = "/api/user_group/v1"

Question = tuple[str, dict[str, Any], Callable[[Student], bool]]


def within(value: float | None, test: Callable[[float], bool]) -> bool:
    """Whether a value that may be missing is as it should be."""
    return value is not None and test(value)


#: A criterion, and the same question asked of a student in plain Python.
QUESTIONS: list[Question] = [
    ("last_login", {"operator": ">", "days": 10}, lambda s: within(s.login_days_ago, lambda d: d > 10)),
    ("last_login", {"operator": "<=", "days": 10}, lambda s: within(s.login_days_ago, lambda d: d <= 10)),
    ("last_login", {"operator": "=", "days": 10}, lambda s: within(s.login_days_ago, lambda d: d == 10)),
    ("last_login", {"operator": ">", "days": 10, "include_never": True},
     lambda s: s.login_days_ago is None or s.login_days_ago > 10),
    ("last_login", {"operator": "between", "days": {"from": 5, "to": 30}},
     lambda s: within(s.login_days_ago, lambda d: 5 <= d <= 30)),
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
    ("last_course_activity", {"operator": ">=", "days": 21}, lambda s: within(s.activity_days_ago, lambda d: d >= 21)),
    ("course_progress", {"operator": "<", "percent": 50}, lambda s: within(s.progress, lambda p: p < 0.5)),
    ("course_progress", {"operator": "not_exists"}, lambda s: s.progress is None),
]  # fmt: skip


def staff_of(course: str) -> APIClient:
    """A client of that course's staff."""
    client = APIClient()
    module, presentation = course.split("+")[1:]
    client.force_authenticate(User.objects.get(username=f"staff_{module}_{presentation}"))
    return client


def criterion(question: Question) -> dict[str, Any]:
    """The criterion of a question on the wire."""
    type_, config, _ = question
    return {"kind": "criterion", "type": type_, "config": config}


def post(client: APIClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a request that succeeds is answered with."""
    answer = client.post(f"{API}/{path}", body, format="json")
    assert answer.status_code < 300, answer.content.decode()
    return answer.json()
