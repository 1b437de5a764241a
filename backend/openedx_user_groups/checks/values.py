"""The value fields of a type: whether they are there, can be shown, and can be left empty."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from openedx_user_groups.criteria import configuration
from openedx_user_groups.criteria.fields import value_field
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operators import Arity, Operator

from .messages import error


def has_field(criterion_class: type[Criterion], name: str) -> bool:
    """Whether the type has a column of this name."""
    try:
        return isinstance(criterion_class._meta.get_field(name), models.Field)
    except FieldDoesNotExist:
        return False


def check_values(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    """Each field that an operator takes, once."""
    operators, operands = criterion_class.operators, criterion_class.operands
    ranges = [name for operator in operators if operator.arity == Arity.TWO for name in operator.fields]
    named = [name for operator in operators for name in operator.accepts] + [operand.field for operand in operands]
    for name in dict.fromkeys([*named, *(f"{name}_to" for name in ranges)]):
        if not has_field(criterion_class, name):
            hint = f"Add the field {name}, or take it from operators and operands. A range has its end in <field>_to."
            yield error(8, criterion_class, f"has no field “{name}”", hint)
        elif not configuration.is_supported(value_field(criterion_class, name)):
            hint = "Use a boolean, integer, decimal, date, datetime or char field, or one of criteria_api."
            yield error(11, criterion_class, f"has a field “{name}” that forms cannot show", hint)
        else:
            yield from _check_value(criterion_class, name)
    for name in dict.fromkeys(ranges):
        yield from _check_range(criterion_class, name)


def _check_value(criterion_class: type[Criterion], name: str) -> Iterator[checks.CheckMessage]:
    if hasattr(Criterion, name):
        hint = f"Call the field something else: every criterion has a “{name}” that means something."
        yield error(18, criterion_class, f"has a value field “{name}”", hint)
        return
    field, operators = value_field(criterion_class, name), criterion_class.operators
    empty = field.get_default()
    if empty is None and not field.null and not all(_fills(operator, name) for operator in operators):
        hint = "Write null=True, blank=True, or give it a default: not every operator uses it."
        yield error(24, criterion_class, f"has a field “{name}” that cannot be empty", hint)
    is_alternative = any(name in operator.fields and len(operator.fields) > 1 for operator in operators)
    if empty not in (None, "", []) and is_alternative:
        hint = "Take the default away: exactly one of several fields is filled in."
        yield error(25, criterion_class, f"has a default for “{name}”, which stands beside other fields", hint)


def _fills(operator: Operator, name: str) -> bool:
    """Whether there is a value of a field in each criterion with this operator."""
    is_range = operator.arity == Arity.TWO
    only = [end for field in operator.fields for end in ((field, f"{field}_to") if is_range else (field,))]
    return name in operator.requires or (len(operator.fields) == 1 and name in only)


def _check_range(criterion_class: type[Criterion], name: str) -> Iterator[checks.CheckMessage]:
    names = (name, f"{name}_to")
    if not all(has_field(criterion_class, each) for each in names):
        return
    start, end = (value_field(criterion_class, each) for each in names)
    if configuration.kind_of(start) is not configuration.kind_of(end):
        hint = f"Declare {end.name} as {start.name}, a {type(start).__name__}."
        yield error(23, criterion_class, f"has a range that starts in “{name}” and ends in another kind of field", hint)
