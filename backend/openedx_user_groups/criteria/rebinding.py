"""A criterion's configuration, carried over to another scope: the copy of a group, the re-run of a course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import UsageKey

from openedx_user_groups.data import Rebound, Scope, ScopeType, Unresolved

from .choices import ChoiceSource
from .fields import UserListField, choices_from, value_field

if TYPE_CHECKING:
    from .models import Criterion

#: Choices of the new scope that are looked at for one with the same label.
_SAME_LABEL_LIMIT = 100


def rebind(criterion: Criterion, source: Scope, target: Scope) -> Rebound:
    """What :meth:`Criterion.rebound` does unless a type overrides it."""
    config = dict(criterion.config)
    operator = criterion.operator_named(criterion.operator)
    unresolved: list[Unresolved] = []
    for name in operator.accepts if operator and source != target else ():
        field = value_field(criterion, name)
        if name in config and not isinstance(field, UserListField):
            config[name], missing = _rebind_value(field, config[name], source, target)
            unresolved += missing
    return Rebound(config, tuple(unresolved))


def _rebind_value(field: Any, value: Any, source: Scope, target: Scope) -> tuple[Any, list[Unresolved]]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) for item in items):
        return value, []  # Numbers, dates and ranges of them mean the same everywhere.
    moved = [_moved(item, getattr(field, "value_type", ""), source, target) for item in items]
    choices = choices_from(field)
    unknown = choices.unknown(target, moved) if choices else set()
    labels = _labels(choices, source, items) if choices and unknown else {}
    found, missing = [], []
    for item, new in zip(items, moved, strict=True):
        same = new if new not in unknown else _same_label(choices, target, labels.get(item))
        found.append(item if same is None else same)
        if same is None:
            missing.append(Unresolved(field.name, item, labels.get(item, item)))
    return (list(dict.fromkeys(found)) if isinstance(value, list) else found[0]), missing


def _moved(item: str, value_type: str, source: Scope, target: Scope) -> str:
    """A key of the source course, or of a part of it, as the target course's."""
    if source.type != ScopeType.COURSE or target.type != ScopeType.COURSE:
        return item
    if value_type == "course_key":
        return target.key if item == source.key else item
    if value_type == "usage_key":
        try:
            key = UsageKey.from_string(item)
        except InvalidKeyError:
            return item
        return str(key.map_into_course(target.course_key)) if key.course_key == source.course_key else item
    return item


def _labels(choices: ChoiceSource, source: Scope, items: list[str]) -> dict[str, str]:
    return {choice.value: str(choice.label) for choice in choices.resolve(source, items)}


def _same_label(choices: ChoiceSource | None, target: Scope, label: str | None) -> str | None:
    if choices is None or label is None:
        return None
    near = choices.search(target, label, _SAME_LABEL_LIMIT)
    return next((choice.value for choice in near if str(choice.label) == label), None)
