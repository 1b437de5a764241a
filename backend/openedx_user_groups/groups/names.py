"""Names of groups and collections: which may be given, and which are the same to people, on every database alike.

What a database takes for the same text is its collation's business: one ignores accents, another not even case.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput

#: Characters that turn the direction of what follows: a name must not rearrange the page that shows it.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})


def fold(name: str) -> str:
    """Equal for names that people, or any of the databases, would take for the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    kept = (character for character in plain if not unicodedata.combining(character) and character.isprintable())
    return " ".join("".join(kept).split())


def is_showable(name: str) -> bool:
    """Whether a name can be seen, and holds no control characters and none that turn the direction."""
    hidden = (character in _DIRECTIONS or unicodedata.category(character) in _CONTROLS for character in name)
    return bool(fold(name)) and not any(hidden)


def check_showable(name: str) -> None:
    """Raise ``InvalidInput`` for a name that :func:`is_showable` refuses."""
    if not is_showable(name):
        message = _("This name cannot be seen, or contains characters that change how it is shown.")
        raise InvalidInput([Violation("/name", "invalid_text", message)])


def folded_names(named: QuerySet[Any]) -> set[str]:
    """The names of these groups or collections, as they are compared (:func:`fold`)."""
    return {fold(name) for name in named.order_by().values_list("name", flat=True)}
