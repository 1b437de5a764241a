"""Sets of user ids, and reading them from the database without holding rows in memory.

A set of learners is a compressed ("roaring") bitmap of user ids: a million members take a few hundred kilobytes, and
union, intersection and difference cost microseconds. Nothing here knows about groups or rules.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet
from pyroaring import BitMap

IdSet = BitMap
Item = TypeVar("Item")

#: Rows taken from the cursor at a time: large enough to amortise the call, small enough to stay flat in memory.
_FETCH_SIZE = 20_000
_before_portion: ContextVar[Callable[[], Any] | None] = ContextVar("user_groups_before_portion", default=None)


def fetch_ids(queryset: QuerySet[Any, Any]) -> IdSet:
    """The set of ids that a one-column ``values_list`` queryset yields. Duplicates and NULLs are dropped."""
    ids = IdSet()
    for rows in fetch_rows(queryset):
        ids.update([row[0] for row in rows if row[0] is not None])
    return ids


def fetch_rows(queryset: QuerySet[Any, Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows of a ``values_list`` queryset of integers, as the database sends them, some thousands at a time."""
    connection = connections[queryset.db]
    try:
        sql, params = queryset.query.get_compiler(using=queryset.db).as_sql()
    except EmptyResultSet:
        return
    # Closing an unbuffered cursor may fail as reading it does, and Django does not translate that by itself.
    with connection.wrap_database_errors, closing(_streaming_cursor(connection)) as cursor:
        cursor.execute(sql, params)
        while rows := _portion(cursor):
            yield rows


@contextmanager
def before_each_portion(action: Callable[[], Any]) -> Iterator[None]:
    """Call ``action`` before each portion of rows that is read in the block, and read no more where it raises.

    A database may work for long between two portions, which is its answer to one statement all the same.
    """
    token = _before_portion.set(action)
    try:
        yield
    finally:
        _before_portion.reset(token)


def _portion(cursor: Any) -> Sequence[tuple[Any, ...]]:
    if action := _before_portion.get():
        action()
    rows: Sequence[tuple[Any, ...]] = cursor.fetchmany(_FETCH_SIZE)
    return rows


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """``items`` in lists of at most ``size``, in ascending order for an :data:`IdSet`."""
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def _streaming_cursor(connection: Any) -> Any:
    """A cursor that reads rows as they come.

    Django streams on PostgreSQL and SQLite, but on MySQL and MariaDB its cursors fetch the whole result into the
    client first (hundreds of megabytes for a large course); there the driver's unbuffered cursor is taken, wrapped as
    Django wraps its own so that queries are logged and counted like any other.
    """
    if connection.vendor != "mysql":
        return connection.chunked_cursor()
    from django.db.backends.mysql.base import CursorWrapper
    from MySQLdb.cursors import SSCursor

    connection.ensure_connection()
    cursor = CursorWrapper(connection.connection.cursor(SSCursor))
    return connection.make_debug_cursor(cursor) if connection.queries_logged else connection.make_cursor(cursor)
