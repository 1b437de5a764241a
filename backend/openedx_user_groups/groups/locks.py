"""One writer of members a scope at a time.

Groups of one scope depend on each other (an exclusive collection, an event that changes several of them), so whoever
writes members takes the scope's row first and the groups' rows after it: two writers never wait for each other in a
circle.
"""

from __future__ import annotations

from openedx_user_groups.data import Scope

from .models import ScopeLock


def lock_scope(scope: Scope) -> None:
    """Hold the scope until the open transaction ends. Waits for whoever holds it. Take it before any row of a group."""
    rows = ScopeLock.objects.filter(scope_type=scope.type, scope_key=scope.key)
    if rows.select_for_update().values_list("pk", flat=True).first() is None:
        ScopeLock.objects.bulk_create([ScopeLock(scope_type=scope.type, scope_key=scope.key)], ignore_conflicts=True)
        rows.select_for_update().values_list("pk", flat=True).get()
