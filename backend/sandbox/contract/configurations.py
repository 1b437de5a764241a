"""Configurations of one criterion type, valid and not, made from what the type declares.

Each invalid one differs from a valid one in one thing, and says which violations that must give: the expectation is
written here, never taken from the server's answer. Nothing here knows a type by name but :data:`_VALUES`, for values
that no choice suggests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openedx_user_groups import settings
from openedx_user_groups.criteria import forms
from openedx_user_groups.criteria.fields import choices_from
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operators import ARITIES, Arity, Operator
from openedx_user_groups.data import Scope

from .values import Bad, FieldValues, values_of

_BLOCK = "block-v1:DemoX+BIO+2026+type@{}+block@{}"

#: Two values each of fields for which the world has no choices.
_VALUES: dict[tuple[str, str], list[Any]] = {
    ("completed_block", "blocks"): [_BLOCK.format("problem", "cells"), _BLOCK.format("video", "intro")],
    ("email_domain", "domains"): ["example.com", "mail.example.org"],
    ("learner_list", "learners"): ["ada", "ben@example.com"],
    ("subsection_grade", "subsection"): [_BLOCK.format("sequential", "exam"), _BLOCK.format("sequential", "homework")],
}


@dataclass(frozen=True)
class Configuration:
    """A configuration, the violations that it must give (pointers into it), and whether the form's schema takes it."""

    what: str
    config: Any
    violations: tuple[tuple[str, str], ...] = ()
    schema_accepts: bool = True


def configurations(criterion_class: type[Criterion], scope: Scope) -> Iterator[Configuration]:
    """All configurations of a type that the contract shows, each once."""
    fields = {name: _field_values(criterion_class, field, scope) for name, field in _fields(criterion_class, scope)}
    shown: set[tuple[str, bool]] = set()
    for operator in criterion_class.operators:
        yield from _valid(operator, fields, shown)
        yield from _misshapen(operator, fields)
        for name in operator.accepts:
            is_range = _is_range(operator, name)
            if (name, is_range) not in shown:
                shown.add((name, is_range))
                yield from _bad_values(operator, name, fields)
    yield from _without_operator(criterion_class, fields)


def example(criterion_class: type[Criterion], scope: Scope) -> dict[str, Any]:
    """One valid configuration."""
    fields = {name: _field_values(criterion_class, field, scope) for name, field in _fields(criterion_class, scope)}
    return _base(criterion_class.operators[0], fields)


def _fields(criterion_class: type[Criterion], scope: Scope) -> Iterator[tuple[str, forms.ValueField]]:
    yield from forms.value_fields(criterion_class, scope).items()


def _field_values(criterion_class: type[Criterion], field: forms.ValueField, scope: Scope) -> FieldValues:
    given = _VALUES.get((criterion_class.criterion_type, field.name))
    if given is None and field.source is not None:
        given = [choice.value for choice in field.source.search(scope, "", 2)]
    django_field: Any = criterion_class._meta.get_field(field.name)
    return values_of(
        field,
        given or [],
        checks_choices=choices_from(django_field) is not None and bool(field.source and field.source.closed),
        item_pattern=getattr(django_field, "item_pattern", None),
        longest_list=settings.get("MAX_LIST_ITEMS"),
    )


# ---- Valid -----------------------------------------------------------------------------------------------------------
def _base(operator: Operator, fields: dict[str, FieldValues], name: str | None = None) -> dict[str, Any]:
    """The least that ``operator`` needs, comparing with field ``name`` (the first unless told)."""
    config: dict[str, Any] = {"operator": operator.id}
    config |= {needed: fields[needed].typical for needed in operator.requires}
    name = name or next(iter(operator.fields), None)
    if name is not None:
        low, high = fields[name].ends
        config[name] = {"from": low, "to": high} if _is_range(operator, name) else fields[name].typical
    return config


def _valid(operator: Operator, fields: dict[str, FieldValues], shown: set[tuple[str, bool]]) -> Iterator[Configuration]:
    for name in operator.fields or (None,):
        base = _base(operator, fields, name)
        yield Configuration(f"{operator.id}{f' with {name}' if name else ''}", base)
        for option in operator.options:
            for what, value in fields[option].good:
                yield Configuration(f"{operator.id} with {name}, {option} {what}", {**base, option: value})
    for name in (*operator.requires, *operator.fields):
        is_range = _is_range(operator, name)
        if (name, is_range) in shown:
            continue
        placed = name if name in operator.fields else None
        for what, value in fields[name].good:
            value = {"from": value, "to": value} if is_range else value
            what = f"both ends {what}" if is_range else what
            yield Configuration(f"{operator.id}: {name} {what}", {**_base(operator, fields, placed), name: value})


def _is_range(operator: Operator, name: str) -> bool:
    return operator.arity == Arity.TWO and name in operator.fields


# ---- Invalid ---------------------------------------------------------------------------------------------------------
def _misshapen(operator: Operator, fields: dict[str, FieldValues]) -> Iterator[Configuration]:
    """Fields that are missing or that do not belong there."""
    base = _base(operator, fields)

    def wrong(what: str, config: Any, pointer: str, code: str) -> Configuration:
        return Configuration(f"{operator.id}: {what}", config, ((pointer, code),), schema_accepts=False)

    for name in (*operator.requires, *operator.fields[:1]):
        rest = {key: value for key, value in base.items() if key != name}
        yield wrong(f"no {name}", rest, f"/{name}", "missing_field")
    if len(operator.fields) > 1:
        both = {**base, operator.fields[1]: _base(operator, fields, operator.fields[1])[operator.fields[1]]}
        yield wrong("two values", both, f"/{operator.fields[1]}", "exactly_one")
    for name in [name for name in fields if name not in operator.accepts][:1]:
        yield wrong(f"{name} does not belong here", {**base, name: fields[name].typical}, f"/{name}", "unknown_field")
    yield wrong("a field that nobody knows", {**base, "no/such~field": 1}, "/no~1such~0field", "unknown_field")


def _bad_values(operator: Operator, name: str, fields: dict[str, FieldValues]) -> Iterator[Configuration]:
    base = _base(operator, fields, name if name in operator.fields else None)
    bad = list(_bad_ranges(fields[name])) if _is_range(operator, name) else fields[name].bad
    for value in bad:
        places = tuple((f"/{name}{pointer}", code) for pointer, code in value.violations)
        yield Configuration(
            f"{operator.id}: {name} is {value.what}", {**base, name: value.value}, places, value.schema_accepts
        )


def _bad_ranges(field: FieldValues) -> Iterator[Bad]:
    low, high = field.ends
    yield Bad("a range that starts after its end", {"from": high, "to": low}, (("", "range_inverted"),), True)
    yield Bad("a range without an end", {"from": low}, (("", "wrong_type"),))
    yield Bad("a range without a start", {"to": high}, (("", "wrong_type"),))
    yield Bad("a range with a third end", {"from": low, "to": high, "step": 1}, (("", "wrong_type"),))
    yield Bad("one value for a range", low, (("", "wrong_type"),))
    yield Bad("an empty range", {}, (("", "wrong_type"),))
    for bad in field.bad:
        if bad.below or bad.code == "wrong_type":
            places = tuple((f"/from{pointer}", code) for pointer, code in bad.violations)
            yield Bad(f"a range from {bad.what}", {"from": bad.value, "to": high}, places, bad.schema_accepts)
        if not bad.below:
            places = tuple((f"/to{pointer}", code) for pointer, code in bad.violations)
            yield Bad(f"a range to {bad.what}", {"from": low, "to": bad.value}, places, bad.schema_accepts)


def _without_operator(criterion_class: type[Criterion], fields: dict[str, FieldValues]) -> Iterator[Configuration]:
    base = _base(criterion_class.operators[0], fields)
    values = {name: value for name, value in base.items() if name != "operator"}
    offered = [operator.id for operator in criterion_class.operators]
    elsewhere = next(id_ for id_ in ARITIES if id_ not in offered)

    def wrong(what: str, config: Any, pointer: str, code: str) -> Configuration:
        return Configuration(what, config, ((pointer, code),), schema_accepts=False)

    yield wrong("no operator", values, "/operator", "missing_field")
    yield wrong(f"the operator {elsewhere} of other types", {**base, "operator": elsewhere}, *_UNKNOWN)
    yield wrong("an operator that nobody knows", {**base, "operator": "~"}, *_UNKNOWN)
    yield wrong("null for an operator", {**base, "operator": None}, *_UNKNOWN)
    yield wrong("null for a configuration", None, "", "wrong_type")
    yield wrong("a list for a configuration", [base], "", "wrong_type")


_UNKNOWN = ("/operator", "unknown_operator")
