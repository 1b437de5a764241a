"""The sandbox's own table: the instant at which its data stands."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone


class DataClock(models.Model):
    """The instant for which the data was loaded; at most one row. Without it the sandbox keeps real time."""

    instant = models.DateTimeField()

    def __str__(self) -> str:
        return self.instant.isoformat()

    @classmethod
    def now(cls) -> datetime:
        """The instant at which rules are evaluated here.

        Data that was loaded as of one day stands still, so that the clock does too: an hour later "more than 10 days
        ago" still means what it meant on that day, and the numbers of the README stay true.
        """
        instant = cls.objects.order_by("pk").values_list("instant", flat=True).first()
        return instant or timezone.now()

    @classmethod
    def stop_at(cls, instant: datetime) -> None:
        """Have the sandbox stand at ``instant``."""
        cls.objects.update_or_create(pk=1, defaults={"instant": instant})

    @classmethod
    def run(cls) -> None:
        """Have the sandbox keep real time again."""
        cls.objects.all().delete()
