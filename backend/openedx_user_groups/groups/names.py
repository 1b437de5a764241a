"""Names of groups: which may be given, and which are the same to people, on every database alike.

What a database takes for the same text is its collation's business: one ignores accents, another not even case.
"""

from __future__ import annotations

import unicodedata

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
