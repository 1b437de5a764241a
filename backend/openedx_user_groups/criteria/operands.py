"""Value fields: how what staff entered becomes a condition in the units of the data's source, and back.

Staff say "more than 10 days ago" or "40 %"; the source stores an instant or a fraction. Each class here is one such
translation, both ways. Ranges keep their upper end in a second column, ``<field>_to``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import ShownValue

from . import showing
from .conditions import ANY_VALUE, Condition, Interval, OneOf
from .fields import value_field

if TYPE_CHECKING:
    from openedx_user_groups.data import Scope

    from .models import Criterion

#: Between these every database compares, and every time zone has a date.
FIRST_INSTANT = datetime(1000, 1, 1, tzinfo=UTC)  # The earliest that MySQL can compare with.
LAST_INSTANT = datetime(9999, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class EvaluationContext:
    """What an evaluation takes as given: the scope, the one instant that every criterion uses, and the time zone of
    calendar dates."""

    scope: Scope
    as_of: datetime
    time_zone: tzinfo


@dataclass(frozen=True)
class Operand:
    """A value field that operators compare with. ``field`` names the Django field, ``upper`` the end of a range."""

    field: str

    #: Whether the bounds of condition and domain move along with the instant of evaluation, one for one.
    moves: ClassVar[bool] = False

    @property
    def upper(self) -> str:
        """The column that holds the upper end of a range."""
        return f"{self.field}_to"

    def domain(self, context: EvaluationContext) -> Interval:
        """The values of the source that count as present."""
        return ANY_VALUE

    @property
    def possible(self) -> Interval:
        """The values that the source can hold at all. Proofs rely on it: say less rather than more."""
        return ANY_VALUE

    def usual(self, criterion: Criterion) -> Interval:
        """The values of the source that staff can enter, from which examples are taken. Others may occur."""
        return ANY_VALUE

    def condition(self, operator: str, criterion: Criterion, context: EvaluationContext) -> Condition:
        """The condition that positive ``operator`` means with the values of ``criterion``."""
        raise NotImplementedError

    def shown(self, value: Any, criterion: Criterion, context: EvaluationContext) -> ShownValue:
        """A value of the source, or a bound of the condition, in the unit in which staff enter it."""
        return showing.plain(value, context.time_zone)

    def phrase(self, operator: str, entered: str) -> str | None:
        """An operator with what staff entered, in words: "more than 10 days ago". ``None``: the label says it well."""
        return None

    def difference(self, value: Any, bound: Any) -> tuple[float, str | None] | None:
        """How far ``value`` is above ``bound`` in the unit in which staff enter it, with that unit, or ``None``."""
        return None


def _interval(operator: str, low: Any, high: Any) -> Interval:
    """The operator table for ordered values."""
    match operator:
        case "=":
            return Interval(low, low)
        case ">":
            return Interval(low, None, lower_open=True)
        case ">=":
            return Interval(low, None)
        case "<":
            return Interval(None, low, upper_open=True)
        case "<=":
            return Interval(None, low)
        case "between":
            return Interval(low, high)
    raise ValueError(f"{operator!r} does not compare ordered values.")


def fraction(percent: Any) -> float:
    """A percentage as the fraction that the platform stores, correctly rounded once."""
    return float(percent / 100)


def percent(share: Any) -> float:
    """A stored fraction as the percentage that staff see: what :func:`fraction` was made from, where it was."""
    return float(_exact_percent(share))


def _exact_percent(share: Any) -> Decimal:
    """As above and not rounded: as floats, 39.999999999999997 % is 40 %."""
    return Decimal(repr(float(share))) * 100


def _unchanged(value: Any) -> Any:
    return value


#: The way back of conversions that are known here.
_BACK: dict[Any, Callable[[Any], Any]] = {fraction: percent, _unchanged: _unchanged}


@dataclass(frozen=True)
class Threshold(Operand):
    """An ordered value. ``convert`` turns what staff entered into the unit of the source, ``restore`` turns it back.

    Without ``restore``, values of a conversion other than :func:`fraction` are shown as the source stores them.
    ``within`` are the values, as the source stores them, outside which it guarantees that there are none.
    """

    convert: Callable[[Any], Any] = _unchanged
    restore: Callable[[Any], Any] | None = None
    within: Interval = ANY_VALUE

    @property
    def possible(self) -> Interval:
        """What the type declares: that staff can enter 0 to 100 % does not keep the platform from storing 101 %."""
        return self.within

    def usual(self, criterion: Criterion) -> Interval:
        """Between the limits of the field."""
        validators = value_field(criterion, self.field).validators
        lows = [each.limit_value for each in validators if isinstance(each, MinValueValidator)]
        highs = [each.limit_value for each in validators if isinstance(each, MaxValueValidator)]
        if not lows or not highs:
            return ANY_VALUE
        low, high = sorted((self.convert(max(lows)), self.convert(min(highs))))
        return Interval(low, high)

    def condition(self, operator: str, criterion: Criterion, context: EvaluationContext) -> Condition:
        low, high = getattr(criterion, self.field), getattr(criterion, self.upper, None)
        return _interval(operator, self.convert(low), None if high is None else self.convert(high))

    def shown(self, value: Any, criterion: Criterion, context: EvaluationContext) -> ShownValue:
        back = self._back
        if back is None:
            return showing.plain(value, context.time_zone)
        unit = getattr(value_field(criterion, self.field), "unit", None)
        return showing.plain(back(value), context.time_zone, unit)

    def difference(self, value: Any, bound: Any) -> tuple[float, str | None] | None:
        # Rounded only once they are subtracted: whoever is just below a limit is not at it.
        back = _exact_percent if self._back is percent else self._back
        return None if back is None else showing.difference(back(value), back(bound))

    @property
    def _back(self) -> Callable[[Any], Any] | None:
        return self.restore or _BACK.get(self.convert)


@dataclass(frozen=True)
class DaysAgo(Operand):
    """Days elapsed since an instant, continuous: "> 10" is more than 240 hours. The future has no elapsed value."""

    moves: ClassVar[bool] = True

    def domain(self, context: EvaluationContext) -> Interval:
        return Interval(None, context.as_of)

    def condition(self, operator: str, criterion: Criterion, context: EvaluationContext) -> Condition:
        days, days_to = getattr(criterion, self.field), getattr(criterion, self.upper, None)
        now, at = context.as_of, _days_before(context.as_of, days)
        match operator:
            case "=":  # N <= elapsed < N + 1 days
                return Interval(_days_before(now, days + 1), at, lower_open=True)
            case "between":
                return Interval(_days_before(now, days_to or 0), at)
            case ">":
                return Interval(None, at, upper_open=True)
            case ">=":
                return Interval(None, at)
            case "<":
                return Interval(at, now, lower_open=True)
            case "<=":
                return Interval(at, now)
        raise ValueError(f"{operator!r} does not compare days.")

    def shown(self, value: Any, criterion: Criterion, context: EvaluationContext) -> ShownValue:
        return showing.days_ago(value, context.as_of, context.time_zone)

    def phrase(self, operator: str, entered: str) -> str | None:
        phrases = {
            ">": _("more than %(value)s ago"),
            ">=": _("at least %(value)s ago"),
            "<": _("less than %(value)s ago"),
            "<=": _("at most %(value)s ago"),
            "=": _("exactly %(value)s ago"),
            "between": _("between %(value)s ago"),
        }
        return str(phrases[operator]) % {"value": entered} if operator in phrases else None

    def difference(self, value: Any, bound: Any) -> tuple[float, str | None] | None:
        return showing.difference(bound, value)


def _days_before(instant: datetime, days: int) -> datetime:
    try:
        return max(instant - timedelta(days=days), FIRST_INSTANT)
    except OverflowError:
        return FIRST_INSTANT


@dataclass(frozen=True)
class OnDate(Operand):
    """An instant compared with a calendar day of the platform's time zone. Days with a clock change have 23 or 25
    hours."""

    def condition(self, operator: str, criterion: Criterion, context: EvaluationContext) -> Condition:
        first: date = getattr(criterion, self.field)
        last: date = getattr(criterion, self.upper) if operator == "between" else first
        starts, ends = _midnight(first, context.time_zone), _midnight_after(last, context.time_zone)
        return {
            "<": Interval(None, starts, upper_open=True),
            "<=": Interval(None, ends, upper_open=True),
            ">": Interval(ends, None),
            ">=": Interval(starts, None),
        }.get(operator, Interval(starts, ends, upper_open=True))

    def phrase(self, operator: str, entered: str) -> str | None:
        phrases = {
            ">": _("after %(value)s"),
            ">=": _("on or after %(value)s"),
            "<": _("before %(value)s"),
            "<=": _("on or before %(value)s"),
            "=": _("on %(value)s"),
            "between": _("between %(value)s"),
        }
        return str(phrases[operator]) % {"value": entered} if operator in phrases else None

    def difference(self, value: Any, bound: Any) -> tuple[float, str | None] | None:
        return showing.difference(value, bound)


def _midnight(day: date, zone: tzinfo) -> datetime:
    try:
        instant = datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return FIRST_INSTANT if day.year < 5000 else LAST_INSTANT
    return min(max(instant, FIRST_INSTANT), LAST_INSTANT)


def _midnight_after(day: date, zone: tzinfo) -> datetime:
    return LAST_INSTANT if day >= date.max - timedelta(days=1) else _midnight(day + timedelta(days=1), zone)


@dataclass(frozen=True)
class Listed(Operand):
    """A list of codes. ``convert`` turns a stored item into the source's value."""

    convert: Callable[[Any], Any] = _unchanged

    def condition(self, operator: str, criterion: Criterion, context: EvaluationContext) -> Condition:
        return OneOf(frozenset(self.convert(item) for item in getattr(criterion, self.field)))
