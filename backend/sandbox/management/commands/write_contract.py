"""Writes the JSON Schemas and the fixtures of ``frontend-contract/`` again from the code."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sandbox.contract import documents
from sandbox.contract.database import throw_away_database


class Command(BaseCommand):
    """Everything happens in a database in memory: whichever is configured, it is left alone."""

    help = "Write frontend-contract/schemas and frontend-contract/fixtures; --check only says what would change."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where a file would change.")
        default = settings.REPOSITORY / "frontend-contract"
        parser.add_argument("--folder", type=Path, default=default, help="Where the contract lies.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Generate, then compare or write."""
        with throw_away_database():
            generated = documents.generate()
        differences = documents.differences(options["folder"], generated)
        if not options["check"]:
            documents.write(options["folder"], generated)
        elif differences:
            raise CommandError("\n".join([*differences, "Run “make contract” and look at what has changed."]))
        self.stdout.write(f"{len(generated)} files, of which {len(differences)} changed.")
