"""Criteria that are conditions on one row of a table, so that one look at the row answers several of them.

``user_id IN (subquery)`` is a look-up a learner and criterion. Where criteria ask for columns of the same row (the
account, the profile, the enrollment that the learner is counted by), one look-up answers all of them: a rule of ten
criteria then costs about as many as there are tables. Only querysets that are plainly conditions on one such row are
taken; anything else stays the subquery that it is. See ADR 4 and 8 for what that saves.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import Col
from django.db.models.fields import BigIntegerField
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.db.models.sql import Query

from openedx_user_groups.groups.universe import Universe
from openedx_user_groups.sources import LearnerSet, UserIds

#: A model and its column of user ids.
Table = tuple[type[Any], str]


def is_about_own_row(found: LearnerSet, universe: Universe) -> bool:
    """Whether ``found`` is a condition on the very row of the universe that a learner is counted by."""
    queryset = _plain(found)
    if queryset is None or universe.repeats or queryset.model is not universe.rows.model:
        return False
    column = universe.rows.model._meta.pk.attname if universe.user_field == "pk" else universe.user_field
    return _user_column(queryset).attname == column and _fixes(queryset, universe.row_key)


def table_of(found: LearnerSet) -> Table | None:
    """The table with one row a learner on whose rows ``found`` is a condition; ``None`` if it is anything else."""
    queryset = _plain(found)
    if queryset is None:
        return None
    column = _user_column(queryset)
    return (queryset.model, column.attname) if column.unique and not column.null else None


def is_plain(queryset: QuerySet[Any, Any]) -> bool:
    """Whether a queryset is one column of the rows of one table that meet a condition on the row, and nothing more."""
    query = queryset.query
    joined = [alias for alias, references in query.alias_refcount.items() if references]
    if len(joined) > 1 or any(alias != queryset.model._meta.db_table for alias in joined):
        return False
    if query.combinator or query.is_sliced or query.distinct_fields or query.extra or query.group_by is not None:
        return False
    selected = query.select
    if len(selected) != 1 or not isinstance(selected[0], Col):
        return False
    return bool(query.where) and _asks_own_row(query.where)


def accounts_outside(found: UserIds) -> UserIds | None:
    """The accounts that a set of accounts leaves out, as a set; ``None`` for a set over any other table.

    Every learner has an account, so that the two split the universe. A database joins ``IN`` wherever it is cheapest,
    which it does not do with ``NOT IN``.
    """
    account = get_user_model()
    table = account, account._meta.pk.attname
    return rows_where(table, Q(says(found, False))) if table_of(found) == table else None


def has_row(queryset: QuerySet[Any, Any], universe: Universe) -> Exists:
    """Whether a plain queryset yields a learner, looked up for each of them."""
    return Exists(queryset.filter(**{_user_column(queryset).attname: OuterRef(universe.user_field)}))


def rows_where(table: Table, condition: Q) -> UserIds:
    """The learners on whose row of ``table`` the condition holds."""
    model, column = table
    return UserIds((model._base_manager.filter(condition).order_by().values_list(column, flat=True),))


def condition(found: UserIds) -> Any:
    """What the queryset of ``found``, over one table, asks of a row. Where it is NULL, a filter takes it for no.

    A copy: resolving it for another statement changes it.
    """
    return copy.deepcopy(found.querysets[0].query.where)


def says(found: UserIds, yes: bool) -> Exact:
    """Whether a row's answer to :func:`condition` is this one; never NULL, so that it may be negated."""
    return Exact(bit_where(condition(found), 1), int(yes))


def bits_of(table: Table, sets: Iterable[tuple[int, UserIds]], universe: Universe) -> Any:
    """The sum of the bits of those ``sets`` (over one table) that a learner's row is in; 0 without a row."""
    model, column = table
    bits: Any = Value(0, output_field=BigIntegerField())
    for bit, found in sets:
        bits = bits + bit_where(condition(found), bit)
    row = model._base_manager.filter(**{column: OuterRef(universe.user_field)}).order_by()
    answers = Subquery(row.annotate(bits=bits).values("bits"), output_field=BigIntegerField())
    return Coalesce(answers, Value(0, output_field=BigIntegerField()))


def bit_where(condition: Any, bit: int) -> Case:
    """``bit`` where ``condition`` holds, else 0."""
    yes, no = (Value(value, output_field=BigIntegerField()) for value in (bit, 0))
    return Case(When(condition, then=yes), default=no)


def _plain(found: LearnerSet) -> QuerySet[Any, Any] | None:
    """The queryset of a set that has a single one, and that :func:`is_plain`."""
    if not isinstance(found, UserIds) or len(found.querysets) != 1:
        return None
    return found.querysets[0] if is_plain(found.querysets[0]) else None


def _asks_own_row(expression: Any) -> bool:
    """Whether everything in a condition is about the row itself. Another query in it knows the row by the name that it
    has where it stands."""
    if isinstance(expression, Query | Subquery) or not hasattr(expression, "get_source_expressions"):
        return False
    return all(_asks_own_row(part) for part in expression.get_source_expressions() if part is not None)


def _user_column(queryset: QuerySet[Any, Any]) -> Any:
    column: Any = queryset.query.select[0]
    return column.target


def _fixes(queryset: QuerySet[Any, Any], values: dict[str, Any]) -> bool:
    """Whether the condition names exactly these values of columns, whatever else it asks."""
    where = queryset.query.where
    if where.negated or where.connector != "AND":
        return not values
    fixed = {
        child.lhs.target.attname: child.rhs
        for child in where.children
        if isinstance(child, Exact) and isinstance(child.lhs, Col)
    }
    # As text, which is how a condition holds the key of a course.
    return all(name in fixed and str(fixed[name]) == str(value) for name, value in values.items())
