"""The framework's validation errors, nested dictionaries of texts, as violations with pointers and stable codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.forms.utils import ErrorDict
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from openedx_user_groups.data import Violation

#: Our codes for those of the framework's and Django's fields. Anything else keeps its own.
_CODES = {
    "blank": "missing_field",
    "datatype": "wrong_type",
    "date": "wrong_type",
    "empty": "empty_list",
    "invalid": "wrong_type",
    "invalid_list": "wrong_type",
    "max_string_length": "max_value",
    "no_name": "invalid",
    "not_a_dict": "wrong_type",
    "not_a_list": "wrong_type",
    "null": "wrong_type",
    "null_characters_not_allowed": "invalid_text",
    "required": "missing_field",
    "surrogate_characters_not_allowed": "invalid_text",
}


def violations_of(detail: Any, pointer: str = "") -> tuple[Violation, ...]:
    """Every message of a validation error, in order, each with the pointer to its place in the request.

    A query parameter has the pointer ``/name``: a request whose parameters are checked has no body.
    """
    return tuple(_walk(detail, pointer))


def violations_of_form(errors: ErrorDict) -> tuple[Violation, ...]:
    """Every message about the parameters of a request, which a form has checked."""
    return tuple(
        Violation(f"/{name}", _CODES.get(error.code or "invalid", error.code or "invalid"), message)
        for name, found in errors.as_data().items()
        for error in found
        for message in error.messages
    )


def escape(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _walk(detail: Any, pointer: str) -> Iterator[Violation]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            own = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from _walk(value, pointer if own else f"{pointer}/{escape(str(key))}")
    elif isinstance(detail, list):
        for index, item in enumerate(detail):
            # A list holds the messages of one place, or one dictionary for each item of a list in the request.
            yield from _walk(item, f"{pointer}/{index}" if isinstance(item, dict) else pointer)
    else:
        code = (detail.code if isinstance(detail, ErrorDetail) else None) or "invalid"
        yield Violation(pointer, _CODES.get(code, code), str(detail))
