"""Values of one field: some at the limits of what is valid, some beyond, with the violations that those must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openedx_user_groups.criteria.forms import ValueField

_ZERO_WIDTH_SPACE = "\u200b"


@dataclass(frozen=True)
class Bad:
    """A value that is not valid. ``below`` says that it is less than any valid value."""

    what: str
    value: Any
    violations: tuple[tuple[str, str], ...]
    schema_accepts: bool = False
    below: bool = False

    @property
    def code(self) -> str:
        """The code of its first violation."""
        return self.violations[0][1]


@dataclass(frozen=True)
class FieldValues:
    """What can stand in a field: something typical, two ordered ends of a range, and the two sides of each rule."""

    typical: Any
    ends: tuple[Any, Any]
    good: list[tuple[str, Any]]
    bad: list[Bad]


def values_of(
    field: ValueField, given: list[Any], *, checks_choices: bool, item_pattern: str | None, longest_list: int
) -> FieldValues:
    """The values of ``field``; ``given`` are valid ones for fields of texts, by no rule that could be read here."""
    if field.multiple:
        return _list(field, given, checks_choices, item_pattern, longest_list)
    return _KINDS[field.value_type](field, given)


def _wrong_type(what: str, value: Any, *, schema_accepts: bool = False) -> Bad:
    return Bad(what, value, (("", "wrong_type"),), schema_accepts)


def _integer(field: ValueField, given: list[Any]) -> FieldValues:
    least, most = field.minimum, field.maximum
    assert isinstance(least, int)
    assert isinstance(most, int)
    return FieldValues(
        typical=least + 10,
        ends=(least + 10, least + 20),
        good=[("at the least", least), ("at the most", most)],
        bad=[
            Bad("too small", least - 1, (("", "min_value"),), below=True),
            Bad("too large", most + 1, (("", "max_value"),)),
            _wrong_type("a text", str(least + 10)),
            # JSON Schema and JavaScript know one kind of number; the server tells them apart.
            _wrong_type("a whole number with a decimal point", float(least + 10), schema_accepts=True),
            _wrong_type("a fraction", least + 10.5),
            _wrong_type("a boolean", True),
            _wrong_type("null", None),
            _wrong_type("a list", [least + 10]),
        ],
    )


def _percent(field: ValueField, given: list[Any]) -> FieldValues:
    return FieldValues(
        typical=40,
        ends=(10, 20.5),
        good=[("0", 0), ("100", 100), ("with two decimals", 72.35), ("with a decimal point", 40.0)],
        bad=[
            Bad("too small", -0.01, (("", "min_value"),), below=True),
            Bad("too large", 100.01, (("", "max_value"),)),
            Bad("far too large", 1000, (("", "max_value"), ("", "max_whole_digits"))),
            Bad("given with three decimals", 40.125, (("", "max_decimal_places"),), schema_accepts=True),
            Bad("given with too many digits", 40.1255, (("", "max_digits"),), schema_accepts=True),
            _wrong_type("a text", "40"),
            _wrong_type("a boolean", True),
            _wrong_type("null", None),
            _wrong_type("a list", [40]),
        ],
    )


def _date(field: ValueField, given: list[Any]) -> FieldValues:
    return FieldValues(
        typical="2026-01-10",
        ends=("2026-01-01", "2026-01-10"),
        good=[("in a leap year", "2024-02-29"), ("the first", "0001-01-01"), ("the last", "9999-12-31")],
        bad=[
            _wrong_type("no day of the calendar", "2026-02-29"),
            _wrong_type("a date in another form", "10.01.2026"),
            _wrong_type("a date without zeros", "2026-1-10"),
            _wrong_type("an instant", "2026-01-10T00:00:00Z"),
            _wrong_type("a number", 20260110),
            _wrong_type("empty", ""),
            _wrong_type("null", None),
        ],
    )


def _boolean(field: ValueField, given: list[Any]) -> FieldValues:
    return FieldValues(
        typical=True,
        ends=(False, True),
        good=[("true", True), ("false", False)],
        bad=[_wrong_type("a text", "true"), _wrong_type("a number", 1), _wrong_type("null", None)],
    )


def _choice(field: ValueField, given: list[Any]) -> FieldValues:
    return FieldValues(
        typical=given[0],
        ends=(given[0], given[0]),
        good=[(value, value) for value, _label in field.closed_choices],
        bad=[
            Bad("none of the choices", "~", (("", "invalid_choice"),)),
            Bad("empty", "", (("", "invalid_text"),)),
            _wrong_type("null", None),
            _wrong_type("a list", [given[0]]),
        ],
    )


def _key(field: ValueField, given: list[Any]) -> FieldValues:
    assert field.max_length is not None
    padding = "x" * (field.max_length - len(given[0]))
    return FieldValues(
        typical=given[0],
        ends=(given[0], given[0]),
        good=[("as long as it may be", given[0] + padding)],
        bad=[
            Bad("too long", f"{given[0]}{padding}x", (("", "max_length"),)),
            Bad("no key", "exam", (("", "invalid_key"),), schema_accepts=True),
            Bad("a key with an invisible character", given[0] + _ZERO_WIDTH_SPACE, (("", "invalid_text"),), True),
            Bad("empty", "", (("", "invalid_text"),)),
            _wrong_type("null", None),
            _wrong_type("a list", given),
        ],
    )


def _list(
    field: ValueField, given: list[Any], checks_choices: bool, item_pattern: str | None, longest_list: int
) -> FieldValues:
    inline = bool(field.closed_choices)  # Then the schema names the only values.
    first = given[0]
    good = [("with two items", given[:2])] if len(given) > 1 else []
    bad = [
        Bad("an empty list", [], (("", "empty_list"),)),
        Bad("a list with an item twice", [first, first], (("", "duplicate_items"),)),
        _wrong_type("no list", first),
        _wrong_type("null", None),
        Bad("a list with a number", [first, 7], (("/1", "wrong_type"),)),
        Bad("a list with a list", [[first]], (("/0", "wrong_type"),)),
        Bad("a list with an empty text", [first, ""], (("/1", "invalid_text"),)),
        Bad("a list with an invisible character", [first + _ZERO_WIDTH_SPACE], (("/0", "invalid_text"),), not inline),
    ]
    if checks_choices:
        bad.append(
            Bad("a list with none of the choices", [first, "none-of-them"], (("/1", "invalid_choice"),), not inline)
        )
    elif field.value_type == "user_list":
        bad.append(Bad("a list with a stranger", [first, "stranger"], (("/1", "unknown_learner"),), True))
    elif field.value_type == "usage_key":
        good.append(("with as many items as it may have", [f"{first}{number}" for number in range(longest_list)]))
        bad.append(Bad("a list with no key", [first, "intro"], (("", "invalid_key"),), True))
    elif item_pattern is not None:
        longest = [f"d{number}.{first}" for number in range(longest_list)]
        good.append(("with as many items as it may have", longest))
        bad.append(Bad("a list with an item of another form", [first, "@example.org"], (("", "invalid_item"),), True))
    if not inline:
        long = [str(number) for number in range(longest_list + 1)]
        bad.append(Bad("a list that is too long", long, (("", "too_many_items"),)))
    return FieldValues(typical=[first], ends=([first], [first]), good=good, bad=bad)


_KINDS: dict[str, Callable[[ValueField, list[Any]], FieldValues]] = {
    "boolean": _boolean,
    "date": _date,
    "enum": _choice,
    "integer": _integer,
    "percent": _percent,
    "usage_key": _key,
}
