"""Facts: where a learner's value lives, and the set of learners that a question about it denotes.

From one declaration (a queryset of rows with a user and a value) and one question (:class:`ValueTest`) come both the
learners of a group, as a recipe for the database, and the answer for one learner, in Python.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from opaque_keys import OpaqueKey

from openedx_user_groups.sources import UserIds

from .conditions import ANY_VALUE, Condition, Interval


@dataclass(frozen=True)
class ValueTest:
    """A question about a value: ``condition``, asked of values in ``domain``; anything else counts as missing.

    ``missing`` is the answer for learners without a value; ``complement`` inverts the whole answer afterwards, so that
    an operator and its complement always split the universe in two.
    """

    condition: Condition
    domain: Interval = ANY_VALUE
    missing: bool = False
    complement: bool = False

    def answer(self, values: Iterable[Any]) -> bool:
        """The answer for a learner who has these values (or none)."""
        present = [value for value in values if value is not None and value in self.domain]
        positive = self.condition.matches(present) if present else self.missing
        return positive != self.complement


@dataclass(frozen=True)
class Rows:
    """A queryset with the names of its columns of user ids and of values (which may be annotations)."""

    queryset: QuerySet[Any, Any]
    user: str
    value: str

    def users(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """The users of a narrowing of :attr:`queryset`, one column without NULLs."""
        if self._user_may_be_null():
            rows = rows.filter(**{f"{self.user}__isnull": False})
        return rows.order_by().values_list(self.user, flat=True)

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
    """

    def __init__(self, queryset: QuerySet[Any, Any], *, value: str, user: str = "user_id") -> None:
        self.sources: tuple[Rows, ...] = (Rows(queryset, user, value),)

    def also(self, queryset: QuerySet[Any, Any], *, value: str, user: str = "user_id") -> Fact:
        """This fact with further values from other rows."""
        self.sources += (Rows(queryset, user, value),)
        return self

    def learners(self, test: ValueTest) -> UserIds:
        """The set that ``test`` denotes, as a recipe for the database.

        Where learners without a value match, the set is the complement of those whose value says no.
        """
        if test.missing:
            return UserIds(tuple(self._refuted(source, test) for source in self.sources), not test.complement)
        confirmed = (source.users(self._confirmed(source, test)) for source in self.sources)
        return UserIds(tuple(confirmed), test.complement)

    def values_of(self, user_ids: Iterable[int]) -> dict[int, list[Any]]:
        """The values of these learners: one query a source. Learners without a row are left out.

        Opaque keys come as text, so that they compare with what staff listed as they do in the database.
        """
        values: dict[int, list[Any]] = {}
        wanted = list(user_ids)
        for source in self.sources:
            rows = source.queryset.filter(**{f"{source.user}__in": wanted}).order_by()
            for user_id, value in rows.values_list(source.user, source.value):
                values.setdefault(user_id, []).append(str(value) if isinstance(value, OpaqueKey) else value)
        return values

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
        return source.users(test.condition.outside(source.queryset, source.user, source.value, test.domain))
