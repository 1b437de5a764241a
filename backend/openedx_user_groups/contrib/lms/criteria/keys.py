"""Checks of keys that staff enter. They can only be about the form: validation of a model knows no scope."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import UsageKey


def check_usage_key(text: str) -> None:
    """Refuse what is not the key of a block of a course, written the way in which the platform stores it."""
    try:
        key = UsageKey.from_string(text)
    except InvalidKeyError:
        key = None
    if str(key) != text:
        raise ValidationError(
            _("“%(value)s” is not the key of a part of a course."), code="invalid_key", params={"value": text}
        )
