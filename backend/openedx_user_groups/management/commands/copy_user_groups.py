"""Copy the user groups of a course to its re-run, where that was not done when the course was re-run."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from openedx_user_groups import api
from openedx_user_groups.data import Scope


class Command(BaseCommand):
    """Copies groups by criteria, each once; safe to repeat."""

    help = (
        "Copy the user groups by criteria of a course to another run of it. Groups that have a copy there are left "
        "alone; groups whose members are listed by hand are not copied."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """From where to where."""
        parser.add_argument("source", metavar="SOURCE", help="key of the course, such as course-v1:edX+DemoX+2026")
        parser.add_argument("destination", metavar="DESTINATION", help="key of the new run")

    def handle(self, *args: Any, source: str, destination: str, **options: Any) -> None:
        """Copy, and list what could not be carried over."""
        old, new = _scope(source), _scope(destination)
        if old == new:
            raise CommandError("A course is no re-run of itself: SOURCE and DESTINATION are the same.")
        report = api.copy_user_groups_to_rerun(old, new)
        for copy in report.copies:
            self.stdout.write(f"{copy.group.uuid} {copy.group.name}")
            for reference in copy.unresolved:
                self.stdout.write(
                    f"  unresolved: {reference['pointer']} {reference['field']} {reference['value']} "
                    f"({reference['label']})"
                )
        self.stdout.write(
            f"{len(report.copies)} copied, {len(report.present)} present already, {len(report.failed)} failed"
        )
        if report.failed:
            raise CommandError(f"Not copied: {', '.join(map(str, report.failed))}. The log says why.")


def _scope(text: str) -> Scope:
    try:
        return Scope.course(text)
    except ValueError:
        raise CommandError(f"{text!r} is not the key of a course.") from None
