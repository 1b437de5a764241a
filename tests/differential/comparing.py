"""How values are compared, by the definition of the semantics: one value, one positive operator, yes or no."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.differential.tables import Definition


def compare(value: Any, operator: str, operand: Any) -> bool:
    """Return whether a value that is there meets a positive operator."""
    if operator == "between":
        return operand["from"] <= value <= operand["to"]
    return {
        "=": value == operand,
        ">": value > operand,
        ">=": value >= operand,
        "<": value < operand,
        "<=": value <= operand,
    }[operator]


def number_matches(value: Any | None, operator: str, operand: Any) -> bool:
    """Return whether a number meets a positive operator; a missing one meets none."""
    if operator == "exists":
        return value is not None
    return value is not None and compare(value, operator, operand)


def codes_match(values: Iterable[str | None], operator: str, listed: Iterable[str] | None) -> bool:
    """Return whether any of a learner's codes is listed, or whether there is any at all; NULL and '' are none."""
    present = {value for value in values if value is not None and value != ""}
    return bool(present) if operator == "exists" else bool(present & set(listed or ()))


def fraction(percent: Any) -> float:
    """Return a percentage as the fraction that the platform stores."""
    return float(Decimal(str(percent)) / 100)


def percent_matches(value: float | None, operator: str, config: Definition) -> bool:
    """Return whether a stored fraction meets an operator over a percentage."""
    operand = config.get("percent")
    if isinstance(operand, dict):
        operand = {end: fraction(percent) for end, percent in operand.items()}
    elif operand is not None:
        operand = fraction(operand)
    return number_matches(value, operator, operand)


def instant_matches(value: datetime | None, operator: str, config: Definition, as_of: datetime, zone: ZoneInfo) -> bool:
    """Return whether an instant meets an operator over elapsed days or over calendar dates."""
    if operator == "exists":
        return value is not None
    if "days" in config and value is not None and value > as_of:
        value = None
    if value is None:
        return bool(config.get("include_never", False))
    if "days" in config:
        return elapsed_matches(as_of - value, operator, config["days"])
    return date_matches(value, operator, config["date"], zone)


def elapsed_matches(elapsed: timedelta, operator: str, operand: Any) -> bool:
    """Return whether elapsed time, continuous, meets an operator over whole days."""
    if operator == "between":
        return timedelta(days=operand["from"]) <= elapsed <= timedelta(days=operand["to"])
    if operator == "=":
        return timedelta(days=operand) <= elapsed < timedelta(days=operand + 1)
    return compare(elapsed, operator, timedelta(days=operand))


def date_matches(value: datetime, operator: str, operand: Any, zone: ZoneInfo) -> bool:
    """Return whether the calendar day of an instant, as clocks in the zone show it, meets an operator.

    Said with days instead of midnights: whoever is before the midnight of a day has an earlier day.
    """
    day = value.astimezone(zone).date()
    if isinstance(operand, dict):
        return compare(day, operator, {end: date.fromisoformat(text) for end, text in operand.items()})
    return compare(day, operator, date.fromisoformat(operand))
