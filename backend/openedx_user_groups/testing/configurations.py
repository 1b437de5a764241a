"""Configurations of a criterion made from those that a plugin's author gave: complements, variations, mistakes.

Only plain data is handled here; whether anything is right is asserted in :mod:`.contract`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from openedx_user_groups.criteria.fields import ListField, UserListField, choices_from
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operators import COMPLEMENT_OF, Arity
from openedx_user_groups.data import Scope

#: Violations that a JSON Schema can express, so that the form must refuse what the server refuses with them.
STRUCTURAL = {
    "duplicate_items",
    "empty_list",
    "exactly_one",
    "max_length",
    "max_value",
    "min_value",
    "missing_field",
    "unknown_field",
    "unknown_operator",
    "wrong_type",
}

_COMPLEMENTS = {positive: complement for complement, positive in COMPLEMENT_OF.items()}


@dataclass(frozen=True)
class Example:
    """A configuration (with its ``operator``), and the names of the learners whom it must match."""

    config: Mapping[str, Any]
    matches: Collection[str]

    @property
    def operator(self) -> str:
        """The operator's id."""
        return str(self.config["operator"])


def with_complements(criterion_class: type[Criterion], examples: Sequence[Example], people: set[str]) -> list[Example]:
    """The examples and, for each whose operator has a complement that the type offers, the complement's."""
    complete = list(examples)
    for example in examples:
        complement = _COMPLEMENTS.get(example.operator)
        if complement is not None and criterion_class.operator_named(complement) is not None:
            complete.append(Example({**example.config, "operator": complement}, people - set(example.matches)))
    return complete


def other_values(
    criterion_class: type[Criterion], scope: Scope, name: str, config: Mapping[str, Any], configs: Sequence[Any]
) -> list[Any]:
    """Values for the field ``name`` of ``config`` other than its own, in the same form, from the field's choices and
    from what the other configurations hold."""
    field = criterion_class._meta.get_field(name)
    given = [other[name] for other in configs if name in other]
    scalars = _unique([end for value in given for end in (value.values() if isinstance(value, dict) else [value])])
    if isinstance(config.get(name), dict):
        values: list[Any] = [value for value in given if isinstance(value, dict)]
        values += [{"from": end, "to": end} for end in scalars if not isinstance(end, dict)]
    elif isinstance(field, ListField):
        values = [*given, *([item] for value in given for item in value)]
        values += [[choice.value] for choice in _few_choices(field, scope)]
    elif isinstance(field, models.BooleanField):
        values = [True, False]
    else:
        values = [*scalars, *(choice.value for choice in _few_choices(field, scope))]
    return [value for value in _unique(values) if value != config.get(name)]


def one_of_each_form(configs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One configuration for each operator and set of fields: another with other values would fail in the same ways."""
    return list({(config["operator"], *sorted(config)): config for config in configs}.values())


def spoiled(
    criterion_class: type[Criterion], config: Mapping[str, Any], configs: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Any]]:
    """Configurations that are not valid, each with what was done to the valid ``config``."""
    operator = criterion_class.operator_named(config["operator"])
    assert operator is not None
    no_objects: list[Any] = [None, [], "text", 1]
    yield from (("no object", value) for value in no_objects)
    yield "no operator", {name: value for name, value in config.items() if name != "operator"}
    unknown: list[Any] = ["~", "", None, 1, [], {}, True]
    yield from (("unknown operator", {**config, "operator": value}) for value in unknown)
    yield "a field that nobody knows", {**config, "no_such_field": 1}
    elsewhere = {name: value for other in configs for name, value in other.items()}
    for name in elsewhere.keys() - {"operator"} - set(operator.accepts):
        yield f"“{name}”, which the operator does not take", {**config, name: elsewhere[name]}
    for name in (elsewhere.keys() & set(operator.fields)) - config.keys():
        value = elsewhere[name]
        if isinstance(value, dict) != (operator.arity == Arity.TWO):
            value = value["from"] if isinstance(value, dict) else {"from": value, "to": value}
        yield f"“{name}” beside another value", {**config, name: value}
    for name in config.keys() - {"operator"}:
        if name not in operator.options:
            yield f"no “{name}”", {key: value for key, value in config.items() if key != name}
        for what, value in _spoiled_values(criterion_class._meta.get_field(name), config[name]):
            yield f"“{name}”: {what}", {**config, name: value}


def _spoiled_values(field: Any, value: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    if isinstance(value, dict):
        yield from _spoiled_ranges(field, value)
    elif isinstance(value, list):
        yield from _spoiled_lists(value)
    elif isinstance(value, bool):
        yield from (("a text", "true"), ("a number", 1))
    elif isinstance(value, str):
        yield from (("empty", ""), ("a number", 1), ("a list", [value]), ("an object", {}))
        if isinstance(field, models.DateTimeField):  # A date field too, for Django.
            yield from (("no such day", "2026-02-30T09:30:00Z"), ("no offset", "2026-01-31T09:30:00"))
            yield from (("a day", "2026-01-31"), ("no instant", "yesterday"))
        elif isinstance(field, models.DateField):
            yield from (("no such day", "2026-02-30"), ("no date", "yesterday"))
    else:
        yield from _spoiled_numbers(field, value)


def _spoiled_ranges(field: Any, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "only a start", {"from": value["from"]}
    yield "only an end", {"to": value["to"]}
    yield "a third end", {**value, "step": 1}
    yield "one value for a range", value["from"]
    if value["from"] != value["to"]:
        yield "start after end", {"from": value["to"], "to": value["from"]}
    for what, end in _spoiled_values(field, value["from"]):
        yield f"start: {what}", {**value, "from": end}


def _spoiled_lists(value: list[Any]) -> Iterator[tuple[str, Any]]:
    yield "an empty list", []
    yield "no list", value[0]
    yield "an item twice", [*value, value[0]]
    items: list[Any] = [None, 1, True, [], ""]
    yield from ((f"the item {item!r}", [*value, item]) for item in items)


def _spoiled_numbers(field: Any, value: int | float) -> Iterator[tuple[str, Any]]:
    yield from (("a text", str(value)), ("a boolean", True), ("a list", [value]), ("an object", {}))
    if isinstance(field, models.IntegerField):
        yield "a fraction", value + 0.5
    for validator in field.validators:
        limit: Any = getattr(validator, "limit_value", None)
        limit = limit() if callable(limit) else limit
        if isinstance(validator, MinValueValidator):
            yield "too small", type(value)(limit) - 1
        elif isinstance(validator, MaxValueValidator):
            yield "too large", type(value)(limit) + 1


def _few_choices(field: Any, scope: Scope) -> list[Any]:
    source = None if isinstance(field, UserListField) else choices_from(field)
    return [] if source is None else source.search(scope, "", 20)


def _unique(values: Sequence[Any]) -> list[Any]:
    """Without repetitions. ``1`` and ``True`` are different values here; lists and objects may be among them."""
    found: list[Any] = []
    for value in values:
        if not any(type(value) is type(other) and value == other for other in found):
            found.append(value)
    return found
