"""When an answer changes although no data does: as time passes, bounds such as "10 days ago" move over the values.

Everything is exact to the microsecond, which is the resolution of the databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from .facts import ValueTest

#: The next instant after one.
TICK = timedelta(microseconds=1)


def crossings(test: ValueTest, values: Iterable[Any], as_of: datetime) -> Iterator[datetime]:
    """The instants, not before ``as_of``, at which a bound of ``test`` arrives at one of the values."""
    if not test.moves:
        return
    for value in values:
        for bound in test.bounds:
            if value is not None and value >= bound:
                try:
                    after = as_of + (value - bound) + TICK
                except OverflowError:
                    continue  # After the end of the calendar.
                yield after - TICK


def first_change(
    as_of: datetime, instants: Iterable[datetime], answer_at: Callable[[datetime], bool]
) -> datetime | None:
    """The first of ``instants`` after which ``answer_at`` differs from what it is at ``as_of``.

    An answer that differs at one single instant only ("exactly 10 days", to the microsecond) is no change.
    """
    now = answer_at(as_of)
    for instant in sorted(set(instants)):
        if answer_at(instant + TICK) != now:
            return instant
    return None
