"""The frozen values of ``data`` as JSON and back, for the result of a preview that a worker has computed."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise


def to_json(value: Any) -> Any:
    """``value`` in lists, dictionaries and plain values; lazy texts in the active language."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Promise | UUID) else value


def from_json(kind: Any, data: Any) -> Any:
    """The value of type ``kind`` that :func:`to_json` has written. What is annotated as ``Any`` stays as it is."""
    if data is None or kind is Any:
        return data
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return from_json(next(kind for kind in arguments if kind is not type(None)), data)
    if origin in (tuple, list):
        return origin(from_json(arguments[0], item) for item in data)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: from_json(arguments[1], item) for key, item in data.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        values = {name: from_json(hints[name], item) for name, item in data.items()}
        return kind(**values)
    if kind is datetime:
        return parse_datetime(data)
    return kind(data) if isinstance(kind, type) and issubclass(kind, enum.Enum | UUID) else data
