"""Counting and paging without ever counting a whole large table."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.formats import number_format

#: As far as rows are counted, and as far as lists are paged. Whoever looks for one row further on searches for it.
COUNT_LIMIT = 10_000


class CappedPaginator(Paginator):
    """Pages through the first :data:`COUNT_LIMIT` rows; ``is_capped`` says that there are more."""

    object_list: QuerySet[Any, Any]

    @cached_property
    def count(self) -> int:
        """The number of rows, or the limit where there are more."""
        return min(self._counted, COUNT_LIMIT)

    @property
    def is_capped(self) -> bool:
        """Whether rows are left out."""
        return self._counted > COUNT_LIMIT

    @cached_property
    def _counted(self) -> int:
        return count_up_to(self.object_list, COUNT_LIMIT + 1)


def count_up_to(rows: QuerySet[Any, Any], limit: int) -> int:
    """How many rows there are; the database stops at ``limit``."""
    return rows.order_by().values("pk")[:limit].count()


def rough_count(rows: QuerySet[Any, Any]) -> str:
    """The number of rows for people: exact up to the limit, then “10,000+”."""
    found = count_up_to(rows, COUNT_LIMIT + 1)
    number = number_format(min(found, COUNT_LIMIT), use_l10n=True, force_grouping=True)
    return f"{number}+" if found > COUNT_LIMIT else number
