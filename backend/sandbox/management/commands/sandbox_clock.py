"""Shows the instant at which the sandbox evaluates rules, or sets it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sandbox.instants import parse_now
from sandbox.models import DataClock


class Command(BaseCommand):
    """Without options: show it."""

    help = "Show or set the instant at which the sandbox evaluates rules. Loading data stops it at the data's day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument("--run", action="store_true", help="Keep real time from now on.")
        choice.add_argument("--stop-at", metavar="ISO-8601", help="Stand at this instant.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set, then show."""
        if options["run"]:
            DataClock.run()
        elif options["stop_at"]:
            DataClock.stop_at(parse_now(options["stop_at"], "--stop-at"))
        stopped = DataClock.objects.exists()
        self.stdout.write(f"{DataClock.now().isoformat()} ({'stands still' if stopped else 'real time'})")
