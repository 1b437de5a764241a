"""Who may see groups in the sandbox: the platform's course access roles, read from their stand-in table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from openedx_user_groups.criteria.conditions import ExactlyIn
from openedx_user_groups.data import Scope, ScopeType
from openedx_user_groups.rest_api.policy import GlobalStaffPolicy, PermissionPolicy
from sandbox.platform.student.models import CourseAccessRole

#: The roles that make somebody staff of a course, or of a whole organization where the role names no course.
STAFF_ROLES = ("staff", "instructor")


@dataclass(frozen=True)
class _Places:
    """Where somebody is staff."""

    courses: frozenset[str]
    organizations: frozenset[str]


class CourseAccessRolePolicy(PermissionPolicy):
    """Course staff see and edit their course's groups; organization staff also its courses'; global staff all."""

    def __init__(self) -> None:
        self._global = GlobalStaffPolicy()
        self._places: dict[int, _Places] = {}

    def can_view(self, user: Any, scope: Scope) -> bool:
        if self._global.is_staff(user):
            return True
        places = self._places_of(user)
        if scope.type == ScopeType.COURSE:
            return scope.key in places.courses or scope.course_key.org in places.organizations
        return scope.type == ScopeType.ORGANIZATION and scope.key in places.organizations

    def can_edit(self, user: Any, scope: Scope) -> bool:
        return self.can_view(user, scope)

    def visible_groups(self, user: Any, groups: QuerySet[Any]) -> QuerySet[Any]:
        if self._global.is_staff(user):
            return groups
        places = self._places_of(user)
        mine = Q(pk__in=[])
        for kind, keys in ((ScopeType.COURSE, places.courses), (ScopeType.ORGANIZATION, places.organizations)):
            if keys:  # As Python compares them in can_view, upper and lower case included.
                mine |= Q(scope_type=kind) & Q(ExactlyIn(F("scope_key"), sorted(keys)))
        for organization in sorted(places.organizations):
            # A regular expression, because it heeds upper and lower case on every database.
            name = re.escape(organization)
            mine |= Q(scope_type=ScopeType.COURSE, scope_key__regex=rf"^(course-v1:{name}[+]|{name}/)")
        return groups.filter(mine)

    def is_staff(self, user: Any) -> bool:
        places = self._places_of(user)
        return self._global.is_staff(user) or bool(places.courses or places.organizations)

    def _places_of(self, user: Any) -> _Places:
        if user.pk not in self._places:
            self._places[user.pk] = self._read(user)
        return self._places[user.pk]

    @staticmethod
    def _read(user: Any) -> _Places:
        if not user.is_active:
            return _Places(frozenset(), frozenset())
        rows = CourseAccessRole.objects.filter(user_id=user.pk, role__in=STAFF_ROLES).values_list("org", "course_id")
        roles = [(org, str(course_id or "")) for org, course_id in rows]
        return _Places(
            frozenset(course for _org, course in roles if course),
            frozenset(org for org, course in roles if org and not course),
        )
