"""The world of the fixtures: small enough to work out every answer by hand, the same on every database and day.

The course BIO of DemoX has five active learners; the world stands at noon of 15 January 2026:

    ada   Spain     signed in 20 days ago   grade 30 %   audit
    ben   France    signed in  5 days ago   grade 80 %   verified
    cleo  Spain     never signed in         no grade     audit
    dan   -         signed in 30 days ago   grade 39 %   verified
    eve   Germany   signed in  1 day ago    grade 10 %   audit

The grades are two days old.

The course ART of DemoX has no learners, LAW belongs to OtherX. ``staff`` and ``admin`` ask; ``outsider`` is staff of
LAW.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from openedx_user_groups import api
from openedx_user_groups.data import GroupState, MembershipSource, Scope, ScopeType
from openedx_user_groups.models import Criterion, Refresh, RuleNode, UserGroup
from sandbox.platform.course_groups.models import CourseCohortsSettings, CourseUserGroup
from sandbox.platform.course_modes.models import CourseMode
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, UserProfile
from sandbox.platform.teams.models import CourseTeam

from .site import INSTANT, fixed_site

BIO = "course-v1:DemoX+BIO+2026"
ART = "course-v1:DemoX+ART+2026"
LAW = "course-v1:OtherX+LAW+2026"

COURSE = Scope.course(BIO)
EMPTY_COURSE = Scope.course(ART)
ORGANIZATION = Scope(ScopeType.ORGANIZATION, "DemoX")
INSTANCE = Scope(ScopeType.INSTANCE)
SCOPES = (COURSE, ORGANIZATION, INSTANCE)

#: The slug of a type whose app was uninstalled.
MISSING_TYPE = "attendance"

#: Name, country, days since the last sign-in, grade, track.
_LEARNERS = (
    ("ada", "ES", 20, 0.30, "audit"),
    ("ben", "FR", 5, 0.80, "verified"),
    ("cleo", "ES", None, None, "audit"),
    ("dan", None, 30, 0.39, "verified"),
    ("eve", "DE", 1, 0.10, "audit"),
)


def leaf(type_: str, **config: Any) -> dict[str, Any]:
    """A criterion on the wire."""
    return {"kind": "criterion", "type": type_, "config": config}


def rule(*nodes: Any, combine: str = "all", negated: bool = False) -> dict[str, Any]:
    """A rule on the wire."""
    return {"combine": combine, "negated": negated, "nodes": list(nodes)}


def nested(*nodes: Any, combine: str = "all", negated: bool = False) -> dict[str, Any]:
    """A rule within a rule on the wire."""
    return {"kind": "rule", **rule(*nodes, combine=combine, negated=negated)}


def wire(scope: Scope) -> dict[str, str]:
    """A scope on the wire."""
    return {"type": scope.type.value, "key": scope.key}


AWAY = leaf("last_login", operator=">", days=10)  # ada, dan
FAILING = leaf("course_grade", operator="<", percent=40)  # ada, cleo, dan, eve
IN_SPAIN = leaf("country", operator="in", countries=["ES"])  # ada, cleo


class World:
    """The people, by name, and the groups that a fixture needs."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}

    def group(self, number: int, name: str, definition: Any = None, scope: Scope = COURSE, **values: Any) -> UserGroup:
        """A group by criteria, refreshed, whose ids and times are made from ``number``; then ``values`` are written."""
        group = api.create_user_group(
            scope=scope, name=name, rule=definition or rule(AWAY), acting_user=self.users["staff"]
        )
        return pinned(group, number, **{"next_refresh_at": INSTANT + timedelta(hours=6), **values})

    def manual_group(self, number: int, name: str, learners: tuple[str, ...] = (), **values: Any) -> UserGroup:
        """A group whose members are listed, likewise."""
        group = api.create_user_group(
            scope=COURSE, name=name, membership_source=MembershipSource.MANUAL, acting_user=self.users["staff"]
        )
        if learners:
            api.add_members(group, learners, acting_user=self.users["staff"])
        return pinned(group, number, members_as_of=INSTANT, **values)

    def group_with_missing_type(self, number: int, name: str) -> UserGroup:
        """A group whose one criterion is of a type that is not installed any more."""
        group = self.group(number, name)
        Criterion.objects.filter(user_group=group).update(
            type_slug=MISSING_TYPE, operator=">", config={"operator": ">", "weeks": 2}
        )
        return self._failed(group)

    def group_with_invalid_configuration(self, number: int, name: str) -> UserGroup:
        """A group whose one criterion has an operator that its type does not offer any more."""
        group = self.group(number, name)
        changed = {"operator": "!=", "days": 10}
        for criterion in api.get_user_group(group.uuid).criteria.all():
            Criterion.objects.filter(pk=criterion.pk).update(operator="!=", config=changed)
        return self._failed(group)

    def group_with_unresolved_reference(self, number: int, name: str) -> UserGroup:
        """A copy of a course's group, made for the whole site, where there are no course grades."""
        original = self.group(number + 500, name, rule(FAILING))
        copy = api.copy_user_group(original, scope=INSTANCE, acting_user=self.users["staff"])
        return self._failed(pinned(copy.group, number, next_refresh_at=INSTANT + timedelta(hours=6)))

    @staticmethod
    def _failed(group: UserGroup) -> UserGroup:
        UserGroup.objects.filter(pk=group.pk).update(state=GroupState.UNEVALUABLE)
        return api.get_user_group(group.uuid)


def pinned(group: UserGroup, number: int, **values: Any) -> UserGroup:
    """``group`` with ids and times that are the same whenever it is made."""
    UserGroup.objects.filter(pk=group.pk).update(
        uuid=fixed_uuid(number), created=INSTANT, modified=INSTANT, state_since=INSTANT, **values
    )
    for model, offset in ((RuleNode, 100), (Criterion, 200), (Refresh, 300)):
        keys = model.objects.filter(user_group_id=group.pk).order_by("pk").values_list("pk", flat=True)
        for index, key in enumerate(list(keys)):
            model.objects.filter(pk=key).update(uuid=fixed_uuid(number, offset + index))
    return api.get_user_group(fixed_uuid(number))


def fixed_uuid(number: int, part: int = 0) -> UUID:
    """An id for thing ``number``, or for a part of it."""
    return UUID(f"00000000-0000-4000-8000-{number:06d}{part:06d}")


@contextmanager
def world() -> Iterator[World]:
    """The world, in the default database until the block ends; whatever was written is rolled back then.

    The database must be migrated, and hold no accounts, courses or groups of these names.
    """
    with fixed_site(), transaction.atomic():
        made = World()
        _make_courses()
        made.users = _make_learners() | _make_staff()
        yield made
        transaction.set_rollback(True)


def _make_courses() -> None:
    for key, name in ((BIO, "Biology"), (ART, "Art"), (LAW, "Law")):
        CourseOverview.objects.create(id=key, org=key.split(":")[1].split("+")[0], display_name=name)
    for slug in ("audit", "verified"):
        CourseMode.objects.create(course_id=BIO, mode_slug=slug, mode_display_name=slug.capitalize())
    CourseCohortsSettings.objects.create(course_id=BIO, is_cohorted=True)
    for number, name in ((101, "Morning"), (102, "Evening")):
        CourseUserGroup.objects.create(id=number, course_id=BIO, name=name, group_type="cohort")
        CourseTeam.objects.create(
            course_id=BIO,
            team_id=f"{name.lower()}-team",
            discussion_topic_id=f"{name.lower()}-topic",
            name=f"{name} team",
            last_activity_at=INSTANT,
        )


def _make_learners() -> dict[str, User]:
    users = {}
    for name, country, days, grade, mode in _LEARNERS:
        login = None if days is None else INSTANT - timedelta(days=days)
        users[name] = user = _account(name, last_login=login)
        if country:
            UserProfile.objects.create(user=user, country=country)
        CourseEnrollment.objects.create(user=user, course_id=BIO, mode=mode)
        if grade is not None:
            PersistentCourseGrade.objects.create(user_id=user.pk, course_id=BIO, percent_grade=grade)
    PersistentCourseGrade.objects.update(modified=INSTANT - timedelta(days=2))
    return users


def _make_staff() -> dict[str, User]:
    users = {name: _account(name) for name in ("staff", "outsider")}
    users["admin"] = _account("admin", is_staff=True, is_superuser=True)
    CourseAccessRole.objects.create(user=users["staff"], org="DemoX", course_id=BIO, role="staff")
    CourseAccessRole.objects.create(user=users["staff"], org="DemoX", course_id=ART, role="staff")
    CourseAccessRole.objects.create(user=users["outsider"], org="OtherX", course_id=LAW, role="staff")
    return users


def _account(name: str, **values: Any) -> User:
    return User.objects.create(username=name, email=f"{name}@example.com", date_joined=INSTANT, **values)
