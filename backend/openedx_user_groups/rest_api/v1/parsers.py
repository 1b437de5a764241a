"""Reading bodies: JSON, and files where a resource takes them. What cannot be stored or shown again stops here.

A text with NUL breaks PostgreSQL, a lone surrogate cannot be encoded, an endless number cannot be compared, and a
document that is nested a thousand times breaks whoever walks it: each is refused once, for every resource.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import JSONRenderer

from openedx_user_groups import settings
from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput

from .errors import PayloadTooLarge
from .violations import escape

#: Levels of objects and lists. A rule of the deepest sensible nesting has about twenty.
MAX_NESTING = 64
_LARGEST_INTEGER = 2**63 - 1

#: The way from the root to a value: (way to the parent, key), or None for the root. A pointer is built when needed.
_Way = tuple[Any, Any] | None


class StrictDecoder(json.JSONDecoder):
    """Reads what is JSON, and nothing beyond it that Python would read too. Raises ``ValueError``."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_refuse_constant, object_pairs_hook=_object_of_distinct_keys)


class BoundedJSONParser(BaseParser):
    """JSON in UTF-8, up to the setting ``MAX_BODY_BYTES``, of values that every part of the system can take."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The document. Raises ``PayloadTooLarge``, ``ParseError`` and ``InvalidInput``."""
        limit = settings.get("MAX_BODY_BYTES")
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge()
        try:
            document = json.loads(body.decode("utf-8"), cls=StrictDecoder)
        except (ValueError, RecursionError):
            raise ParseError(_("The body is not valid JSON in UTF-8."), code="malformed_json") from None
        violations = tuple(unusable(document))
        if violations:
            raise InvalidInput(violations)
        return document


class DistinctMultiPartParser(MultiPartParser):
    """A form with files in which no field stands twice."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """Fields and files. Raises ``ParseError`` and ``InvalidInput``."""
        form = super().parse(stream, media_type, parser_context)
        # As with the keys of JSON: of two the last would win without a word.
        counts = Counter(name for part in (form.data, form.files) for name, values in part.lists() for _value in values)
        if repeated := [name for name, count in counts.items() if count > 1]:
            message = _("This field is given twice.")
            raise InvalidInput(Violation(f"/{escape(name)}", "duplicate_field", message) for name in repeated)
        return form


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def _object_of_distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two values for one key the last would win without a word: not what everybody who reads the body sees.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A key stands twice in one object.")
    return found


def unusable(document: Any) -> Iterator[Violation]:
    """Every value that nothing can be done with. Not recursive: the document may be nested as deep as it likes."""
    pending: list[tuple[Any, _Way, int]] = [(document, None, 1)]
    while pending:
        value, way, depth = pending.pop()
        if isinstance(value, dict | list):
            if depth > MAX_NESTING:
                yield Violation(_pointer(way), "too_deep", _("This is nested too deep."), {"limit": MAX_NESTING})
                return
            if isinstance(value, dict):
                if not all(_is_storable(key) for key in value):
                    yield Violation(_pointer(way), "invalid_text", _("A key contains characters that are not allowed."))
                    return
                pending.extend((item, (way, key), depth + 1) for key, item in value.items())
            else:
                pending.extend((item, (way, index), depth + 1) for index, item in enumerate(value))
        elif isinstance(value, str) and not _is_storable(value):
            yield Violation(_pointer(way), "invalid_text", _("This text contains characters that are not allowed."))
        elif isinstance(value, int | float) and not _is_comparable(value):
            yield Violation(_pointer(way), "max_value", _("This number is too large."))


def _is_storable(text: str) -> bool:
    if "\x00" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _is_comparable(number: float) -> bool:
    return math.isfinite(number) if isinstance(number, float) else abs(number) <= _LARGEST_INTEGER


def _pointer(way: _Way) -> str:
    parts = []
    while way is not None:
        way, key = way
        parts.append(escape(str(key)))
    return "".join(f"/{part}" for part in reversed(parts))
