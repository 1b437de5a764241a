"""Facts: where a learner's value lives, and the set of learners that a question about it denotes.

From one declaration (a queryset of rows with a user and a value) and one question (:class:`ValueTest`) come both the
learners of a group, as a recipe for the database, and the answer for one learner, in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, IntegerField, Q, QuerySet
from opaque_keys import OpaqueKey

from openedx_user_groups.sources import UserIds

from .conditions import ANY_VALUE, Condition, Interval


@dataclass(frozen=True)
class ValueTest:
    """A question about a value: ``condition``, asked of values in ``domain``; anything else counts as missing.

    ``missing`` is the answer for learners without a value; ``complement`` inverts the whole answer afterwards, so that
    an operator and its complement always split the universe in two. ``moves`` says that the bounds of condition and
    domain move along with the instant of evaluation, so that the answer changes with time alone.
    """

    condition: Condition
    domain: Interval = ANY_VALUE
    missing: bool = False
    complement: bool = False
    moves: bool = False

    def answer(self, values: Iterable[Any]) -> bool:
        """The answer for a learner who has these values (or none)."""
        present = self.present(values)
        positive = self.condition.matches(present) if present else self.missing
        return positive != self.complement

    def present(self, values: Iterable[Any]) -> list[Any]:
        """Those of the values that count."""
        return [value for value in values if value is not None and value in self.domain]

    @property
    def limits(self) -> tuple[Interval, ...]:
        """The intervals at whose bounds the answer may change."""
        return (self.condition, self.domain) if isinstance(self.condition, Interval) else (self.domain,)

    @property
    def bounds(self) -> frozenset[Any]:
        """The values at which the answer may change."""
        ends = (end for interval in self.limits for end in (interval.lower, interval.upper))
        return frozenset(end for end in ends if end is not None)


@dataclass(frozen=True)
class Rows:
    """A queryset with the names of its columns of user ids and of values (which may be annotations).

    ``recorded`` names the column that says when the value was written, where there is one.
    """

    queryset: QuerySet[Any, Any]
    user: str
    value: str
    recorded: str | None = None

    def users(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """The users of a narrowing of :attr:`queryset`, one column without NULLs."""
        if self._user_may_be_null():
            rows = rows.filter(**{f"{self.user}__isnull": False})
        return rows.order_by().values_list(self.user, flat=True)

    @property
    def one_a_user(self) -> bool:
        """Whether the model allows one row a user, and the value is a column of that row."""
        user = self._column(self.user)
        return user is not None and user.unique and self._column(self.value) is not None

    @property
    def every_account(self) -> bool:
        """Whether these are all accounts, none filtered out, and the value is a column of theirs that is never NULL."""
        query, value = self.queryset.query, self._column(self.value)
        whole = not (query.where or query.is_sliced or query.combinator)
        user = self._column(self.user)
        is_account = self.queryset.model is get_user_model() and user is not None and user.primary_key
        return whole and is_account and value is not None and not value.null

    @property
    def whole_numbers(self) -> bool:
        """Whether the column of values holds nothing else."""
        return isinstance(self._column(self.value), IntegerField)

    def _column(self, name: str) -> Field[Any, Any] | None:
        options = self.queryset.model._meta
        columns: tuple[Field[Any, Any], ...] = options.concrete_fields
        name = options.pk.name if name == "pk" else name
        return next((field for field in columns if name in (field.name, field.attname)), None)

    def _user_may_be_null(self) -> bool:
        try:
            field = self.queryset.model._meta.get_field(self.user.removesuffix("_id"))
        except FieldDoesNotExist:
            return self.user != "pk"
        return bool(field.null)


class Fact:
    """Where a learner's value lives: one or more querysets of rows ``(user, value)``.

    A learner has a value if any row has one; several rows are several values (languages, enrollments). ``Fact(queryset,
    user="user_id", value="country")`` is the usual form; ``also`` adds further rows from another table.

    Args:
        queryset: the rows, or a function that makes them where that costs a query.
        recorded: the column that says when the value was written; explanations show how old a value is.
        single_valued: whether a learner has at most one value, which lets contradictions be found ("in A and in B").
            Where it is not said, a unique column of users proves it; declare it where the filter and a unique
            constraint over several columns do. When in doubt, leave it out.

    That everybody has a value is never declared: only a column of the accounts themselves that is never NULL proves it.
    """

    def __init__(
        self,
        queryset: QuerySet[Any, Any] | Callable[[], QuerySet[Any, Any]],
        *,
        value: str,
        user: str = "user_id",
        recorded: str | None = None,
        single_valued: bool | None = None,
    ) -> None:
        self._tables = [(queryset, user, value, recorded)]
        self._single_valued = single_valued

    def also(
        self, queryset: QuerySet[Any, Any], *, value: str, user: str = "user_id", recorded: str | None = None
    ) -> Fact:
        """This fact with further values from other rows."""
        self._tables.append((queryset, user, value, recorded))
        self.__dict__.pop("sources", None)
        return self

    @cached_property
    def sources(self) -> tuple[Rows, ...]:
        """The rows, one element a table."""
        return tuple(
            Rows(queryset if isinstance(queryset, QuerySet) else queryset(), user, value, recorded)
            for queryset, user, value, recorded in self._tables
        )

    @property
    def single_valued(self) -> bool:
        """Whether a learner has at most one value. Never asks the database."""
        if self._single_valued is not None:
            return self._single_valued
        return len(self._tables) == 1 and self._known_without_query and self.sources[0].one_a_user

    @property
    def everybody_has_one(self) -> bool:
        """Whether every learner is known to have a value. Never asks the database."""
        return self._known_without_query and any(source.every_account for source in self.sources)

    @property
    def whole_numbers(self) -> bool:
        """Whether values are known to be whole numbers. Never asks the database."""
        return self._known_without_query and all(source.whole_numbers for source in self.sources)

    @property
    def _known_without_query(self) -> bool:
        return all(isinstance(queryset, QuerySet) for queryset, *_names in self._tables)

    def learners(self, test: ValueTest) -> UserIds:
        """The set that ``test`` denotes, as a recipe for the database.

        Where learners without a value match, the set is the complement of those whose value says no.
        """
        if test.missing:
            return UserIds(tuple(self._saying_no(test)), not test.complement)
        return UserIds(tuple(self._saying_yes(test)), test.complement)

    def values_of(self, user_ids: Iterable[int]) -> dict[int, list[Any]]:
        """The values of these learners: one query a source. Learners without a row are left out.

        Opaque keys come as text, so that they compare with what staff listed as they do in the database.
        """
        values: dict[int, list[Any]] = {}
        for source in self.sources:
            for user_id, value in self._rows(source, user_ids, source.value):
                values.setdefault(user_id, []).append(value)
        return values

    def dated_values_of(self, user_ids: Iterable[int]) -> dict[int, list[tuple[Any, datetime | None]]]:
        """The same with the instant at which each value was recorded, where the source knows it."""
        values: dict[int, list[tuple[Any, datetime | None]]] = {}
        for source in self.sources:
            dated = (source.recorded,) if source.recorded else ()
            for user_id, value, *recorded in self._rows(source, user_ids, source.value, *dated):
                values.setdefault(user_id, []).append((value, recorded[0] if recorded else None))
        return values

    @staticmethod
    def _rows(source: Rows, user_ids: Iterable[int], *columns: str) -> Iterator[tuple[Any, ...]]:
        rows = source.queryset.filter(**{f"{source.user}__in": list(user_ids)}).order_by()
        for user_id, value, *others in rows.values_list(source.user, *columns):
            yield user_id, str(value) if isinstance(value, OpaqueKey) else value, *others

    def _saying_yes(self, test: ValueTest) -> Iterator[QuerySet[Any, Any]]:
        for source in self.sources:
            yield source.users(self._confirmed(source, test))

    def _saying_no(self, test: ValueTest) -> Iterator[QuerySet[Any, Any]]:
        """Who has a value in the domain, and none as asked for: of several values, one that says yes is enough."""
        others = () if self.single_valued else tuple(self._saying_yes(test))
        for source in self.sources:
            rows = self._refuted(source, test)
            for users in others:  # Without NULLs on either side: the exact complement, see ADR 4.
                rows = rows.filter(~Q(**{f"{source.user}__in": users}))
            yield source.users(rows)

    @staticmethod
    def _confirmed(source: Rows, test: ValueTest) -> QuerySet[Any, Any]:
        rows = test.condition.inside(source.queryset, source.user, source.value)
        if test.domain is ANY_VALUE or isinstance(test.condition, Interval):
            return rows  # An interval was cut to its domain when it was made.
        return rows.filter(test.domain.q(source.value))

    @staticmethod
    def _refuted(source: Rows, test: ValueTest) -> QuerySet[Any, Any]:
        if not isinstance(test.condition, Interval):
            raise TypeError("Only a comparison can count learners without a value as matching.")
        return test.condition.outside(source.queryset, source.user, source.value, test.domain)
