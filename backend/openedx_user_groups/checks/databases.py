"""How the site connects to the database."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, connections

#: "Repeatable read" as the drivers of PostgreSQL write it (``psycopg.IsolationLevel``).
_POSTGRESQL_REPEATABLE_READ = 3


def check_isolation() -> Iterator[checks.CheckMessage]:
    """Whoever waits for a scope has to see what those before have written.

    A transaction that repeats its reads sees the members as they were at its first one, which is earlier: a request is
    one transaction.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    if _repeats_reads(connection.vendor, connection.settings_dict.get("OPTIONS") or {}):
        yield checks.Warning(
            "The database repeats what a transaction has read before: writers of the same user groups may overlook "
            "each other's members.",
            hint="Set isolation_level to 'read committed' in the OPTIONS of the default database, or leave it out.",
            id="openedx_user_groups.W001",
        )


def _repeats_reads(vendor: str, options: dict[str, object]) -> bool:
    """Whether the settings say so. Without the option Django, or PostgreSQL, reads what is committed."""
    level = options.get("isolation_level", "")
    if vendor == "mysql":  # None is what the server does by itself.
        return level is None or str(level).lower() == "repeatable read"
    return vendor == "postgresql" and level == _POSTGRESQL_REPEATABLE_READ
