"""Conditions on a learner's value, said once for the database and for Python.

A condition is the positive part of an operator ("at least 40", "one of ES, FR"). It can be asked of values in Python
(``matches``), and it can narrow a queryset of values (``inside``); ``outside`` narrows to the values that do *not*
satisfy it, never by negating SQL, whose three-valued logic would lose rows without a value. The two engines are
compared by the oracle test.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import models
from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Lower
from django.db.models.lookups import IsNull

Rows = QuerySet[Any, Any]


class Condition(Protocol):
    """What an operator asks of a value."""

    def matches(self, values: Collection[Any]) -> bool:
        """Whether a learner with these values (one or more, never none) satisfies it."""
        ...

    def inside(self, rows: Rows, user: str, value: str) -> Rows:
        """The rows whose ``value`` satisfies it. ``user`` names the column of user ids."""
        ...


@dataclass(frozen=True)
class Anything:
    """Any value at all: "exists"."""

    def matches(self, values: Collection[Any]) -> bool:
        return bool(values)

    def inside(self, rows: Rows, user: str, value: str) -> Rows:
        return rows.filter(IsNull(F(value), False))  # As an expression: opaque-key fields refuse the lookup.


@dataclass(frozen=True)
class Interval:
    """Values between two bounds; ``None`` is unbounded, ``*_open`` leaves the bound itself out.

    One single text is compared exactly. Other bounds of text are in the order of the database, not of Python.
    """

    lower: Any = None
    upper: Any = None
    lower_open: bool = False
    upper_open: bool = False

    def __contains__(self, value: Any) -> bool:
        above = self.lower is None or value > self.lower or (value == self.lower and not self.lower_open)
        below = self.upper is None or value < self.upper or (value == self.upper and not self.upper_open)
        return above and below

    @property
    def ends(self) -> tuple[Any, ...]:
        """The bounds that there are, the lower one first."""
        return tuple(end for end in (self.lower, self.upper) if end is not None)

    def matches(self, values: Collection[Any]) -> bool:
        return any(value in self for value in values)

    def inside(self, rows: Rows, user: str, value: str) -> Rows:
        return rows.filter(self.q(value))

    def q(self, value: str) -> Q:
        """This interval as a filter. A NULL value is in no interval."""
        if self._is_one_text:
            return Q(ExactlyIn(F(value), [self.lower]))
        where = Q(**{f"{value}__isnull": False}) if self.lower is None and self.upper is None else Q()
        if self.lower is not None:
            where &= Q(**{f"{value}__{'gt' if self.lower_open else 'gte'}": self.lower})
        if self.upper is not None:
            where &= Q(**{f"{value}__{'lt' if self.upper_open else 'lte'}": self.upper})
        return where

    def outside(self, rows: Rows, user: str, value: str, domain: Interval) -> Rows:
        """The rows whose ``value`` is in ``domain`` but not here."""
        if self._is_one_text:  # No NULL is in the domain, so that nothing is lost by NOT.
            return rows.filter(domain.q(value), ~self.q(value))
        parts = []
        if self.lower is not None:
            parts.append(domain.below(self.lower, not self.lower_open).q(value))
        if self.upper is not None:
            parts.append(domain.above(self.upper, not self.upper_open).q(value))
        return rows.filter(functools.reduce(operator.or_, parts)) if parts else rows.none()

    @property
    def _is_one_text(self) -> bool:
        is_closed = not self.lower_open and not self.upper_open
        return isinstance(self.lower, str) and self.lower == self.upper and is_closed

    def below(self, bound: Any, is_open: bool) -> Interval:
        """The part of this interval below ``bound``."""
        if self.upper is not None and self.upper < bound:
            return self
        return Interval(self.lower, bound, self.lower_open, is_open)

    def above(self, bound: Any, is_open: bool) -> Interval:
        """The part of this interval above ``bound``."""
        if self.lower is not None and self.lower > bound:
            return self
        return Interval(bound, self.upper, is_open, self.upper_open)


ANY_VALUE = Interval()


class ExactlyIn(models.Lookup):
    """``IN`` that compares text byte by byte on every database.

    MySQL and MariaDB take 'us' and 'US ' for 'US' under their usual collations. There the plain comparison stays in
    front, because only that can use an index; the binary one then decides.
    """

    lookup_name = "exactly_in"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, params = self.process_lhs(compiler, connection)
        values = sorted(self.rhs)
        marks = ", ".join(["%s"] * len(values))
        return f"{lhs} IN ({marks})", (*params, *values)

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Columns of opaque keys ignore case there."""
        lhs, params = self.process_lhs(compiler, connection)
        marks = ", ".join(["%s"] * len(self.rhs))
        return f"{lhs} COLLATE BINARY IN ({marks})", (*params, *sorted(self.rhs))

    def as_mysql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = self.as_sql(compiler, connection)
        lhs, lhs_params = self.process_lhs(compiler, connection)
        marks = ", ".join(["%s"] * len(self.rhs))
        exact = f"CAST({lhs} AS BINARY) IN ({marks})"
        return f"({sql} AND {exact})", (*params, *lhs_params, *(v.encode() for v in sorted(self.rhs)))


def exactly(rows: Rows, column: str, value: str) -> Rows:
    """The rows whose text in ``column`` is ``value`` to the byte, also where the database compares more loosely."""
    return rows.filter(ExactlyIn(F(column), [value]))


def _one_of(rows: Rows, value: str, values: Collection[Any]) -> Rows:
    if any(isinstance(item, str) for item in values):
        return rows.filter(ExactlyIn(F(value), list(values)))
    return rows.filter(**{f"{value}__in": list(values)})


@dataclass(frozen=True)
class OneOf:
    """Any of the learner's values is listed. Text is compared exactly."""

    values: frozenset[Any]

    def matches(self, values: Collection[Any]) -> bool:
        return not self.values.isdisjoint(values)

    def inside(self, rows: Rows, user: str, value: str) -> Rows:
        return _one_of(rows, value, self.values)


@dataclass(frozen=True)
class AllOf:
    """Every listed value is among the learner's values."""

    values: frozenset[Any]

    def matches(self, values: Collection[Any]) -> bool:
        return self.values.issubset(values)

    def inside(self, rows: Rows, user: str, value: str) -> Rows:
        listed: Rows = _one_of(rows, value, self.values).order_by().values(user)
        listed = listed.annotate(listed_values=Count(value, distinct=True))
        return listed.filter(listed_values=len(self.values))


_DOMAINS_PER_PART = 100


@dataclass(frozen=True)
class EmailDomains:
    """The value is an e-mail address at one of the domains or, with ``subdomains``, below one. Case does not matter."""

    domains: frozenset[str]
    subdomains: bool = False

    def matches(self, values: Collection[Any]) -> bool:
        return any(self._matches_one(value) for value in values)

    def _matches_one(self, email: str) -> bool:
        _, at, domain = email.lower().rpartition("@")
        below = tuple(f".{name}" for name in self.domains) if self.subdomains else ()
        return bool(at) and (domain in self.domains or domain.endswith(below))

    def inside(self, rows: Rows, user: str, value: str) -> Rows:
        # In parts: SQLite refuses an expression that is a thousand deep, and so many domains joined by OR are one.
        names = sorted(self.domains)
        parts = (names[start : start + _DOMAINS_PER_PART] for start in range(0, len(names), _DOMAINS_PER_PART))
        at_any = Case(*(When(self._at_one_of(part), then=Value(True)) for part in parts), default=Value(False))
        lowered: Rows = rows.annotate(lowered_email=Lower(value))
        return lowered.filter(at_any)

    def _at_one_of(self, domains: list[str]) -> Q:
        where = Q()
        for domain in domains:
            where |= Q(lowered_email__endswith=f"@{domain}")
            if self.subdomains:
                where |= Q(lowered_email__endswith=f".{domain}", lowered_email__contains="@")
        return where
