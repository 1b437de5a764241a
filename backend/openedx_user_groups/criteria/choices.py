"""Choices of a value field that come from data: the tracks of a course, countries, cohorts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

if TYPE_CHECKING:
    from openedx_user_groups.data import Scope

#: Up to this many choices stand in the metadata document; above, the client searches for them.
INLINE_LIMIT = 300


@dataclass(frozen=True)
class Choice:
    """One value that may be chosen, and what staff read."""

    value: str
    label: Any


class ChoiceSource:
    """The choices of a field in a scope.

    ``search`` and ``resolve`` must be cheap: they are asked at each key stroke and for each stored value. ``closed``
    says that only these values are valid; an open source merely suggests. ``remote`` makes the client search even a
    short list.
    """

    closed = True
    remote = False

    def search(self, scope: Scope, text: str, limit: int, offset: int = 0) -> list[Choice]:
        """Choices whose value or label contains ``text``, by label."""
        raise NotImplementedError

    def count(self, scope: Scope, text: str) -> int:
        """How many choices :meth:`search` would find."""
        raise NotImplementedError

    def resolve(self, scope: Scope, values: Collection[str]) -> list[Choice]:
        """The choices with exactly these values; unknown values are left out."""
        raise NotImplementedError

    def unknown(self, scope: Scope, values: Collection[str]) -> set[str]:
        """Which of ``values`` may not be used."""
        if not self.closed:
            return set()
        return set(values) - {choice.value for choice in self.resolve(scope, values)}


class ListedChoices(ChoiceSource):
    """Choices that a function lists in full: a few hundred at most."""

    def __init__(self, list_choices: Callable[[Scope], Iterable[tuple[str, Any]]]) -> None:
        self._list = list_choices

    def search(self, scope: Scope, text: str, limit: int, offset: int = 0) -> list[Choice]:
        found = sorted(self._containing(scope, text), key=lambda choice: (str(choice.label).casefold(), choice.value))
        return found[offset : offset + limit]

    def count(self, scope: Scope, text: str) -> int:
        return len(self._containing(scope, text))

    def resolve(self, scope: Scope, values: Collection[str]) -> list[Choice]:
        wanted = set(values)
        return [choice for choice in self._all(scope) if choice.value in wanted]

    def _containing(self, scope: Scope, text: str) -> list[Choice]:
        wanted = text.casefold()
        return [
            choice
            for choice in self._all(scope)
            if wanted in str(choice.label).casefold() or wanted in choice.value.casefold()
        ]

    def _all(self, scope: Scope) -> list[Choice]:
        return [Choice(str(value), label) for value, label in self._list(scope)]


class QueryChoices(ChoiceSource):
    """Choices that a query lists: rows ``(value, label)``; searched in the database, so that there may be many.

    ``rows`` returns a queryset of dictionaries with the keys ``value`` and ``label`` (annotations of those names).
    """

    def __init__(self, rows: Callable[[Scope], Any], *, closed: bool = True, remote: bool = True) -> None:
        self._rows = rows
        self.closed = closed
        self.remote = remote

    def search(self, scope: Scope, text: str, limit: int, offset: int = 0) -> list[Choice]:
        rows = self._containing(scope, text).order_by("label", "value")
        return [self._choice(row) for row in rows[offset : offset + limit]]

    def count(self, scope: Scope, text: str) -> int:
        return int(self._containing(scope, text).count())

    def _containing(self, scope: Scope, text: str) -> Any:
        rows = self._rows(scope)
        return rows.filter(Q(label__icontains=text) | Q(value__icontains=text)) if text else rows

    def resolve(self, scope: Scope, values: Collection[str]) -> list[Choice]:
        wanted = set(values)
        found = [self._choice(row) for row in self._rows(scope).filter(value__in=wanted)]
        return [choice for choice in found if choice.value in wanted]  # Collations may find more.

    @staticmethod
    def _choice(row: dict[str, Any]) -> Choice:
        return Choice(str(row["value"]), str(row["label"] or row["value"]))
