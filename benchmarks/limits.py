"""What each operation may cost at most, as a multiple of hand-written SQL, and how far the process may grow."""

from __future__ import annotations

COUNT, IDS, FILL = "preview count", "ids into a bitmap", "first fill"
UNCHANGED, CHANGED, PREVIEW = "refresh, nothing changed", "refresh, 1 % changed", "full preview"

#: In the order of the report. There is no limit for the full preview: it answers more than a count.
OPERATIONS = (COUNT, IDS, FILL, UNCHANGED, CHANGED, PREVIEW)

_RATIOS: dict[int, dict[str, float]] = {
    1_000: dict.fromkeys(OPERATIONS[:5], 3.0),
    100_000: {COUNT: 1.4, IDS: 1.4, FILL: 2.0, UNCHANGED: 1.6, CHANGED: 1.8},
    1_000_000: dict.fromkeys(OPERATIONS[:5], 1.2),
}
_MEGABYTES = {1_000: 30, 100_000: 30, 1_000_000: 120}


def ratio_limit(size: int, operation: str) -> float | None:
    """The highest ratio that is right."""
    return _RATIOS[size].get(operation)


def memory_limit(size: int) -> int:
    """The most megabytes by which the process may grow."""
    return _MEGABYTES[size]
