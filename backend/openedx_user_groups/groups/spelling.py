"""Keys of scopes that differ from those of the platform in upper and lower case alone, or in blanks around them.

To the platform they are one course or organization, and to some databases too. To us they would be two scopes, with the
same learners on one database and with none on another: so only the way in which the course or organization itself is
written names its scope.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import CharField
from django.db.models.functions import Cast, Lower, Trim

from openedx_user_groups.data import Scope, ScopeType

from .platform import Course, Organization


def other_spelling(scope: Scope) -> str | None:
    """The key of the course or organization that ``scope`` means and writes differently; ``None`` where it is written
    as it should be, or where there is no such thing. Two queries at most."""
    if scope.type == ScopeType.COURSE:
        found = _courses(scope)
    elif scope.type == ScopeType.ORGANIZATION:
        found = _organizations(scope.key)
    else:
        return None
    return None if scope.key in found else next(iter(found), None)


def _courses(scope: Scope) -> Collection[str]:
    ids = Course.objects.order_by().values_list("id", flat=True)
    found = [str(key) for key in ids.filter(id=scope.course_key)]
    if not found:
        lowered = ids.annotate(lowered=Lower(Cast("id", CharField(max_length=255))))
        found = [str(key) for key in lowered.filter(lowered=scope.key.lower())]
    return found


def _organizations(key: str) -> Collection[str]:
    """As the platform's administrators write it and, unless they write ``key``, as its courses do."""
    plain = key.strip().lower()
    found: list[str] = []
    for model, field in ((Organization, "short_name"), (Course, "org")):
        rows = model._default_manager.order_by().annotate(plain=Lower(Trim(field))).filter(plain=plain)
        # To some databases more is the same than case and blanks.
        found += [name for name in rows.values_list(field, flat=True) if name.strip().lower() == plain]
        if key in found:
            break
    return found
