"""The universe of a scope: the learners that its groups may draw from (semantics, item 1).

``course``: active enrollment in the course. ``organization``: active enrollment in at least one of its courses.
``instance``: active accounts. Retired accounts are in no universe. Nobody outside the universe is ever a member.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups.data import Outside, Scope, ScopeType
from openedx_user_groups.sets import IdSet, fetch_ids

from .accounts import retired_prefix
from .platform import Course, Enrollment, OrganizationCourse

log = logging.getLogger(__name__)

#: Up to this many learners, looking each of them up takes milliseconds, however many accounts there are besides.
SMALL = 5_000
#: What :func:`remembering` adds to a scope.
_COURSES = "_courses"


@dataclass(frozen=True)
class Universe:
    """The learners of a scope as a queryset that drives an evaluation.

    ``rows`` is over the table with an index for the scope (the enrollments, for a course); ``user_field`` is its column
    of user ids; ``repeats`` says that a learner may stand in several rows and must be counted once. ``row_key``: the
    columns that, beside the user, tell one row of the table from all others, with their values.
    """

    scope: Scope
    rows: QuerySet[Any, Any]
    user_field: str
    repeats: bool
    row_key: dict[str, Any] = field(default_factory=dict)

    def ids(self, where: Q | None = None) -> QuerySet[Any, Any]:
        """One column of user ids, each once, of the learners that satisfy ``where`` (over :attr:`rows`)."""
        return self._ids(where).distinct() if self.repeats else self._ids(where)

    def learners(self, where: Q | None = None) -> IdSet:
        """The same learners, fetched. Who stands in several rows is sent several times, and is in the set once: to find
        the repetitions costs a database more than to send them."""
        return fetch_ids(self._ids(where))

    def restricted_to(self, user_ids: IdSet) -> IdSet:
        """Which of these few users are learners of the scope."""
        # Not as a stream, for they are few: PostgreSQL would be asked three times.
        return IdSet(list(self.ids(Q(**{f"{self.user_field}__in": list(user_ids)}))))

    @functools.cached_property
    def is_small(self) -> bool:
        """Whether the learners are so few that looking each of them up is cheap. One query, once."""
        return not self.has_about(SMALL + 1)

    @property
    def is_known_to_be_small(self) -> bool:
        """The same where it was asked for before, else ``False``. Never a query."""
        return bool(vars(self).get("is_small"))

    def has_about(self, size: int) -> bool:
        """Whether there are at least about so many learners (one or more). Never reads further.

        Reads an index only: inactive enrollments and retired accounts are counted too. Good enough to choose a plan.
        """
        if self.scope.type == ScopeType.COURSE:
            rows = Enrollment.objects.filter(course_id=self.scope.course_key)
        else:
            rows = self.rows
        # The key, because every index holds it: any other column would be fetched from the row.
        return bool(rows.order_by().values_list("pk", flat=True)[size - 1 : size])

    def _ids(self, where: Q | None) -> QuerySet[Any, Any]:
        rows = self.rows.filter(where) if where is not None else self.rows
        return rows.order_by().values_list(self.user_field, flat=True)


def universe_of(scope: Scope) -> Universe:
    """The universe of ``scope``."""
    if scope.type == ScopeType.INSTANCE:
        accounts = get_user_model()._default_manager.filter(~_retired_prefix("username"), is_active=True)
        return Universe(scope, accounts, "pk", repeats=False)
    active = Q(is_active=True) & ~Q(user_id__in=retired_accounts())
    if scope.type == ScopeType.COURSE:
        course = {"course_id": scope.course_key}
        rows = Enrollment.objects.filter(active, **course)
        return Universe(scope, rows, "user_id", repeats=False, row_key=course)
    rows = Enrollment.objects.filter(active, course_id__in=courses_of(scope))
    return Universe(scope, rows, "user_id", repeats=True)


def reason_outside(scope: Scope, user_id: int) -> Outside:
    """Why somebody who is not in the universe of ``scope`` is not.

    Of an account that never was enrolled here nothing else is said, whatever its state.
    """
    if scope.type == ScopeType.INSTANCE:
        retired = get_user_model()._default_manager.filter(_retired_prefix("username"), pk=user_id)
        return Outside.RETIRED_ACCOUNT if retired.exists() else Outside.INACTIVE_ACCOUNT
    enrollments = Enrollment.objects.filter(user_id=user_id, course_id__in=courses_of(scope)).order_by()
    active = set(enrollments.values_list("is_active", flat=True))
    if not active:
        return Outside.NOT_ENROLLED
    return Outside.RETIRED_ACCOUNT if True in active else Outside.INACTIVE_ENROLLMENT


def courses_of(scope: Scope) -> list[CourseKey]:
    """The courses of a scope. For an organization: those with its name in their overview, and those linked to it.

    Two queries for an organization, unless :func:`remembering` has them. Keys, not a subquery: the columns of the two
    tables have different collations on MySQL, which refuses to compare them.
    """
    memory = vars(scope)
    if _COURSES not in memory:
        return _courses_now(scope)
    if memory[_COURSES] is None:
        memory[_COURSES] = _courses_now(scope)
    return list(memory[_COURSES])


def remembering(scope: Scope) -> Scope:
    """An equal scope whose courses are looked up once, however many criteria ask. For one evaluation; do not keep."""
    if _COURSES in vars(scope):
        return scope
    own = replace(scope)
    vars(own)[_COURSES] = None  # Not a field: it has no part in what a scope is equal to.
    return own


def _courses_now(scope: Scope) -> list[CourseKey]:
    if scope.type == ScopeType.COURSE:
        return [scope.course_key]
    if scope.type == ScopeType.INSTANCE:
        return list(_keys(Course.objects.order_by("id")))
    # Names are compared again here: the collations of MySQL ignore case.
    keys = set(_keys(course for course in Course.objects.filter(org=scope.key) if course.org == scope.key))
    linked = OrganizationCourse.objects.filter(organization__short_name=scope.key, active=True)
    for key, name in linked.values_list("course_id", "organization__short_name"):
        if name != scope.key:
            continue
        try:
            keys.add(CourseKey.from_string(key))
        except InvalidKeyError:  # The column takes any text.
            log.warning("Organization %s is linked to %r, which is no course key.", name, key)
    return sorted(keys, key=str)


def organizations_of(course_keys: Iterable[CourseKey]) -> dict[CourseKey, set[str]]:
    """The organizations that each of these courses is one of: the inverse of :func:`courses_of`. Two queries."""
    by_text = {str(key): key for key in course_keys}
    found: dict[CourseKey, set[str]] = {}
    for key, org in Course.objects.filter(id__in=by_text.values()).values_list("id", "org"):
        if key is not None:  # The type of the field allows it.
            found.setdefault(key, set()).add(org)
    linked = OrganizationCourse.objects.filter(course_id__in=by_text, active=True)
    for text, name in linked.values_list("course_id", "organization__short_name"):
        if text in by_text:
            found.setdefault(by_text[text], set()).add(name)
    return found


def courses_of_learners(user_ids: Iterable[int]) -> dict[CourseKey, IdSet]:
    """The courses in which these users are or ever were enrolled, each with those of them who are."""
    found: dict[CourseKey, IdSet] = {}
    by_text: dict[str, IdSet] = {}
    # As text: one row that holds no key must not keep everybody else from being answered for.
    rows = Enrollment.objects.filter(user_id__in=list(user_ids)).order_by()
    for text, user_id in rows.values_list(Cast("course_id", TextField()), "user_id"):
        by_text.setdefault(text, IdSet()).add(user_id)
    for text, ids in by_text.items():
        try:
            found.setdefault(CourseKey.from_string(text), IdSet()).update(ids)
        except InvalidKeyError:
            log.warning("%s learners are enrolled in %r, which is no course key.", len(ids), text)
    return found


def _keys(courses: Iterable[Course]) -> Iterator[CourseKey]:
    for course in courses:
        if course.id is not None:  # The type of the field allows it; the primary key does not.
            yield course.id


def retired_accounts() -> QuerySet[Any, Any]:
    """The primary keys of accounts that the platform has retired, one column."""
    return get_user_model()._default_manager.filter(_retired_prefix("username")).order_by().values("pk")


def _retired_prefix(field: str) -> Q:
    """Accounts that the platform has retired are known by the prefix of their user name."""
    prefix = retired_prefix()
    if connection.vendor == "sqlite":
        # LIKE ignores case there; text compares by bytes, and an index serves the range.
        return Q(**{f"{field}__gte": prefix, f"{field}__lt": f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"})
    retired = Q(**{f"{field}__startswith": prefix})
    if connection.vendor == "mysql":
        # Django's startswith is LIKE BINARY there, which no index serves; the case-insensitive LIKE is a range of the
        # unique index, and the exact one then looks at those few rows.
        retired &= Q(**{f"{field}__istartswith": prefix})
    return retired
