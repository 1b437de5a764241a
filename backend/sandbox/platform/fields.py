"""Column types and time stamps that several of the platform's tables share."""

from __future__ import annotations

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone


class UnsignedBigAutoField(models.BigAutoField):
    """The key of the platform's grade tables: unsigned on MySQL, a plain big integer elsewhere."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the column type."""
        if connection.vendor == "mysql":
            return "bigint UNSIGNED AUTO_INCREMENT"
        return super().db_type(connection)

    def rel_db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the type of a column that points here."""
        if connection.vendor == "mysql":
            return "bigint UNSIGNED"
        return super().rel_db_type(connection)


class TimeStamped(models.Model):
    """The pair of time stamps that the platform takes from django-model-utils."""

    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
