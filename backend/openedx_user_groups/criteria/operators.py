"""The operators of the contract: their ids, how many values they take, and which is the complement of which.

One table (semantics, items 2 and 6). A type offers some of them with labels of its own ("more than ... days ago").
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


class Arity(enum.StrEnum):
    """How many values an operator takes."""

    NONE = "none"
    ONE = "one"
    TWO = "two"
    LIST = "list"


ARITIES: dict[str, Arity] = {
    "=": Arity.ONE,
    "!=": Arity.ONE,
    ">": Arity.ONE,
    ">=": Arity.ONE,
    "<": Arity.ONE,
    "<=": Arity.ONE,
    "between": Arity.TWO,
    "in": Arity.LIST,
    "not_in": Arity.LIST,
    "exists": Arity.NONE,
    "not_exists": Arity.NONE,
}

#: The operators that are the complement, within the universe, of a positive one.
COMPLEMENT_OF: dict[str, str] = {"!=": "=", "not_in": "in", "not_exists": "exists"}

DEFAULT_LABELS: dict[str, Any] = {
    "=": _("is"),
    "!=": _("is not"),
    ">": _("is more than"),
    ">=": _("is at least"),
    "<": _("is less than"),
    "<=": _("is at most"),
    "between": _("is between"),
    "in": _("is one of"),
    "not_in": _("is none of"),
    "exists": _("is known"),
    "not_exists": _("is not known"),
}


@dataclass(frozen=True)
class Operator:
    """An operator as one type offers it.

    ``fields`` are the value fields that it compares with. Where there are several, exactly one is filled in ("days ago"
    or "date"). ``requires`` are fields that must stand beside it (which subsection), ``options`` fields that may.
    """

    id: str
    label: Any
    fields: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def arity(self) -> Arity:
        """How many values it takes."""
        return ARITIES[self.id]

    @property
    def complement_of(self) -> str | None:
        """The positive operator whose complement this is, if it is one."""
        return COMPLEMENT_OF.get(self.id)

    @property
    def positive_id(self) -> str:
        """The operator that is evaluated: itself, or the one that it is the complement of."""
        return COMPLEMENT_OF.get(self.id, self.id)

    @property
    def accepts(self) -> tuple[str, ...]:
        """Every field that may stand in a configuration with this operator."""
        return (*self.requires, *self.fields, *self.options)

    @property
    def includes_missing(self) -> bool:
        """Whether learners without a value match."""
        return self.complement_of is not None


def operators(
    ids: str,
    *fields: str,
    requires: tuple[str, ...] = (),
    options: tuple[str, ...] = (),
    labels: dict[str, Any] | None = None,
) -> tuple[Operator, ...]:
    """Operators over the same value fields: ``operators("> >= between", "days", "date")``."""
    labels = {**DEFAULT_LABELS, **(labels or {})}
    return tuple(Operator(id_, labels[id_], fields, requires, options) for id_ in ids.split())
