"""Skewed choices: real learners are not spread evenly over countries, tracks or grades."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")

HOURS_PER_YEAR = 24 * 365
OLDEST_ACCOUNT_HOURS = 3 * HOURS_PER_YEAR


class Weighted(Generic[T]):
    """Picks one of several values, each with its own weight."""

    def __init__(self, *weighted: tuple[T, float]) -> None:
        """Take (value, weight) pairs; the weights need not add up to one."""
        self.values = [value for value, _ in weighted]
        sums = list(accumulate(weight for _, weight in weighted))
        self.limits = [limit / sums[-1] for limit in sums[:-1]]

    @classmethod
    def zipf(cls, values: Sequence[T]) -> Weighted[T]:
        """Weigh the n-th value 1/n."""
        return cls(*((value, 1 / rank) for rank, value in enumerate(values, start=1)))

    def pick(self, rng: Random) -> T:
        """Return one of the values."""
        return self.values[bisect(self.limits, rng.random())]


class Past:
    """The instants that lie a whole number of hours before now.

    There are few of them, so that the database's form of each is computed once and not once a row; and learners sit
    exactly on the boundaries of rules such as "more than 240 hours ago".
    """

    def __init__(self, now: datetime) -> None:
        """Prepare the instants."""
        self._instants = [now - timedelta(hours=hours) for hours in range(OLDEST_ACCOUNT_HOURS + 1)]

    def hours_ago(self, hours: int) -> datetime:
        """Return the instant."""
        return self._instants[hours]


# By falling frequency; the two ways in which a profile can leave the country out come first.
COUNTRIES: Weighted[str | None] = Weighted(
    *[("", 0.2), (None, 0.1)],
    *[("US", 1 / 1), ("IN", 1 / 2), ("GB", 1 / 3), ("ES", 1 / 4), ("BR", 1 / 5), ("FR", 1 / 6), ("MX", 1 / 7)],
    *[("DE", 1 / 8), ("CA", 1 / 9), ("CO", 1 / 10), ("NG", 1 / 11), ("PK", 1 / 12), ("EG", 1 / 13), ("AU", 1 / 14)],
    *[("IT", 1 / 15), ("PL", 1 / 16), ("PE", 1 / 17), ("AR", 1 / 18), ("CL", 1 / 19), ("PT", 1 / 20), ("IE", 1 / 21)],
)
GENDERS: Weighted[str | None] = Weighted(("f", 0.45), ("m", 0.43), ("o", 0.04), ("", 0.04), (None, 0.04))
EDUCATION: Weighted[str | None] = Weighted(
    *[("b", 0.33), ("m", 0.22), ("hs", 0.18), ("jhs", 0.06), ("a", 0.05), ("p", 0.04), ("el", 0.02)],
    *[("none", 0.02), ("other", 0.02), ("", 0.03), (None, 0.03)],
)
INTERFACE_LANGUAGES = Weighted(
    *[("en", 0.6), ("es-419", 0.2), ("fr", 0.08), ("pt-br", 0.06), ("ar", 0.04), ("zh-cn", 0.02)]
)
SPOKEN_LANGUAGES = Weighted.zipf(("en", "es", "fr", "pt", "de", "ar", "hi", "zh", "it", "ca"))
EMAIL_DOMAINS = Weighted(("example.com", 0.6), ("example.org", 0.25), ("mail.example.org", 0.1), ("example.edu", 0.05))
MODES = Weighted(("audit", 0.7), ("verified", 0.22), ("honor", 0.05), ("professional", 0.03))


def hours_since_login(rng: Random, joined_hours: int) -> int | None:
    """Return how long ago somebody logged in last: most lately, some long ago, some never."""
    if rng.random() < 0.08:
        return None
    return min(int(rng.expovariate(1 / 480)), joined_hours)


def grade(rng: Random) -> float | None:
    """Return a grade in whole percent, as a fraction; there are those who fail and those who do well.

    Three in ten have attempted nothing and have none.
    """
    share = rng.random()
    if share < 0.3:
        return None
    points = rng.gauss(0.2, 0.12) if share < 0.55 else rng.gauss(0.75, 0.13)
    return round(min(max(points, 0.0), 1.0), 2)
