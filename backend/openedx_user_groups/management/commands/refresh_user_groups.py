"""The periodic work, for cron or by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from openedx_user_groups.refresh.upkeep import STEPS, keep_up


class Command(BaseCommand):
    """One round of the periodic work, with a word about each step."""

    help = (
        "Refresh the user groups that are due, take up refreshes that died or were lost, and do the other periodic "
        "work. Start it every few minutes, unless Celery beat starts the task openedx_user_groups.keep_up. Refreshes "
        "run in the workers where there is a broker, and here where there is none. A round that begins while another "
        "one is at it does nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. The exit code is 1 where a step failed."""
        done = keep_up(say=self._say)
        if done is None:
            self._say("Another round is at it. Nothing was done.")
        elif len(done) < len(STEPS):
            raise SystemExit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
