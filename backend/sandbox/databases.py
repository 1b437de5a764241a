"""Turns a database address (`DATABASE_URL`) into Django's DATABASES entry, with the options the platform uses."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Opaque key columns of the platform carry this collation explicitly; text columns follow the database's default.
MYSQL_COLLATION = "utf8mb4_unicode_ci"

ENGINE_SETTINGS: dict[str, dict[str, Any]] = {
    "sqlite": {
        "ENGINE": "django.db.backends.sqlite3",
        # A request is one transaction (ATOMIC_REQUESTS). Taking the write lock at its start makes concurrent
        # requests wait for each other instead of failing half-way with "database is locked".
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    },
    "mysql": {
        "ENGINE": "django.db.backends.mysql",
        "OPTIONS": {
            "charset": "utf8mb4",
            "collation": MYSQL_COLLATION,
            "isolation_level": "read committed",
            "init_command": "SET sql_mode='STRICT_TRANS_TABLES'",
        },
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": MYSQL_COLLATION},
    },
    "postgres": {"ENGINE": "django.db.backends.postgresql"},
}


def database_settings(url: str) -> dict[str, Any]:
    """Return the DATABASES entry for sqlite:///path, mysql://user:pw@host:port/name or postgres://..."""
    parts = urlsplit(url)
    if parts.scheme not in ENGINE_SETTINGS or len(parts.path) < 2:
        raise ImproperlyConfigured(
            f"DATABASE_URL {url!r} is not of the form sqlite:///path, mysql://user:pw@host:port/name "
            "or postgres://user:pw@host:port/name."
        )
    # A copy, because Django completes the entry in place.
    entry = deepcopy(ENGINE_SETTINGS[parts.scheme])
    entry |= {"NAME": unquote(parts.path[1:]), "ATOMIC_REQUESTS": True}
    if parts.scheme != "sqlite":
        entry["USER"] = unquote(parts.username or "")
        entry["PASSWORD"] = unquote(parts.password or "")
        entry["HOST"] = parts.hostname or ""
        entry["PORT"] = str(parts.port or "")
    return entry


def default_database_url(folder: Path) -> str:
    """Return the address of the SQLite file in `folder`, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'sandbox.sqlite3'}"
