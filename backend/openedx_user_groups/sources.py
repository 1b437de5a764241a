"""What a criterion type says about where its answer comes from, and the two forms that an answer may take.

A relational type answers with :class:`UserIds`, a recipe that the database can compose with others into one statement.
Any other source answers with an ``IdSet``. Evaluating either is not done here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from .sets import IdSet

if TYPE_CHECKING:
    from .data import Scope


@dataclass(frozen=True)
class UserIds:
    """The users that any of ``querysets`` yields or, with ``complement``, everybody else in the universe.

    Each queryset is over its source's own table, is not joined to the universe, and yields one column of user ids
    without NULLs. It may contain users outside the universe: whoever composes it restricts it.
    """

    querysets: tuple[QuerySet[Any, Any], ...]
    complement: bool = False

    def inverted(self) -> UserIds:
        """Everybody in the universe who is not in this set."""
        return replace(self, complement=not self.complement)


#: What a criterion denotes: a recipe for the database, or ids that were fetched elsewhere.
LearnerSet = UserIds | IdSet


@dataclass(frozen=True)
class Availability:
    """Whether a type can be used now. ``reason_code`` and ``message`` say why not."""

    status: str = "available"
    reason_code: str | None = None
    message: Any = None


@dataclass(frozen=True)
class DataSource:
    """Where the data of criterion types comes from and how fresh it is.

    ``mode`` is ``live`` (read at evaluation), ``event`` or ``scheduled`` (a copy that is brought up to date);
    ``refresh_interval`` is in seconds. ``check`` tells whether the source answers for a scope, ``as_of`` of when its
    copy of a scope's data is: ``None`` where there is no copy, or nobody can say.
    """

    id: str
    label: Any
    mode: str = "live"
    refresh_interval: int | None = None
    check: Callable[[Scope], Availability] = lambda scope: Availability()
    as_of: Callable[[Scope], datetime | None] = lambda scope: None


PLATFORM = DataSource("platform", _("Platform database"))
