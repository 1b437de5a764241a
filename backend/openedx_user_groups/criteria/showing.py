"""Values of learners as staff read them: a plain JSON value, its unit, and a text in the active language."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from openedx_user_groups.data import ShownValue

DAYS = "days"
_DAY = timedelta(days=1)

#: Decimal places that a text shows. The value beside it is not rounded.
_PLACES = 2


def plain(value: Any, zone: tzinfo, unit: str | None = None) -> ShownValue:
    """Any value of a source."""
    if isinstance(value, datetime):
        return ShownValue(value.isoformat(), unit, instant(value, zone))
    if isinstance(value, date):
        return ShownValue(value.isoformat(), unit, formats.date_format(value))
    if isinstance(value, bool):
        return ShownValue(value, unit, _("yes") if value else _("no"))
    if isinstance(value, int | float | Decimal):
        number = float(value) if isinstance(value, Decimal) else value
        return ShownValue(number, unit, with_unit(number, unit))
    return ShownValue(str(value), unit, str(value))


def days_ago(value: datetime, as_of: datetime, zone: tzinfo) -> ShownValue:
    """An instant as the days that have elapsed since it."""
    days = (as_of - value) / _DAY
    if days < 0:
        text = _("%(instant)s, which is in the future") % {"instant": instant(value, zone)}
    else:
        text = _("%(days)s ago, on %(instant)s") % {"days": with_unit(days, DAYS), "instant": instant(value, zone)}
    return ShownValue(days, DAYS, text)


def difference(value: Any, other: Any) -> tuple[float, str | None] | None:
    """How far ``value`` is above ``other``; of instants, in days. With the unit, where that is known here."""
    if isinstance(value, datetime) and isinstance(other, datetime):
        return (value - other) / _DAY, DAYS
    if isinstance(value, bool) or isinstance(other, bool):
        return None
    if isinstance(value, int | float | Decimal) and isinstance(other, int | float | Decimal):
        # As decimals: 0.3 - 0.1 is not 0.2 in binary.
        return float(Decimal(repr(value) if isinstance(value, float) else value) - Decimal(str(other))), None
    return None


def with_unit(number: float, unit: str | None) -> str:
    """A number with its unit: "40 %", "1 day", "12.5 days"."""
    rounded = round(number, _PLACES)
    text = formats.number_format(int(rounded) if rounded == int(rounded) else rounded)
    if unit == DAYS:
        return ngettext("%(number)s day", "%(number)s days", 1 if rounded == 1 else 2) % {"number": text}
    return f"{text} {unit}" if unit else text


def amount(number: float, unit: str | None) -> str:
    """A distance with its unit. One that would be rounded to nothing is "less than 0.01 %".

    Parts of a day are hours and minutes: nobody reads 0.04 days.
    """
    if unit == DAYS and 0 < number < 1:
        return _part_of_a_day(number)
    if number and not round(number, _PLACES):
        return _("less than %(least)s") % {"least": with_unit(10**-_PLACES, unit)}
    return with_unit(number, unit)


def _part_of_a_day(days: float) -> str:
    minutes = round(days * 24 * 60)
    if not minutes:
        return _("less than 1 minute")
    if minutes < 60:
        return ngettext("%(number)s minute", "%(number)s minutes", minutes) % {"number": minutes}
    hours = round(days * 24, _PLACES)
    text = formats.number_format(int(hours) if hours == int(hours) else hours)
    return ngettext("%(number)s hour", "%(number)s hours", 1 if hours == 1 else 2) % {"number": text}


def instant(value: datetime, zone: tzinfo) -> str:
    """An instant as clocks in ``zone`` show it, with the name of the zone's time."""
    local = value.astimezone(zone)
    return f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
