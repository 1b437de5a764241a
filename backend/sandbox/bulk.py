"""Writes many rows of plain values with multi-row statements: the only way the sandbox fills its big tables.

Model instances are what makes `bulk_create` slow here (each opaque key is parsed and serialized several times), so
rows are tuples of what the columns hold: numbers, text, aware datetimes, None.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models
from django.db.backends.utils import CursorWrapper

# Larger statements gain nothing measurable on MariaDB, and cost memory.
ROWS_PER_STATEMENT = 5_000

Row = Sequence[Any]


@dataclass(frozen=True)
class Table:
    """The columns of a model's table that rows bring, by field name, and the columns that make a row unique.

    Columns that rows do not bring take the default of their field.
    """

    model: type[models.Model]
    columns: tuple[str, ...]
    unique: tuple[str, ...] = ()

    def with_id(self) -> Table:
        """Return the same table for rows that bring their primary key, first."""
        return replace(self, columns=("id", *self.columns))

    def field(self, name: str) -> models.Field[Any, Any]:
        """Return the field of that name or attribute name."""
        return next(f for f in self.model._meta.concrete_fields if name in (f.name, f.attname))

    def quoted(self, name: str) -> str:
        """Return the column's name as SQL."""
        return _quoted_column(self.field(name))

    @property
    def name(self) -> str:
        """The table's name as SQL."""
        return connection.ops.quote_name(self.model._meta.db_table)


def _quoted_column(field: models.Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))


def bulk_cursor() -> CursorWrapper:
    """Return a cursor that keeps no log: with DEBUG on, Django would hold every statement in memory."""
    connection.ensure_connection()
    return connection.make_cursor(connection.create_cursor())


def _ignore(count: int) -> None:
    """Stand in for somebody who wants to know the progress."""


def insert_rows(
    table: Table, rows: Iterable[Row], advance: Callable[[int], object] = _ignore, *, upsert: bool = False
) -> None:
    """Insert the rows; with `upsert`, bring rows that are there already (by `table.unique`) up to date instead."""
    insert = _Insert(table, upsert)
    remaining = iter(rows)
    with bulk_cursor() as cursor:
        while chunk := list(islice(remaining, insert.rows_per_statement)):
            cursor.execute(insert.statement(len(chunk)), insert.parameters(chunk))
            advance(len(chunk))


class _Insert:
    """The INSERT statement of one table, for any number of rows."""

    def __init__(self, table: Table, upsert: bool) -> None:
        self.table = table
        self.width = len(table.columns)
        brought = [table.field(name) for name in table.columns]
        self.instants = [i for i, field in enumerate(brought) if isinstance(field, models.DateTimeField)]
        missing = [
            field for field in table.model._meta.concrete_fields if field not in brought and not field.primary_key
        ]
        columns = ", ".join(map(_quoted_column, [*brought, *missing]))
        self.head = f"INSERT INTO {table.name} ({columns}) VALUES "
        self.row = "(" + ", ".join([*["%s"] * self.width, *map(_default_literal, missing)]) + ")"
        self.tail = self._on_conflict() if upsert else ""
        limit = connection.features.max_query_params or ROWS_PER_STATEMENT * self.width
        self.rows_per_statement = min(ROWS_PER_STATEMENT, limit // self.width)

    def _on_conflict(self) -> str:
        # Where the whole row is its key, "updating" a key column to itself is every database's way to do nothing.
        names = [name for name in self.table.columns if name not in self.table.unique] or self.table.unique[:1]
        updated = [self.table.quoted(name) for name in names]
        if connection.vendor == "mysql":
            return " ON DUPLICATE KEY UPDATE " + ", ".join(f"{column} = VALUES({column})" for column in updated)
        target = ", ".join(self.table.quoted(name) for name in self.table.unique)
        return f" ON CONFLICT ({target}) DO UPDATE SET " + ", ".join(f"{c} = EXCLUDED.{c}" for c in updated)

    def statement(self, count: int) -> str:
        return self.head + ", ".join([self.row] * count) + self.tail

    def parameters(self, chunk: list[Row]) -> list[Any]:
        values = list(chain.from_iterable(chunk))
        for column in self.instants:
            values[column :: self.width] = [_adapted(value) for value in values[column :: self.width]]
        return values


@functools.lru_cache(maxsize=100_000)
def _adapted_instant(vendor: str, value: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _adapted(value: datetime | None) -> Any:
    # The same instants come again and again, and converting one costs more than all the rest of a row.
    return None if value is None else _adapted_instant(connection.vendor, value)


def _default_literal(field: models.Field[Any, Any]) -> str:
    """Return the field's default as SQL, so that a constant is not sent once a row."""
    default = field.get_default()
    if default is None and not field.null:
        raise ValueError(f"Rows of {field.model.__name__} must bring {field.name!r}, which has no default.")
    literals = {None: "NULL", "": "''", True: "TRUE", False: "FALSE"}
    if isinstance(default, bool) or default in ("", None):
        return literals[default]
    if isinstance(default, int):
        return str(default)
    raise ValueError(f"Rows of {field.model.__name__} must bring {field.name!r}: its default is not a plain constant.")


def select_rows(
    table: Table, columns: Sequence[str], where: str = "1 = 1", params: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of the table's rows as the database holds them (opaque keys as text)."""
    names = ", ".join(table.quoted(column) for column in columns)
    with bulk_cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM {table.name} WHERE {where}", params)
        yield from cursor.fetchall()


def delete_rows(table: Table, ids: Collection[int], column: str = "id") -> None:
    """Delete the rows whose column holds one of these ids; nothing may refer to them."""
    ordered = sorted(ids)
    size = min(ROWS_PER_STATEMENT, connection.features.max_query_params or ROWS_PER_STATEMENT)
    with bulk_cursor() as cursor:
        for start in range(0, len(ordered), size):
            chunk = ordered[start : start + size]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"DELETE FROM {table.name} WHERE {table.quoted(column)} IN ({marks})", chunk)


def reset_sequences(*tables: Table) -> None:
    """Let the database number on after rows that brought their own primary key."""
    with bulk_cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)


@contextmanager
def unchecked_inserts() -> Iterator[None]:
    """Spare MySQL and MariaDB the check of keys that are right by construction; elsewhere, do nothing."""
    if connection.vendor != "mysql":
        yield
        return
    with bulk_cursor() as cursor:
        cursor.execute("SET SESSION unique_checks = 0, SESSION foreign_key_checks = 0")
    try:
        yield
    finally:
        with bulk_cursor() as cursor:
            cursor.execute("SET SESSION unique_checks = 1, SESSION foreign_key_checks = 1")
