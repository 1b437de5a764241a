"""Strict request serializers: a number is not a text, "true" is not true, and a key that is not known is a mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class StrictCharField(serializers.CharField):
    """Takes a text only."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """Takes ``true`` and ``false`` only."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictIntegerField(serializers.IntegerField):
    """Takes a whole number only: not ``"10"``, not ``10.0``, not ``true``."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class StrictChoiceField(serializers.ChoiceField):
    """Takes one of the values as a text."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class StrictUUIDField(serializers.UUIDField):
    """Takes the usual written form only."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class StrictInstantField(serializers.DateTimeField):
    """Takes an instant with its offset only: ``2026-01-31T09:30:00Z``."""

    _FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})\Z")

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not self._FORM.match(data):
            self.fail("invalid", format="2026-01-31T09:30:00Z")
        try:
            return datetime.fromisoformat(data).astimezone(UTC)
        except (OverflowError, ValueError):
            self.fail("invalid", format="2026-01-31T09:30:00Z")


class StrictSerializer(serializers.Serializer[Any]):
    """A request body. Reports the keys that it does not know beside its fields' errors."""

    #: Keys of the answer that a client may be tempted to send back.
    not_editable: tuple[str, ...] = ()

    def to_internal_value(self, data: Any) -> Any:
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            errors.update({key: [self._unknown(key)] for key in data if key not in self.fields})
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors.update(cast("dict[str, Any]", error.detail))
        if errors:
            raise serializers.ValidationError(errors)
        return value

    def _unknown(self, key: Any) -> ErrorDetail:
        if key in self.not_editable:
            return ErrorDetail(str(_("This field cannot be changed.")), code="read_only_field")
        return ErrorDetail(str(_("There is no such field here.")), code="unknown_field")
