"""Loads the Open University Learning Analytics Dataset as it stood on one day of its courses."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox.instants import parse_now
from sandbox.models import DataClock
from sandbox.oulad.files import OuladFiles
from sandbox.oulad.world import build_world
from sandbox.oulad.writer import WorldWriter
from sandbox.progress import Progress

# The presentations take less than a year. An instant has to be found for each of their days.
LARGEST_DAY = 1000


class Command(BaseCommand):
    """Run the loader; running it again, for the same day or another, leaves exactly that day's world."""

    help = "Load the OULAD files in PATH as the world stood on day D of every presentation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("path", type=Path, help="Folder with the dataset's CSV files, gzipped or not.")
        parser.add_argument("--day", type=int, required=True, help="Day of the presentations; 0 is their start.")
        parser.add_argument("--now", help="The instant that stands for the day (ISO 8601; default: the current time).")
        parser.add_argument("--password", default="edx", help="Password of the staff accounts (default: edx).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, then write."""
        now = parse_now(options["now"])
        if abs(options["day"]) > LARGEST_DAY:
            raise CommandError(f"--day must be between -{LARGEST_DAY} and {LARGEST_DAY}.")
        try:
            files = OuladFiles(options["path"])
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        progress = Progress(self.stderr)
        with progress.task("reading") as advance:
            world = build_world(files, options["day"], now)
            advance(len(world.enrollments))
        WorldWriter(world, options["password"], progress).write()
        DataClock.stop_at(now)
        self.stdout.write(
            self.style.SUCCESS(
                f"Day {options['day']} at {now.isoformat()}: {len(world.courses)} courses, {len(world.learners):,} "
                f"learners, {len(world.enrollments):,} enrollments. Staff accounts such as "
                f"{world.courses[0].staff_username!r} have the password given. The sandbox's clock stands at that "
                f"instant; `sandbox_clock --run` lets it run."
            )
        )
