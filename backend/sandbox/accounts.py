"""Finds and removes the accounts that a loader has made, told by the form of their usernames."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from django.contrib.auth.models import User

from sandbox import tables
from sandbox.bulk import ROWS_PER_STATEMENT, select_rows


def ids_by_username(prefix: str, pattern: str) -> dict[str, int]:
    """Return the accounts named `prefix` followed by what `pattern` matches in full."""
    matches = re.compile(re.escape(prefix) + pattern).fullmatch
    # An underscore in the prefix matches any character in SQL: the pattern makes it exact.
    rows = select_rows(tables.USERS, ("id", "username"), "username LIKE %s", [f"{prefix}%"])
    return {username: pk for pk, username in rows if matches(username)}


def remove_users(ids: Collection[int], advance: Callable[[int], object] | None = None) -> None:
    """Remove the accounts, and through the ORM whatever refers to them."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), ROWS_PER_STATEMENT):
        chunk = ordered[start : start + ROWS_PER_STATEMENT]
        User.objects.filter(pk__in=chunk).delete()
        if advance:
            advance(len(chunk))
