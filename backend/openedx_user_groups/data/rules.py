"""What is said of rules: how they combine, what is wrong with them, what a copy has lost, how they are evaluated."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Combine(models.TextChoices):
    """How an inner node of a rule combines its nodes."""

    ALL = "all", _("all of these")
    ANY = "any", _("any of these")


@dataclass(frozen=True)
class Violation:
    """One broken rule of the input: where (JSON pointer into the request), which (stable code), in words, with
    numbers."""

    pointer: str
    code: str
    message: Any
    params: Mapping[str, Any] = field(default_factory=dict)

    def under(self, prefix: str) -> Violation:
        """The same violation, seen from an enclosing document."""
        return Violation(prefix + self.pointer, self.code, self.message, self.params)


@dataclass(frozen=True)
class RuleWarning:
    """Something staff should know about a rule that is valid all the same. ``related`` are other nodes involved."""

    pointer: str
    code: str
    message: Any
    related: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Unresolved:
    """Something that a copied criterion refers to and that does not exist in its new scope.

    ``field`` is a field of the configuration, or empty where the whole criterion has no place there; ``value`` is what
    the configuration holds, ``label`` what staff read in the scope that it came from.
    """

    field: str
    value: str
    label: str


@dataclass(frozen=True)
class Rebound:
    """A criterion's configuration for another scope, with what could not be carried over."""

    config: dict[str, Any]
    unresolved: tuple[Unresolved, ...] = ()


class DataUsed(enum.StrEnum):
    """What a criterion's answer at another instant is made from."""

    AS_OF = "as_of"
    CURRENT_DATA = "current_data"


@dataclass(frozen=True)
class LeafData:
    """What one criterion of an evaluation used: it answers for the instant asked for, or with the data of today."""

    pointer: str
    uses: DataUsed


class PlanKind(enum.StrEnum):
    """How a rule is evaluated. Every plan gives the same set; they differ in cost."""

    STATEMENT = "statement"
    BITMAPS = "bitmaps"
