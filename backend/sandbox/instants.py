"""Reads the `--now` option that the loaders share."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime


def parse_now(text: str | None) -> datetime:
    """Return the instant that an ISO 8601 text names (UTC where it says no offset), or the current time."""
    if not text:
        return timezone.now()
    try:
        instant = parse_datetime(text)
    except ValueError:
        instant = None
    if instant is None:
        raise CommandError(f"--now {text!r} is not an ISO 8601 instant such as 2026-01-31T12:00:00Z.")
    return instant if timezone.is_aware(instant) else instant.replace(tzinfo=UTC)
