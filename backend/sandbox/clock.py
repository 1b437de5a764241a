"""The clock that the setting ``OPENEDX_USER_GROUPS_CLOCK`` of the sandbox names."""

from __future__ import annotations

from datetime import datetime

from sandbox.models import DataClock


def now() -> datetime:
    """The instant of the loaded data, or the current time."""
    return DataClock.now()
