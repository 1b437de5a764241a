"""Stand-ins for the platform's tables, from the read models over them.

A plugin's own repository has no platform, and so no table of enrollments, from which the core reads who is a learner of
a course. The stand-ins have the columns that installed apps read and nothing else. Where the tables exist (in the
platform, or in a site that brings stand-ins of its own), nothing is done.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, models, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create_missing_tables(*, using: str = "default", **kwargs: Any) -> None:
    """Create the table of each unmanaged model of the installed apps that has none. A receiver of ``post_migrate``."""
    connection = connections[using]
    existing = set(connection.introspection.table_names())
    created: dict[str, set[str]] = {}
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            table = model._meta.db_table
            if model._meta.managed or table in existing or not router.allow_migrate_model(using, model):
                continue
            if table in created:
                _add_columns(editor, model, created[table])
            else:
                editor.create_model(model)
                created[table] = {str(field.column) for field in model._meta.local_concrete_fields}


def _add_columns(editor: BaseDatabaseSchemaEditor, model: type[models.Model], present: set[str]) -> None:
    """Add what this model reads and those before it, over the same table, do not; NULL for whoever does not write it.

    Not by ``editor.add_field``, which on SQLite makes the table anew with the columns of one model only.
    """
    for field in model._meta.local_concrete_fields:
        column = str(field.column)
        if column not in present:
            table, name = editor.quote_name(model._meta.db_table), editor.quote_name(column)
            editor.execute(f"ALTER TABLE {table} ADD COLUMN {name} {field.db_type(editor.connection)}")
            present.add(column)
