"""Reads the instants that the sandbox's commands take as options."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

# Years around the present of the data have to be dates too: accounts are older than it, and courses go on after it.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def parse_now(text: str | None, option: str = "--now") -> datetime:
    """Return the instant that an ISO 8601 text names (UTC where it says no offset), or the current time."""
    if not text:
        return timezone.now()
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None:
        raise CommandError(f"{option} {text!r} is not an ISO 8601 instant such as 2026-01-31T12:00:00Z.")
    instant = instant if timezone.is_aware(instant) else instant.replace(tzinfo=UTC)
    if not EARLIEST <= instant < LATEST:
        raise CommandError(f"{option} {text!r} is not between the years {EARLIEST.year} and {LATEST.year}.")
    return instant
