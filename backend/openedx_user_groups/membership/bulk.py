"""Writing many rows that differ only in the user, without a Python object for each.

``bulk_create`` takes seven times as long for a large group (``benchmarks/``). The statement is plain SQL that every
supported database speaks; constants go through the model fields, so that each database gets its own form of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connections, models, router

from openedx_user_groups import settings
from openedx_user_groups.sets import chunks


def insert_for_users(model: type[models.Model], user_ids: Iterable[int], **constants: Any) -> int:
    """Insert a row of ``model`` for each account of ``user_ids``; ``constants`` are the other columns' values. Returns
    how many were inserted.

    Rows are selected from the accounts, so that an id without an account is left out rather than an error.
    """
    inserted = 0
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    options: Any = model._meta
    fields = [options.get_field(name) for name in constants]
    columns = ", ".join(quote(field.column) for field in fields)
    values = [
        field.get_db_prep_save(value, connection=connection)
        for field, value in zip(fields, constants.values(), strict=True)
    ]
    accounts: Any = get_user_model()._meta
    key = quote(accounts.pk.column)
    with connection.cursor() as cursor:
        for chunk in chunks(user_ids, settings.get("WRITE_CHUNK_SIZE")):
            cursor.execute(
                f"INSERT INTO {quote(options.db_table)} ({columns}, {quote('user_id')}) "
                f"SELECT {', '.join(['%s'] * len(values))}, {key} FROM {quote(accounts.db_table)} "
                f"WHERE {key} IN ({', '.join(map(str, chunk))})",
                values,
            )
            inserted += cursor.rowcount
    return inserted
