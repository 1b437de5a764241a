"""A time budget that the database keeps: a statement that would go on for longer is stopped there.

The budget is for everything that is read inside :func:`within`, so that each statement may take what is left of it. It
concerns reading: other statements are let through as they are. How long Python itself, or a source that is no database,
takes is not bounded; the budget is looked at again before the next statement.

MariaDB and MySQL are told with the statement itself, so there is nothing to set back; PostgreSQL by a setting of the
transaction; SQLite asks us while it works.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction

from openedx_user_groups.exceptions import BudgetExceeded, PreviewCancelled, UserGroupsError
from openedx_user_groups.sets import before_each_portion

#: The database stopped a statement because of its time limit: MariaDB, MySQL.
_TIMED_OUT = {1969, 3024}
#: Somebody stopped a statement (MariaDB, MySQL), or one of the two happened (PostgreSQL).
_STOPPED, _QUERY_CANCELED = 1317, "57014"
#: MariaDB and MySQL know no connection of that number.
_NO_SUCH_CONNECTION = 1094
#: How late PostgreSQL may stop a statement early, in seconds: its clock counts in milliseconds.
_TOLERANCE = 0.05
#: By how much the clocks of the servers may differ.
_CLOCKS = timedelta(seconds=10)
#: Steps of SQLite's engine between two looks at the clock.
_STEPS = 10_000
_STOP = {
    "mysql": "KILL QUERY %(id)s",
    "postgresql": (
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %(id)s AND backend_start <= %(since)s"
    ),
}
_LOOK_FOR = {
    "mysql": "SELECT id FROM information_schema.processlist WHERE id = %(id)s",
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE pid = %(id)s AND backend_start <= %(since)s",
}
#: How a statement that reads begins.
_READS = re.compile(r"[\s(]*(SELECT|WITH)\b", re.IGNORECASE)
#: Where the SELECT of the statement itself stands is seen from these; in texts and quoted names nothing is looked for.
_TOKENS = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\bAS\s*\(|[()]|\bSELECT\b""", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Budget:
    """The time until ``deadline``, on the monotonic clock."""

    deadline: float

    def remaining(self) -> float:
        """Seconds that are left; negative once it is used up."""
        return self.deadline - time.monotonic()

    def check(self) -> None:
        """Raise ``BudgetExceeded`` when nothing is left."""
        if self.remaining() <= 0:
            raise BudgetExceeded()

    def stopped_by(self, error: DatabaseError) -> UserGroupsError | None:
        """``BudgetExceeded`` or ``PreviewCancelled`` where ``error`` says that the database stopped a statement."""
        cause = error.__cause__ or error
        number = cause.args[0] if cause.args else None
        if number in _TIMED_OUT or str(number) == "interrupted":
            return BudgetExceeded()
        if number == _STOPPED:
            return PreviewCancelled()
        if _sqlstate(cause) == _QUERY_CANCELED:
            return BudgetExceeded() if self.remaining() < _TOLERANCE else PreviewCancelled()
        return None


_current: ContextVar[Budget | None] = ContextVar("user_groups_budget", default=None)


@contextmanager
def within(seconds: float) -> Iterator[Budget]:
    """Give everything that is read in the block ``seconds``, or what is left of an enclosing budget.

    Raises ``BudgetExceeded`` when they are used up, and ``PreviewCancelled`` when :func:`stop_statement` stopped a
    statement from elsewhere. Afterwards the connection and the caller's transaction can be used as before.
    """
    outer = _current.get()
    deadline = time.monotonic() + seconds
    budget = Budget(min(deadline, outer.deadline) if outer else deadline)
    # What the outermost block installs looks at the innermost budget.
    limits = _LIMITS if outer is None else _INNER_LIMITS
    token = _current.set(budget)
    try:
        with limits.get(connection.vendor, nullcontext)(), before_each_portion(_limit_next):
            yield budget
    except DatabaseError as error:
        if stopped := budget.stopped_by(error):
            raise stopped from error
        raise
    finally:
        _current.reset(token)


def stopped_by(error: DatabaseError) -> UserGroupsError | None:
    """What the present budget makes of ``error``; ``None`` without a budget, or where it is any other error."""
    budget = _current.get()
    return budget.stopped_by(error) if budget else None


def connection_id() -> int | None:
    """What :func:`stop_statement` knows this thread's connection by. ``None`` where nothing can be stopped."""
    connection.ensure_connection()
    if connection.vendor == "mysql":
        return int(connection.connection.thread_id())
    if connection.vendor == "postgresql":
        return int(connection.connection.info.backend_pid)
    return None


def stop_statement(other: int, since: datetime) -> bool:
    """Stop what connection ``other`` is executing, if anything. The connection itself stays.

    ``since``: when it was in use. PostgreSQL gives the numbers of dead connections to new ones, which are spared.
    ``False`` where the connection is gone: nothing can be executed on it any more.
    """
    if connection.vendor not in _STOP:
        return True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_STOP[connection.vendor], {"id": other, "since": since + _CLOCKS})
            return connection.vendor != "postgresql" or cursor.fetchone() is not None
    except DatabaseError as error:
        return not error.args or error.args[0] != _NO_SUCH_CONNECTION


def is_connected(other: int, since: datetime) -> bool:
    """Whether connection ``other``, in use ``since`` then, is still there, as far as the database tells us."""
    if connection.vendor not in _LOOK_FOR:
        return True
    with connection.cursor() as cursor:
        cursor.execute(_LOOK_FOR[connection.vendor], {"id": other, "since": since + _CLOCKS})
        return cursor.fetchone() is not None


def _limit_next() -> Budget:
    """The present budget, with which the database may go on. Raises ``BudgetExceeded``."""
    budget = _current.get()
    assert budget is not None
    budget.check()
    if connection.vendor == "postgresql":
        _set_timeout(str(_milliseconds(budget.remaining())))
    return budget


def _reading(limited: Callable[[str, float], str]) -> AbstractContextManager[None]:
    """Every statement that reads is what ``limited`` makes of it, given the seconds that are left."""

    def execute(run: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if _READS.match(sql):
            sql = limited(sql, _limit_next().remaining())
        return run(sql, params, many, context)

    return connection.execute_wrapper(execute)


def _unchanged(sql: str, seconds: float) -> str:
    return sql


def _mysql() -> AbstractContextManager[None]:
    return _reading(_for_mariadb if connection.mysql_is_mariadb else _for_mysql)  # type: ignore[attr-defined]


def _for_mariadb(sql: str, seconds: float) -> str:
    return f"SET STATEMENT max_statement_time={max(seconds, 0.001):.3f} FOR {sql}"


def _for_mysql(sql: str, seconds: float) -> str:
    start = _main_select(sql)
    if start is None:
        return sql
    end = start + len("SELECT")  # Anywhere else the hint is ignored.
    return f"{sql[:end]} /*+ MAX_EXECUTION_TIME({_milliseconds(seconds)}) */{sql[end:]}"


def _main_select(sql: str) -> int | None:
    """Where the first SELECT stands that belongs to no WITH: those are in parentheses after AS."""
    depth = 0
    for token in _TOKENS.finditer(sql):
        word = token[0].upper()
        if word == "SELECT" and not depth:
            return token.start()
        if word == ")":
            depth = max(depth - 1, 0)
        elif word.endswith("(") and (depth or word.startswith("AS")):
            depth += 1
    return None


@contextmanager
def _postgresql() -> Iterator[None]:
    # A setting of the transaction. An error takes it back with the savepoint, the end of the transaction in any case.
    before = _timeout() if connection.in_atomic_block else None
    with transaction.atomic():
        with _reading(_unchanged):
            yield
        if before is not None:
            _set_timeout(before)


def _timeout() -> str:
    with connection.connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        value: str = cursor.fetchone()[0]
        return value


def _set_timeout(value: str) -> None:
    # On the driver's own cursor: it is no query of the preview's.
    with connection.connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{value}'")


@contextmanager
def _sqlite() -> Iterator[None]:
    connection.ensure_connection()
    driver = connection.connection
    driver.set_progress_handler(_is_used_up, _STEPS)
    try:
        with _reading(_unchanged):
            yield
    finally:
        driver.set_progress_handler(None, 0)


def _is_used_up() -> bool:
    budget = _current.get()
    return budget is not None and budget.remaining() <= 0


_LIMITS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "mysql": _mysql,
    "postgresql": _postgresql,
    "sqlite": _sqlite,
}
#: A statement that is stopped ends PostgreSQL's transaction: the outer block needs a savepoint to go on from.
_INNER_LIMITS: dict[str, Callable[[], AbstractContextManager[Any]]] = {"postgresql": transaction.atomic}


def _milliseconds(seconds: float) -> int:
    return max(math.ceil(seconds * 1000), 1)  # 0 would mean no limit.


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
