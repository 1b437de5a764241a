"""How the values of criteria and of learners are shown in an explanation: codes by their labels, people by name.

Labels are asked for once a field, for all criteria of a rule together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from openedx_user_groups.criteria import showing
from openedx_user_groups.criteria.conditions import AllOf, OneOf
from openedx_user_groups.criteria.facts import ValueTest
from openedx_user_groups.criteria.fields import UserListField, choices_from, value_field
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operands import EvaluationContext, Operand
from openedx_user_groups.criteria.tree import Leaf
from openedx_user_groups.data import ShownValue
from openedx_user_groups.groups import accounts

from .evaluator import naming_the_leaf

#: Items of a list that a sentence names.
_NAMED_ITEMS = 5

_Field = tuple[type[Criterion], str]
_Asked = tuple[Leaf, ValueTest | None, list[Any]]


class Labels:
    """The texts of some criteria and of one learner's values."""

    def __init__(self, context: EvaluationContext, asked: Iterable[_Asked]) -> None:
        self._context = context
        wanted: dict[_Field, set[Any]] = defaultdict(set)
        first: dict[_Field, Leaf] = {}
        for leaf, test, values in asked:
            with naming_the_leaf(leaf, context.scope):
                for field, items in _wanted(leaf, test, values):
                    wanted[field].update(items)
                    first.setdefault(field, leaf)
        self._labels = {}
        for field, items in wanted.items():
            with naming_the_leaf(first[field], context.scope):  # Choices come from the type, too.
                self._labels[field] = _labels(field, items, context)

    def shown(self, criterion: Criterion, value: Any) -> ShownValue:
        """A value of the criterion's fact."""
        operand = _shown_by(criterion)
        if operand is None:
            return showing.plain(value, self._context.time_zone)
        shown = operand.shown(value, criterion, criterion.answerable(self._context))
        label = self._labels[type(criterion), operand.field].get(str(value))
        if _names_people(criterion, operand.field):
            return ShownValue(label, None, label or _("an account that is gone"))
        return shown if label is None else ShownValue(shown.value, shown.unit, label)

    def name(self, criterion: Criterion) -> str:
        """What is asked about, with what selects it: "Subsection grade (Exam)"."""
        label = str(criterion.label)
        parameters = [self._entered(criterion, name) for name in criterion.fact_parameters if getattr(criterion, name)]
        return f"{label} ({', '.join(parameters)})" if parameters else label

    def condition(self, criterion: Criterion) -> str:
        """What is asked of it, as staff entered it: "is less than 40 %"."""
        operator = criterion.operator_named(criterion.operator)
        assert operator is not None
        names = [name for name in (*operator.requires, *operator.fields) if name not in criterion.fact_parameters]
        entered = [self._entered(criterion, name) for name in names if _items(getattr(criterion, name))]
        operand = criterion.compared_with
        phrase = operand.phrase(operator.id, ", ".join(entered)) if operand is not None else None
        phrase = phrase or " ".join([str(operator.label), *entered])
        chosen = [self._chosen(criterion, name) for name in operator.options if self._is_chosen(criterion, name)]
        return f"{phrase} ({', '.join(chosen)})" if chosen else phrase

    @staticmethod
    def _is_chosen(criterion: Criterion, name: str) -> bool:
        """Whether staff have chosen an option, and it is not said elsewhere."""
        value = getattr(criterion, name)
        is_default = value == value_field(criterion, name).get_default()
        return name not in criterion.fact_parameters and value not in (None, [], "") and not is_default

    def _chosen(self, criterion: Criterion, name: str) -> str:
        label = str(value_field(criterion, name).verbose_name)
        return label if getattr(criterion, name) is True else f"{label}: {self._entered(criterion, name)}"

    def _entered(self, criterion: Criterion, name: str) -> str:
        """What staff entered into a field, and into the one for the end of the range."""
        value = getattr(criterion, name)
        if isinstance(value, list):
            labels = self._labels[type(criterion), name]
            items = ", ".join(labels.get(str(item), str(item)) for item in value[:_NAMED_ITEMS])
            more = len(value) - _NAMED_ITEMS
            return items if more <= 0 else _("%(items)s and %(count)s more") % {"items": items, "count": more}
        end = getattr(criterion, f"{name}_to", None)
        if end is None:
            return self._text(criterion, name, value)
        params = {"start": self._text(criterion, name, value), "end": self._text(criterion, name, end)}
        return _("%(start)s and %(end)s") % params

    def _text(self, criterion: Criterion, name: str, value: Any) -> str:
        label = self._labels[type(criterion), name].get(str(value))
        unit = getattr(value_field(criterion, name), "unit", None)
        return label or showing.plain(value, self._context.time_zone, unit).text


def listed_in(test: ValueTest | None) -> frozenset[Any]:
    """The values that a condition names one by one."""
    condition = test.condition if test is not None else None
    return condition.values if isinstance(condition, OneOf | AllOf) else frozenset()


def _shown_by(criterion: Criterion) -> Operand | None:
    """The operand that knows the unit of the fact's values: that of the operator or, without one, the type's first."""
    return criterion.compared_with or next(iter(criterion.operands), None)


def _named_fields(criterion: Criterion) -> Iterator[str]:
    operator = criterion.operator_named(criterion.operator)
    yield from dict.fromkeys([*(operator.accepts if operator else ()), *criterion.fact_parameters])


def _wanted(leaf: Leaf, test: ValueTest | None, values: list[Any]) -> Iterator[tuple[_Field, Iterable[Any]]]:
    """The fields of a criterion, each with what is shown in its terms."""
    criterion = leaf.criterion
    assert criterion is not None
    operand = _shown_by(criterion)
    if operand is not None:
        yield (type(criterion), operand.field), (*values, *listed_in(test))
    for name in _named_fields(criterion):
        yield (type(criterion), name), _items(getattr(criterion, name))


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def _names_people(criterion: Criterion | type[Criterion], name: str) -> bool:
    return isinstance(value_field(criterion, name), UserListField)


def _labels(field: _Field, values: set[Any], context: EvaluationContext) -> dict[str, str]:
    criterion_class, name = field
    if not values:
        return {}
    if _names_people(criterion_class, name):
        return {str(pk): username for pk, username in accounts.usernames(values).items()}
    source = choices_from(value_field(criterion_class, name))
    if source is None:
        return {}
    return {choice.value: str(choice.label) for choice in source.resolve(context.scope, {str(v) for v in values})}
