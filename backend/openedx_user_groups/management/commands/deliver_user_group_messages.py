"""Deliver outgoing messages that are due: by a schedule where there is no Celery, or by hand."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from openedx_user_groups.outgoing import delivery


class Command(BaseCommand):
    """Delivers once and ends."""

    help = "Tell other apps of changes of user groups and their members that they have not been told of yet."

    def add_arguments(self, parser: CommandParser) -> None:
        """What else to try."""
        parser.add_argument("--retry-dead", action="store_true", help="also try messages again that were given up")

    def handle(self, *args: Any, retry_dead: bool, **options: Any) -> None:
        """Deliver, and say what became of the messages."""
        if retry_dead:
            self.stdout.write(f"{delivery.retry_dead():,} messages are tried again")
        outcomes = delivery.deliver_due()
        self.stdout.write(
            f"{outcomes['delivered']:,} delivered, {outcomes['pending']:,} failed, {outcomes['dead']:,} given up"
        )
