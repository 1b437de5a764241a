"""Asking a JSON Schema about a configuration, as the builder in the browser does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jsonschema  # type: ignore[import-untyped]

#: In JavaScript 10 and 10.0 are one number; the validator is told what the server knows, so that both can be compared.
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
)
_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)

#: The library knows instants only where another one is installed.
_FORMATS = jsonschema.FormatChecker()


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: Any) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class Form:
    """The form that ``schema`` describes. Raises ``jsonschema.SchemaError`` where it is no JSON Schema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        _Validator.check_schema(schema)
        self._validator = _Validator(schema, format_checker=_FORMATS)

    def accepts(self, config: Any) -> bool:
        """Whether the form would send ``config``."""
        return bool(self._validator.is_valid(config))
