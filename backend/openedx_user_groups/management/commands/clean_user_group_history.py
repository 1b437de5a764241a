"""Delete old history, runs and messages, as the retention settings say. Run it once a day or so."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from openedx_user_groups.refresh.retention import clean_up


class Command(BaseCommand):
    """Cleans up in small pieces; safe to interrupt."""

    help = (
        "Delete membership history, finished runs and delivered messages that are older than the settings "
        "OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS, _RUN_RETENTION_DAYS and _OUTBOX_RETENTION_DAYS. Whoever is a "
        "member today stays one, and history still says since when."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to delete at all."""
        parser.add_argument("--dry-run", action="store_true", help="only count what would be deleted")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Clean up and say how much."""
        done = clean_up(dry_run=dry_run, progress=self._advance)
        verb = "would be deleted" if dry_run else "deleted"
        self.stdout.write(f"{done.changes:,} membership changes, {done.runs:,} runs, {done.messages:,} messages {verb}")

    def _advance(self, what: str, count: int) -> None:
        self.stdout.write(f"  … {count:,} {what}")
        self.stdout.flush()
