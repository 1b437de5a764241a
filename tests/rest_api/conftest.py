"""A small world in which every answer can be worked out by hand, and the people who ask.

The course BIO of DemoX has five active learners (fay has left it):

    ada   Spain     signed in 20 days ago   grade 30 %
    ben   France    signed in  5 days ago   grade 80 %
    cleo  Spain     never signed in         no grade
    dan   -         signed in 30 days ago   grade 39 %
    eve   Germany   signed in  1 day ago    grade 10 %
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from openedx_user_groups import api
from openedx_user_groups.data import MembershipSource, Scope, ScopeType
from openedx_user_groups.models import Criterion, Membership, MembershipChange, Refresh, RuleNode, UserGroup
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, UserProfile

ROOT = "/api/user_group/v1/"
BIO = "course-v1:DemoX+BIO+2026"
ART = "course-v1:DemoX+ART+2026"
LAW = "course-v1:OtherX+LAW+2026"

#: Name, country, days since the last sign-in, grade, active in BIO.
_LEARNERS = [
    ("ada", "ES", 20, 0.30, True),
    ("ben", "FR", 5, 0.80, True),
    ("cleo", "ES", None, None, True),
    ("dan", None, 30, 0.39, True),
    ("eve", "DE", 1, 0.10, True),
    ("fay", "ES", 20, 0.30, False),
]


def scope(key: str = BIO) -> dict[str, str]:
    """A course's scope on the wire."""
    return {"type": "course", "key": key}


def leaf(type_: str, **config: Any) -> dict[str, Any]:
    """A criterion on the wire."""
    return {"kind": "criterion", "type": type_, "config": config}


def rule(*nodes: dict[str, Any], combine: str = "all", negated: bool = False) -> dict[str, Any]:
    """A rule on the wire."""
    return {"combine": combine, "negated": negated, "nodes": list(nodes)}


AWAY = leaf("last_login", operator=">", days=10)  # ada, dan
FAILING = leaf("course_grade", operator="<", percent=40)  # ada, cleo, dan, eve
IN_SPAIN = leaf("country", operator="in", countries=["ES"])  # ada, cleo


@dataclass
class World:
    """The people, and shortcuts to make groups without the API."""

    users: dict[str, User]
    clients: dict[str, APIClient] = field(default_factory=dict)

    def client(self, name: str) -> APIClient:
        """A signed-in client; "anonymous" is not."""
        if name not in self.clients:
            self.clients[name] = client = APIClient()
            if name != "anonymous":
                client.force_login(self.users[name])
        return self.clients[name]

    def criteria_group(self, name: str = "Away", definition: Any = None, key: str = BIO) -> UserGroup:
        """A refreshed group."""
        return api.create_user_group(
            scope=Scope.course(key), name=name, rule=definition or rule(AWAY), acting_user=self.users["admin"]
        )

    def manual_group(self, name: str = "Mentors", learners: tuple[str, ...] = (), at: Scope | None = None) -> UserGroup:
        """A group whose members are listed."""
        group = api.create_user_group(
            scope=at or Scope.course(BIO),
            name=name,
            membership_source=MembershipSource.MANUAL,
            acting_user=self.users["admin"],
        )
        if learners:
            api.add_members(group, learners, acting_user=self.users["admin"])
        return group


@pytest.fixture
def world(db: None) -> World:
    """The world of the module's docstring."""
    now = timezone.now()
    for key in (BIO, ART, LAW):
        CourseOverview.objects.create(id=key, org=key.split(":")[1].split("+")[0], display_name=key)
    users = {}
    for name, country, days, grade, active in _LEARNERS:
        login = None if days is None else now - timedelta(days=days)
        users[name] = user = User.objects.create(username=name, email=f"{name}@example.com", last_login=login)
        if country:
            UserProfile.objects.create(user=user, country=country)
        CourseEnrollment.objects.create(user=user, course_id=BIO, is_active=active)
        if grade is not None:
            PersistentCourseGrade.objects.create(user_id=user.pk, course_id=BIO, percent_grade=grade)
    users |= _staff()
    return World(users)


def _staff() -> dict[str, User]:
    users = {name: User.objects.create(username=name) for name in ("staff", "other_staff", "org_staff", "gone_staff")}
    users["admin"] = User.objects.create(username="admin", is_staff=True, is_superuser=True)
    CourseAccessRole.objects.create(user=users["staff"], org="DemoX", course_id=BIO, role="staff")
    CourseAccessRole.objects.create(user=users["other_staff"], org="OtherX", course_id=LAW, role="instructor")
    CourseAccessRole.objects.create(user=users["org_staff"], org="DemoX", course_id="", role="staff")
    CourseAccessRole.objects.create(user=users["gone_staff"], org="DemoX", course_id=BIO, role="staff")
    users["learner"] = User.objects.create(username="learner")
    CourseEnrollment.objects.create(user=users["learner"], course_id=ART)
    return users


@pytest.fixture
def staff(world: World) -> APIClient:
    """Course staff of BIO."""
    return world.client("staff")


def snapshot() -> dict[str, list[Any]]:
    """Everything that a request could change."""
    models = (UserGroup, RuleNode, Criterion, Membership, MembershipChange, Refresh)
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def assert_problem(response: Any, status: int, code: str, *places: tuple[str, str]) -> dict[str, Any]:
    """The one body of errors, with exactly these violations (pointer, code)."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body["status"] == status
    assert body["type"].startswith("https://docs.openedx.org/errors/")
    assert body["detail"] == body["error"] != ""
    assert body["instance"] == response.wsgi_request.path
    assert body["title"]
    assert body["code"] == code, body
    assert [(violation["pointer"], violation["code"]) for violation in body.get("violations", [])] == list(places)
    assert set(body.get("errors", {})) == {pointer for pointer, _code in places}
    return body


@contextmanager
def asserted_queries(number: int) -> Iterator[CaptureQueriesContext]:
    """Exactly so many statements, not counting those that only mark a transaction's stages."""
    with CaptureQueriesContext(connection) as captured:
        yield captured
    found = [query["sql"] for query in captured if not re.match("(RELEASE )?SAVEPOINT", query["sql"])]
    assert len(found) == number, "\n".join(found)


def organization(name: str = "DemoX") -> Scope:
    """An organization's scope."""
    return Scope(ScopeType.ORGANIZATION, name)


INSTANCE = Scope(ScopeType.INSTANCE)
