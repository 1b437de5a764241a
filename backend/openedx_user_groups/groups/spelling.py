"""Course keys that differ in upper and lower case alone.

To the platform they are one course, and to some databases too. To us they would be two scopes, with the same learners
on one database and with none on another: so only the way in which the course itself is written names its scope.
"""

from __future__ import annotations

from django.db.models import CharField
from django.db.models.functions import Cast, Lower

from openedx_user_groups.data import Scope, ScopeType

from .platform import Course


def other_spelling(scope: Scope) -> str | None:
    """The key of the course that ``scope`` means and writes in another case; ``None`` where it is written as it should
    be, or where there is no such course. One query, or two for a course without an overview."""
    if scope.type != ScopeType.COURSE:
        return None
    ids = Course.objects.order_by().values_list("id", flat=True)
    found = [str(key) for key in ids.filter(id=scope.course_key)]
    if not found:
        lowered = ids.annotate(lowered=Lower(Cast("id", CharField(max_length=255))))
        found = [str(key) for key in lowered.filter(lowered=scope.key.lower())]
    return None if scope.key in found else next(iter(found), None)
