"""A system check that the platform's tables have the columns that are read here.

It asks the database, so it runs with ``manage.py check --database default`` and before ``migrate``, not at start-up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core import checks
from django.db import connections, models, router

from openedx_user_groups.criteria_api import Course, Enrollment

_TABLE_HINT = (
    "Criteria that read it cannot be evaluated. Expected where an app of the platform is not installed, and where a "
    "service has a database of its own; anywhere else, run the platform's migrations."
)
_COLUMN_HINT = (
    "Criteria that read it cannot be evaluated. Install a release that supports this version of the platform."
)


@checks.register(checks.Tags.database)
def check_platform_tables(
    app_configs: Any, databases: Iterable[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Every table and column of the platform that a criterion type reads, in each of ``databases``."""
    return [message for alias in databases or () for message in _check_database(alias)]


def read_models() -> list[type[models.Model]]:
    """The models over tables of the platform."""
    own = apps.get_app_config("openedx_user_groups_lms").get_models()
    return [Course, Enrollment, *(model for model in own if not model._meta.managed)]


def _check_database(alias: str) -> Iterator[checks.CheckMessage]:
    connection = connections[alias]
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if get_user_model()._meta.db_table not in tables:
            return  # Nothing has been migrated yet: a first installation is not a faulty one.
        for model in read_models():
            if router.db_for_read(model) != alias:
                continue
            table = model._meta.db_table
            if table not in tables:
                yield _warning(model, f"The table {table} does not exist.", _TABLE_HINT)
                continue
            present = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            missing = sorted({str(field.column) for field in model._meta.local_concrete_fields} - present)
            if missing:
                yield _warning(model, f"The table {table} has no column {', '.join(missing)}.", _COLUMN_HINT)


def _warning(model: type[models.Model], message: str, hint: str) -> checks.Warning:
    return checks.Warning(message, hint=hint, obj=model, id="openedx_user_groups_lms.W001")
