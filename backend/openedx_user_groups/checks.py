"""System checks: mistakes in the declaration of a criterion type, each with an id and a hint.

Only what needs no database. Whether the platform's tables have the columns that are read is checked by
``manage.py check --database default``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist

from .criteria import configuration, registry
from .criteria.fields import value_field
from .criteria.models import Criterion
from .criteria.operators import ARITIES, Arity


@checks.register(checks.Tags.models)
def check_criterion_types(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Every installed criterion type."""
    return [message for criterion_class in registry.installed() for message in _check_type(criterion_class)]


def _check_type(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    link = criterion_class._meta.pk
    if link.name != "criterion" or link.remote_field is None:
        yield _error(1, criterion_class, "has no primary key named “criterion”", "Write: criterion = criterion_link().")
    if not criterion_class.label:
        yield _error(2, criterion_class, "has no label", "Set label to a translatable text; staff read it.")
    if not criterion_class.operators:
        yield _error(
            3, criterion_class, "offers no operator", "Set operators, for instance operators('= !=', 'colour')."
        )
    if not criterion_class.scopes:
        yield _error(4, criterion_class, "can be used in no scope", "Set scopes, for instance (ScopeType.COURSE,).")
    if criterion_class.fact is Criterion.fact and criterion_class.learner_set is Criterion.learner_set:
        yield _error(5, criterion_class, "says nowhere who matches", "Define fact(), or override learner_set().")
    yield from _check_operators(criterion_class)


def _check_operators(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    ids = [operator.id for operator in criterion_class.operators]
    if len(set(ids)) != len(ids):
        yield _error(6, criterion_class, "offers an operator twice", "Give each operator once, with all its fields.")
    operands = {operand.field for operand in criterion_class.operands}
    for operator in criterion_class.operators:
        if operator.id not in ARITIES:
            yield _error(7, criterion_class, f"offers “{operator.id}”", f"Known operators: {', '.join(ARITIES)}.")
            continue
        needed = [*operator.accepts]
        if operator.arity == Arity.TWO:
            needed += [f"{name}_to" for name in operator.fields]
        for name in needed:
            if not _has_field(criterion_class, name):
                hint = f"Add the field {name}, or take it from the operator “{operator.id}”."
                yield _error(8, criterion_class, f"has no field “{name}”", hint)
            elif not configuration.is_supported(value_field(criterion_class, name)):
                hint = "Use a boolean, integer, decimal, date, datetime or char field, or one of criteria_api."
                yield _error(11, criterion_class, f"has a field “{name}” that forms cannot show", hint)
        for name in set(operator.fields) - operands:
            if criterion_class.learner_set is Criterion.learner_set:
                hint = "Add it to operands, for instance Threshold('percent') or Listed('countries')."
                yield _error(9, criterion_class, f"does not say how to compare with “{name}”", hint)
        if operator.complement_of and operator.complement_of not in ids:
            hint = f"Offer “{operator.complement_of}” too; “{operator.id}” is its complement."
            yield _error(10, criterion_class, f"offers “{operator.id}” alone", hint)


def _has_field(criterion_class: type[Criterion], name: str) -> bool:
    try:
        criterion_class._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def _error(number: int, criterion_class: type[Criterion], what: str, hint: str) -> checks.Error:
    message = f"The criterion type {criterion_class._meta.label} {what}."
    return checks.Error(message, hint=hint, obj=criterion_class, id=f"openedx_user_groups.E{number:03}")
