"""Errors of the database that pass by themselves: deadlocks, locks that others hold too long, lost connections."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

Result = TypeVar("Result")

#: Times that something is tried again, and the seconds that the first wait takes at most; each later one twice as many.
RETRIES = 5
_FIRST_WAIT = 0.1

#: MySQL and MariaDB: lock wait timeout, deadlock; the server went away, was lost or is shutting down; too many
#: connections; no connection (while it restarts).
_MYSQL_CODES = frozenset({1205, 1213, 2006, 2013, 2055, 1053, 1040, 2002, 2003, 1927})
#: PostgreSQL: serialization failure, deadlock, lock not available, too many connections, shutting down, starting up.
_SQLSTATES = frozenset({"40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03"})
#: The connection itself.
_CONNECTION_CLASS = "08"


def is_transient(error: BaseException | None) -> bool:
    """Whether the same thing may succeed a moment later. Looks at the error and at what it was raised from."""
    while error is not None:
        if isinstance(error, InterfaceError) or (isinstance(error, OperationalError) and _passes(error)):
            return True
        error = error.__cause__
    return False


def with_retries(action: Callable[[], Result], *, sleep: Callable[[float], None] = time.sleep) -> Result:
    """What ``action`` returns. It is called again, after a random wait, where a transient error stopped it.

    Inside a transaction nothing is tried again: the error has undone what the caller did before.
    """
    for attempt in range(RETRIES):
        try:
            return action()
        except Exception as error:
            if connection.in_atomic_block or not is_transient(error):
                raise
            log.warning("The database is busy or was lost; attempt %s of %s.", attempt + 1, RETRIES + 1, exc_info=True)
        connection.close_if_unusable_or_obsolete()
        sleep(random.uniform(0, _FIRST_WAIT * 2**attempt))
    return action()


def _passes(error: OperationalError) -> bool:
    if connection.vendor == "mysql":
        return bool(error.args) and error.args[0] in _MYSQL_CODES
    if connection.vendor == "sqlite":
        return "locked" in str(error)
    state = getattr(error.__cause__, "sqlstate", None)
    # The driver has no code for a connection that it could not open or that broke.
    return state is None or state in _SQLSTATES or state.startswith(_CONNECTION_CLASS)
