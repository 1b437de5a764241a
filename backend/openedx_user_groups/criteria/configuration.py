"""A criterion's configuration on the wire (``{"operator": ">", "days": 10}``) and its model, one into the other.

Strict both ways: an integer field takes an integer and nothing that could be turned into one. What is accepted here is
what the JSON Schema of the type accepts, plus the rules that a schema cannot say (ranges, choices that live in data).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.data import Scope, ScopeType, Violation
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.platform import Enrollment
from openedx_user_groups.groups.universe import courses_of

from .fields import ListField, UserListField, choices_from, value_field
from .operands import FIRST_INSTANT, LAST_INSTANT
from .operators import Arity, Operator

if TYPE_CHECKING:
    from .models import Criterion

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})\Z")


class _Wrong(Exception):
    """A value that cannot be taken; carries the violation."""

    def __init__(self, pointer: str, code: str, message: Any, **params: Any) -> None:
        super().__init__(code)
        self.violation = Violation(pointer, code, message, params)


@dataclass(frozen=True)
class _Place:
    """Where a configuration is used: its scope, and what is saved there already."""

    scope: Scope
    saved: Mapping[str, Any]


def parse(
    criterion_class: type[Criterion], config: Any, scope: Scope, *, saved: Mapping[str, Any] | None = None
) -> tuple[Criterion | None, list[Violation]]:
    """An unsaved criterion from its configuration, or the violations (pointers into ``config``).

    ``saved`` is the stored configuration of the criterion that is edited: learners whom it lists may stay, whatever
    they are named by.
    """
    place = _Place(scope, saved or {})
    try:
        operator = _operator(criterion_class, config)
        _check_keys(criterion_class, operator, config)
    except _Wrong as wrong:
        return None, [wrong.violation]
    violations: list[Violation] = []
    values: dict[str, Any] = {}
    for name in operator.accepts:
        if name in config:
            try:
                values.update(_parse_field(criterion_class, operator, name, config[name], place))
            except _Wrong as wrong:
                violations.append(wrong.violation)
    criterion = criterion_class(operator=operator.id, **values)
    violations.extend(_model_violations(criterion, operator, values))
    if not violations:
        violations.extend(_choice_violations(criterion, operator, scope))
    if violations:
        return None, violations
    criterion.config = to_config(criterion)
    return criterion, []


def to_config(criterion: Criterion) -> dict[str, Any]:
    """The configuration of a criterion as JSON. Lists of users hold ids here, which need no query and survive
    renaming."""
    operator = criterion.operator_named(criterion.operator)
    config: dict[str, Any] = {"operator": criterion.operator}
    if operator is None:
        return config
    for name in operator.accepts:
        value = _plain(getattr(criterion, name))
        if value in (None, [], "") or (name in operator.options and value == _default(criterion, name)):
            continue
        if name in operator.fields and operator.arity == Arity.TWO:
            value = {"from": value, "to": _plain(getattr(criterion, f"{name}_to"))}
        config[name] = value
    return config


def _operator(criterion_class: type[Criterion], config: Any) -> Operator:
    if not isinstance(config, dict):
        raise _Wrong("", "wrong_type", _("This must be an object."), expected="object")
    if "operator" not in config:
        raise _Wrong("/operator", "missing_field", _("Choose an operator."))
    operator = criterion_class.operator_named(config["operator"])
    if operator is None:
        offered = [operator.id for operator in criterion_class.operators]
        raise _Wrong(
            "/operator", "unknown_operator", _("This criterion does not offer that operator."), offered=offered
        )
    return operator


def _check_keys(criterion_class: type[Criterion], operator: Operator, config: dict[str, Any]) -> None:
    for key in config:
        if key != "operator" and key not in operator.accepts:
            message = _("This operator does not take this field.")
            raise _Wrong(f"/{escape(key)}", "unknown_field", message, accepted=list(operator.accepts))
    for name in operator.requires:
        if name not in config:
            raise _Wrong(f"/{name}", "missing_field", _("Fill in this field."))
    given = [name for name in operator.fields if name in config]
    if len(given) > 1:
        message = _("Fill in only one of these fields.")
        raise _Wrong(f"/{given[1]}", "exactly_one", message, fields=list(operator.fields))
    if operator.fields and not given:
        raise _Wrong(f"/{operator.fields[0]}", "missing_field", _("Fill in this field."), fields=list(operator.fields))


def _parse_field(
    criterion_class: type[Criterion], operator: Operator, name: str, value: Any, place: _Place
) -> dict[str, Any]:
    """The model's attributes for one field of the configuration."""
    field = value_field(criterion_class, name)
    if isinstance(field, UserListField):
        return {name: _users(value, f"/{name}", place.scope, place.saved.get(name, ()))}
    if name not in operator.fields or operator.arity != Arity.TWO:
        return {name: _parse_value(field, value, f"/{name}")}
    if not isinstance(value, dict) or set(value) != {"from", "to"}:
        raise _Wrong(f"/{name}", "wrong_type", _("A range has a start and an end."), expected="range")
    low, high = (_parse_value(field, value[end], f"/{name}/{end}") for end in ("from", "to"))
    if low > high:
        raise _Wrong(f"/{name}", "range_inverted", _("The start of the range must not be above its end."))
    return {name: low, f"{name}_to": high}


def is_supported(field: Any) -> bool:
    """Whether a value field of this class can travel in a configuration."""
    return kind_of(field) is not None


def kind_of(field: Any) -> type[models.Field[Any, Any]] | None:
    """Of the classes whose values can be read, the one that a value field is read as."""
    return next((field_class for field_class, _parse in _PARSERS if isinstance(field, field_class)), None)


def _parse_value(field: Any, value: Any, pointer: str) -> Any:
    for field_class, parse_value in _PARSERS:
        if isinstance(field, field_class):
            return parse_value(value, pointer)
    raise TypeError(f"Criteria cannot have fields of the class {type(field).__name__}.")


def _list(value: Any, pointer: str) -> list[str]:
    if not isinstance(value, list):
        raise _Wrong(pointer, "wrong_type", _("This must be a list."), expected="list")
    if not value:
        raise _Wrong(pointer, "empty_list", _("Choose at least one."))
    limit = settings.get("MAX_LIST_ITEMS")
    if len(value) > limit:
        raise _Wrong(pointer, "too_many_items", _("This list is too long."), limit=limit)
    items = [_text(item, f"{pointer}/{index}") for index, item in enumerate(value)]
    if len(set(items)) != len(items):
        raise _Wrong(pointer, "duplicate_items", _("The list names a value twice."))
    return items


def _text(value: Any, pointer: str) -> str:
    if not isinstance(value, str):
        raise _Wrong(pointer, "wrong_type", _("This must be a text."), expected="string")
    if not value or "\x00" in value or not value.isprintable():
        raise _Wrong(pointer, "invalid_text", _("This text is empty or contains characters that are not allowed."))
    return value


def _users(value: Any, pointer: str, scope: Scope, saved: Collection[int]) -> list[int]:
    if value == [] and saved and not accounts.usernames(saved):
        return list(saved)  # As it was read: it lists people whose accounts are gone, and names none of them.
    items = _list(value, pointer)
    found = find_learners(items, scope, saved)
    for index, item in enumerate(items):
        if item not in found:
            raise _Wrong(f"{pointer}/{index}", "unknown_learner", _("There is no such learner."), value=item)
    return list(dict.fromkeys(found[item] for item in items))


def find_learners(names: Collection[str], scope: Scope, saved: Collection[int] = ()) -> dict[str, int]:
    """The accounts that these user names and e-mail addresses mean, by what was written.

    By e-mail address only people who have, or had, to do with the scope, and those of ``saved``: our answers name
    everybody by their user name, and nobody may turn the addresses of the whole site into names.
    """

    def known(ids: set[int]) -> set[int]:
        rows = Enrollment.objects.filter(course_id__in=courses_of(scope), user_id__in=ids.difference(saved)).order_by()
        return ids.intersection(saved) | set(rows.values_list("user_id", flat=True))

    return accounts.find(names, known if scope.type != ScopeType.INSTANCE else None)


def _boolean(value: Any, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(pointer, "wrong_type", _("This must be true or false."), expected="boolean")
    return value


def _integer(value: Any, pointer: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _Wrong(pointer, "wrong_type", _("This must be a whole number."), expected="integer")
    return value


def _decimal(value: Any, pointer: str) -> Decimal:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or value in (math.inf, -math.inf)
        or value != value
    ):
        raise _Wrong(pointer, "wrong_type", _("This must be a number."), expected="number")
    return Decimal(str(value))


def _date(value: Any, pointer: str) -> date:
    if isinstance(value, str) and _DATE.match(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise _Wrong(pointer, "wrong_type", _("This must be a date such as 2026-01-31."), expected="date")


def _instant(value: Any, pointer: str) -> datetime:
    if isinstance(value, str) and _INSTANT.match(value):
        try:
            # In UTC, because an offset may carry it out of the calendar; further out not every database compares.
            if FIRST_INSTANT <= (instant := datetime.fromisoformat(value)).astimezone(UTC) <= LAST_INSTANT:
                return instant
        except (OverflowError, ValueError):
            pass
    message = _("This must be an instant with its offset, such as 2026-01-31T09:30:00Z.")
    raise _Wrong(pointer, "wrong_type", message, expected="datetime")


_PARSERS: tuple[tuple[type[models.Field[Any, Any]], Any], ...] = (
    (ListField, _list),
    (models.BooleanField, _boolean),
    (models.IntegerField, _integer),
    (models.DecimalField, _decimal),
    (models.DateTimeField, _instant),
    (models.DateField, _date),
    (models.CharField, _text),
)


def _model_violations(criterion: Criterion, operator: Operator, values: dict[str, Any]) -> Iterator[Violation]:
    """What the model's own validation says about the fields that were filled in."""
    exclude = {field.name for field in criterion._meta.get_fields()} - set(values)
    try:
        criterion.clean_fields(exclude=exclude)
        criterion.clean()
    except ValidationError as error:
        by_field = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
        for name, errors in by_field.items():
            for item in errors:
                yield Violation(
                    _pointer(operator, name), item.code or "invalid", " ".join(item.messages), _numbers(item.params)
                )


def _choice_violations(criterion: Criterion, operator: Operator, scope: Scope) -> Iterator[Violation]:
    for name in operator.accepts:
        field, value = value_field(criterion, name), getattr(criterion, name)
        source = choices_from(field)
        if source is None or not value or not isinstance(value, list | str):
            continue
        items = value if isinstance(value, list) else [value]
        unknown = source.unknown(scope, items)
        for index, item in enumerate(items):
            if item in unknown:
                place = f"/{name}/{index}" if isinstance(value, list) else f"/{name}"
                yield Violation(place, "invalid_choice", _("This is not one of the choices."), {"value": item})


def _pointer(operator: Operator, name: str) -> str:
    if not name or name == "__all__":
        return ""
    if operator.arity == Arity.TWO and name.removesuffix("_to") in operator.fields:
        return f"/{name.removesuffix('_to')}/{'to' if name.endswith('_to') else 'from'}"
    return f"/{name}"


def _numbers(params: Any) -> dict[str, Any]:
    return {key: value for key, value in (params or {}).items() if isinstance(value, int | float | str)}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value.isoformat() if isinstance(value, date) else value  # A datetime is a date too.


def _default(criterion: Criterion, name: str) -> Any:
    return value_field(criterion, name).get_default()


def escape(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
