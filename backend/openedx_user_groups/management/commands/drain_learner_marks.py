"""Drain the marks that events left, for sites without Celery workers and for operators. A cron job may run it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ...refresh import marks
from ...refresh.drain import drain


class Command(BaseCommand):
    """Answers for everybody who is marked, and forgets marks that nobody needs any more."""

    help = "Bring memberships up to date for the learners whose data have changed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Drain, purge, and say how much there was to do."""
        self.stdout.write(f"{marks.pending_count():,} marks wait.")
        done = drain()
        purged = marks.purge()
        self.stdout.write(
            f"{done.marks:,} marks drained, {done.answers:,} answers given, {done.groups_changed:,} changes of groups, "
            f"{purged:,} old marks deleted; {marks.pending_count():,} marks wait."
        )
