"""What each operation may cost at most, as a multiple of hand-written SQL, and how far the process may grow."""

from __future__ import annotations

COUNT, IDS, FILL = "preview count", "ids into a bitmap", "first fill"
UNCHANGED, CHANGED, PREVIEW = "refresh, nothing changed", "refresh, 1 % changed", "full preview"

#: In the order of the report. The full preview has limits against a statement that answers as much (``previews.py``).
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


def preview_limit(size: int, criteria: int) -> float | None:
    """The highest ratio of a full preview to the one-pass statement with a conditional sum for each of its numbers."""
    if size != 100_000:
        return None
    return 1.3 if criteria <= 4 else 1.5
