"""The operators of a type, with the fields that they take and the operands that say how to compare."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.db import models

from openedx_user_groups.criteria.fields import ListField, value_field
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operands import DaysAgo, Listed, OnDate, Operand, Threshold
from openedx_user_groups.criteria.operators import ARITIES, Arity, Operator

from .declarations import all_of
from .messages import error
from .values import check_values, has_field

_ORDERED = ("<", "<=", ">", ">=", "between")


def check_operators(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    """Operators, operands and value fields."""
    if not all_of(criterion_class.operators, Operator) or not all_of(criterion_class.operands, Operand):
        hint = "Set operators to operators('= !=', 'colour') or several of them, operands to (Threshold('colour'),)."
        yield error(15, criterion_class, "has operators or operands that are none", hint)
        return
    if not criterion_class.operators:
        hint = "Set operators, for instance operators('= !=', 'colour')."
        yield error(3, criterion_class, "offers no operator", hint)
    ids = [operator.id for operator in criterion_class.operators]
    if len(set(ids)) != len(ids):
        yield error(6, criterion_class, "offers an operator twice", "Give each operator once, with all its fields.")
    unknown = [id_ for id_ in ids if id_ not in ARITIES]
    for id_ in unknown:
        yield error(7, criterion_class, f"offers “{id_}”", f"Known operators: {', '.join(ARITIES)}.")
    if unknown:
        return
    yield from check_values(criterion_class)
    for operator in criterion_class.operators:
        yield from _check_operator(criterion_class, operator)


def _check_operator(criterion_class: type[Criterion], operator: Operator) -> Iterator[checks.CheckMessage]:
    if operator.complement_of and criterion_class.operator_named(operator.complement_of) is None:
        hint = f"Offer “{operator.complement_of}” too; “{operator.id}” is its complement."
        yield error(10, criterion_class, f"offers “{operator.id}” alone", hint)
    lists = [isinstance(value_field(criterion_class, name), ListField) for name in _fields(criterion_class, operator)]
    if not _fits(operator, lists):
        yield error(19, criterion_class, f"offers “{operator.id}” with fields that it does not take", _ARITY_HINT)
    if criterion_class.learner_set is Criterion.learner_set:
        yield from _check_comparison(criterion_class, operator)


_ARITY_HINT = (
    "“in” and “not_in” compare with fields that are a ListField; “exists” and “not_exists” with none, what they need "
    "stands in requires; all others with one field or more that is no list."
)


def _fields(criterion_class: type[Criterion], operator: Operator) -> list[str]:
    return [name for name in operator.fields if has_field(criterion_class, name)]


def _fits(operator: Operator, lists: list[bool]) -> bool:
    """Whether an operator can take fields of which these are lists. Those that are missing are told elsewhere."""
    if operator.arity == Arity.NONE:
        return not operator.fields
    return bool(operator.fields) and all(is_list == (operator.arity == Arity.LIST) for is_list in lists)


def _check_comparison(criterion_class: type[Criterion], operator: Operator) -> Iterator[checks.CheckMessage]:
    """How an operator compares, where that is not the type's own business."""
    if operator.arity == Arity.NONE:
        return
    operands = {operand.field: operand for operand in criterion_class.operands}
    for name in _fields(criterion_class, operator):
        operand = operands.get(name)
        if operand is None:
            hint = "Add it to operands, for instance Threshold('percent') or Listed('countries')."
            yield error(9, criterion_class, f"does not say how to compare with “{name}”", hint)
        elif not _compares(operand, operator):
            hint = "Listed compares with “in” and “not_in”; Threshold, DaysAgo and OnDate with all the others."
            yield error(20, criterion_class, f"offers “{operator.id}” with “{name}” as {type(operand).__name__}", hint)
        elif operator.id in _ORDERED and _is_text(criterion_class, operand):
            hint = "Offer “=” and “!=” only: each database has an order of its own for texts."
            yield error(21, criterion_class, f"offers “{operator.id}” with “{name}”, which is text", hint)
        elif _is(operand, Listed) and _counts_missing(criterion_class, operator):
            hint = "Take missing_counts_as or the missing_option away: only comparisons have a place for such learners."
            yield error(22, criterion_class, f"counts learners without a value with “{operator.id}”", hint)


def _is(operand: Operand, *kinds: type[Operand]) -> bool:
    """Whether an operand compares as one of these do. What overrides that may know other operators."""
    return any(isinstance(operand, kind) and type(operand).condition is kind.condition for kind in kinds)


def _compares(operand: Operand, operator: Operator) -> bool:
    if operator.arity == Arity.LIST:
        return not _is(operand, Threshold, DaysAgo, OnDate)
    return not _is(operand, Listed)


def _is_text(criterion_class: type[Criterion], operand: Operand) -> bool:
    """Whether it compares with what staff entered as text. A conversion may make a number of it."""
    as_entered = isinstance(operand, Threshold) and operand.convert is Threshold.convert
    return as_entered and isinstance(value_field(criterion_class, operand.field), models.CharField)


def _counts_missing(criterion_class: type[Criterion], operator: Operator) -> bool:
    return criterion_class.missing_counts_as is not None or criterion_class.missing_option in operator.options
