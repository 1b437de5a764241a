"""A database that exists while the contract is generated and nowhere but in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from sandbox.databases import ENGINE_SETTINGS

_ALIAS = "default"


@contextmanager
def throw_away_database() -> Iterator[None]:
    """Have everything use a new, migrated SQLite database in memory. The configured one is not even connected to.

    For this thread only, and for a process that does nothing else: Django's caches of content types stay behind.
    """
    entry = {**ENGINE_SETTINGS["sqlite"], "NAME": ":memory:", "ATOMIC_REQUESTS": True}
    in_memory = DatabaseWrapper(connections.configure_settings({_ALIAS: entry})[_ALIAS], _ALIAS)
    configured = connections[_ALIAS]
    connections[_ALIAS] = in_memory
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        connections[_ALIAS] = configured
        in_memory.close()
