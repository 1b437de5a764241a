"""JSON as people read it in a diff: what fits on a line stands on one, long lists of scalars are filled."""

from __future__ import annotations

import json
import textwrap
from typing import Any

WIDTH = 118
_INDENT = "  "


def to_text(value: Any) -> str:
    """A document of the contract as the text of its file."""
    return _lines(value, 0) + "\n"


def _lines(value: Any, depth: int, prefix: int = 0) -> str:
    """``prefix`` is the length of what already stands on the line (a key)."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(_INDENT) * depth + prefix + len(short) <= WIDTH:
        return short
    inner, outer = _INDENT * (depth + 1), _INDENT * depth
    if isinstance(value, dict):
        items = [f"{inner}{_key(key)}{_lines(item, depth + 1, len(_key(key)))}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{outer}}}"
    if not any(isinstance(item, dict | list) or " " in str(item) for item in value):
        filled = textwrap.fill(
            short[1:-1], WIDTH, initial_indent=inner, subsequent_indent=inner, break_long_words=False,
            break_on_hyphens=False,
        )  # fmt: skip
        return f"[\n{filled}\n{outer}]"
    return "[\n" + ",\n".join(inner + _lines(item, depth + 1) for item in value) + f"\n{outer}]"


def _key(key: str) -> str:
    return f"{json.dumps(key, ensure_ascii=False)}: "
