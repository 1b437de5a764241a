"""List the user groups that cannot be brought up to date, and why. For people, and for monitoring by its exit code."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from openedx_user_groups import api
from openedx_user_groups.data import GroupState


class Command(BaseCommand):
    """Exits with 1 where there is a group in trouble."""

    help = (
        "List user groups that cannot be evaluated, and those whose last refresh failed. Nothing is evaluated or "
        "changed. The exit code is 1 if there are any."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How much."""
        parser.add_argument(
            "--unevaluable",
            action="store_true",
            help="only those that do not heal by themselves, when a source is back",
        )

    def handle(self, *args: Any, unevaluable: bool, **options: Any) -> None:
        """Write a line for each: identifier, scope, name, state, code, place in the rule, message."""
        found = 0
        for trouble in api.groups_in_trouble():
            if unevaluable and trouble.state != GroupState.UNEVALUABLE:
                continue
            found += 1
            group, place = trouble.group, f" {trouble.pointer}" if trouble.pointer else ""
            self.stdout.write(
                f"{group.uuid} {group.scope} “{group.name}” {trouble.state.value} {trouble.code}{place}: "
                f"{trouble.message}"
            )
        self.stdout.write(f"{found} user groups in trouble")
        if found:
            sys.exit(1)
