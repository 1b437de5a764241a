"""One writer of members a scope at a time.

Groups of one scope depend on each other (an exclusive collection, an event that changes several of them), so whoever
writes members takes the scope's row first and the groups' rows after it: two writers never wait for each other in a
circle.
"""

from __future__ import annotations

from django.db import connection

from openedx_user_groups.data import Scope

from .models import ScopeLock


def lock_scope(scope: Scope) -> None:
    """Hold the scope until the open transaction ends. Waits for whoever holds it. Take it before any row of a group."""
    rows = ScopeLock.objects.filter(scope_type=scope.type, scope_key=scope.key)
    if rows.select_for_update().values_list("pk", flat=True).first() is None:
        named = connection.features.supports_update_conflicts_with_target
        ScopeLock.objects.bulk_create(
            [ScopeLock(scope_type=scope.type, scope_key=scope.key)],
            # Whoever comes second waits to write the row. If it were left alone, several would share it on MySQL, and
            # each wait for the others to let go of it.
            update_conflicts=True,
            update_fields=["scope_key"],
            unique_fields=["scope_type", "scope_key"] if named else None,
        )
        rows.select_for_update().values_list("pk", flat=True).get()
