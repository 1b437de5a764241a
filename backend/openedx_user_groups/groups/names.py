"""Names of groups and collections: which may be given, and which are the same to people, on every database alike.

What a database takes for the same text is its collation's business: one ignores accents, another not even case.
"""

from __future__ import annotations

import unicodedata
from hashlib import sha256
from typing import Any

from django.db.models import CharField, Model, QuerySet
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput

#: Characters that turn the direction of what follows: a name must not rearrange the page that shows it.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})


def fold(name: str) -> str:
    """Equal for names that people would take for the same. The databases do not compare names, but a digest of this
    (:class:`NameKeyField`)."""
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


class NameKeyField(CharField):
    """By what the database keeps the names of a scope apart: a digest of the folded ``name``, in ASCII.

    Of the name itself, a collation would take all emojis for the same, and another not even upper and lower case.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("editable", False)
        kwargs.setdefault("blank", True)  # Until it is saved.
        super().__init__(*args, **kwargs)

    def pre_save(self, model_instance: Model, add: bool) -> str:
        """The digest of the name that is saved."""
        key = sha256(fold(model_instance.name).encode()).hexdigest()  # type: ignore[attr-defined]
        setattr(model_instance, self.attname, key)
        return key


def folded_names(named: QuerySet[Any]) -> set[str]:
    """The names of these groups or collections, as they are compared (:func:`fold`)."""
    return {fold(name) for name in named.order_by().values_list("name", flat=True)}
