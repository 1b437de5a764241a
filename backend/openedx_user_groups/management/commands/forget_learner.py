"""Remove everything that is kept about learners: for retirements that the platform's signals did not bring here."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from openedx_user_groups import api
from openedx_user_groups.groups import accounts


class Command(BaseCommand):
    """Forgets one learner, several, or all whom the platform has retired."""

    help = "Remove memberships, history and places in rules of a learner. It cannot be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who."""
        parser.add_argument("learners", nargs="*", metavar="LEARNER", help="username, or id of the account")
        parser.add_argument(
            "--retired", action="store_true", help="every retired or deleted account of which anything is left"
        )

    def handle(self, *args: Any, learners: list[str], retired: bool, **options: Any) -> None:
        """Forget them and say what was removed."""
        if bool(learners) == retired:
            raise CommandError("Name at least one learner, or give --retired.")
        ids = api.learners_to_forget() if retired else [self._id(text) for text in learners]
        for number, user_id in enumerate(ids, start=1):
            done = api.forget_learner(user_id)
            self.stdout.write(
                f"[{number}/{len(ids)}] {user_id}: {done.memberships} memberships, {done.records} records, "
                f"{done.rules} rules"
            )

    @staticmethod
    def _id(text: str) -> int:
        named = accounts.by_username([text]).get(text)
        if named is not None:
            return named
        digits = text.lstrip("0") if text.isascii() and text.isdigit() else ""
        # By length first: Python refuses to convert thousands of digits.
        if 0 < len(digits) <= len(str(accounts.MAX_USER_ID)) and int(digits) <= accounts.MAX_USER_ID:
            return int(digits)  # The account itself may be gone already.
        raise CommandError(f"There is no account {text!r} in {get_user_model()._meta.db_table}.")
