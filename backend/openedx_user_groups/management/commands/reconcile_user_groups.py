"""Compare the members that events have led to with the rules, say where they differ, and repair it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...data import Scope
from ...exceptions import Unevaluable
from ...refresh import reconcile
from ...refresh.drift import groups_to_check
from ...refresh.reconcile import Drift
from ...refresh.rules import GroupRow

_WIDTH = 30


class Command(BaseCommand):
    """Checks scopes by a sample of their learners, or group by group in full."""

    help = (
        "Check that the members of user groups are those whom their rules describe. Finds what a lost event has left "
        "behind, and repairs it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How thoroughly, and what."""
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--sample", type=int, metavar="N", default=200, help="N learners of each scope (default: 200)")
        how.add_argument("--full", action="store_true", help="every member of every group")
        parser.add_argument("--scope", action="append", metavar="TYPE[:KEY]", help="such as course:course-v1:A+B+C")
        parser.add_argument("--group", action="append", type=UUID, metavar="UUID", help="only this group; needs --full")
        parser.add_argument("--dry-run", action="store_true", help="say what differs, and change nothing")
        parser.add_argument("--seed", type=int, help="draw the same sample again")

    def handle(self, *args: Any, full: bool, sample: int, dry_run: bool, **options: Any) -> None:
        """Check, with a line for each step, and sum up."""
        if options["group"] and not full:
            raise CommandError("--group needs --full: a sample is one of all groups of a scope.")
        if sample < 1:
            raise CommandError("--sample takes a positive number.")
        scopes = [_scope(text) for text in options["scope"]] if options["scope"] else reconcile.scopes_to_check()
        if full:
            found = self._check_in_full(scopes, options["group"], not dry_run)
        else:
            found = self._check_samples(scopes, sample, random.Random(options["seed"]), not dry_run)
        self._sum_up(found)

    def _check_samples(self, scopes: list[Scope], size: int, chance: random.Random, repair: bool) -> list[Drift]:
        found: list[Drift] = []
        for number, scope in enumerate(scopes, start=1):
            self._progress(number, len(scopes), str(scope))
            found += reconcile.check_sample(scope, size, chance=chance, repair=repair)
        return found

    def _check_in_full(self, scopes: list[Scope], wanted: list[UUID] | None, repair: bool) -> list[Drift]:
        groups = list(_groups(scopes, wanted))
        unknown = set(wanted or ()) - {group.uuid for _scope, group in groups}
        if unknown:
            raise CommandError(f"No user group to check: {', '.join(sorted(map(str, unknown)))}.")
        found: list[Drift] = []
        compared: set[int] = set()
        for number, (scope, group) in enumerate(groups, start=1):
            self._progress(number, len(groups), f"{scope} {group.uuid}")
            if group.pk in compared:
                continue
            try:
                found += reconcile.check_group(scope, group, repair=repair, compared=compared)
            except Unevaluable as error:
                self.stderr.write(f"{group.uuid}: no answer ({error.code}): {error.message}")
        return found

    def _progress(self, number: int, total: int, what: str) -> None:
        done = _WIDTH * number // total
        self.stdout.write(f"[{'#' * done}{'.' * (_WIDTH - done)}] {number}/{total} {what}")
        self.stdout.flush()

    def _sum_up(self, found: list[Drift]) -> None:
        for drift in found:
            end = "repaired" if drift.repaired else "not repaired"
            self.stdout.write(
                f"{drift.group.uuid} in {drift.scope}: {len(drift.missing):,} missing, {len(drift.unexpected):,} "
                f"unexpected, {end}"
            )
        self.stdout.write(f"Drift: {sum(map(len, found)):,} memberships in {len(found):,} groups.")


def _scope(text: str) -> Scope:
    kind, _colon, key = text.partition(":")
    try:
        return Scope.parse(kind, key)
    except ValueError:
        raise CommandError(f"{text!r} is not a scope; write for instance course:course-v1:A+B+C.") from None


def _groups(scopes: list[Scope], wanted: list[UUID] | None) -> Iterator[tuple[Scope, GroupRow]]:
    for scope in scopes:
        for group in groups_to_check(scope):
            if wanted is None or group.uuid in wanted:
                yield scope, group
