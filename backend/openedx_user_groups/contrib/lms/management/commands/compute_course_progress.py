"""Fill the table that the criterion "course progress" reads. Run it by a schedule, once a day for instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups.criteria_api import Scope, ScopeType, courses_of

from ...computation import compute


class Command(BaseCommand):
    """Computes course progress from block completions, a transaction a course."""

    help = (
        "Compute the progress of every learner of a course: components completed, of all components that anybody "
        "completed. That approximates what learners see, which takes the course's structure."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One course, several or all."""
        parser.add_argument("course_keys", nargs="*", metavar="COURSE_KEY", help="such as course-v1:edX+DemoX+2026")
        parser.add_argument("--all", action="store_true", dest="every_course", help="every course of the site")
        parser.add_argument(
            "--total-blocks", type=int, metavar="N", help="take N as the number of components; for one course only"
        )

    def handle(self, *args: Any, course_keys: list[str], every_course: bool, **options: Any) -> None:
        """Compute each course and say what was written."""
        total_blocks: int | None = options["total_blocks"]
        if bool(course_keys) == every_course:
            raise CommandError("Name at least one course, or give --all.")
        if total_blocks is not None and (total_blocks < 1 or every_course or len(course_keys) > 1):
            raise CommandError("--total-blocks takes a positive number, and one course.")
        courses = courses_of(Scope(ScopeType.INSTANCE)) if every_course else list(_parsed(course_keys))
        for number, course_key in enumerate(courses, start=1):
            self.stdout.write(f"[{number}/{len(courses)}] {course_key}")
            computed = compute(course_key, timezone.now(), total_blocks, self._advance)
            self.stdout.write(f"  done: {computed.learners:,} learners, {computed.blocks:,} components")

    def _advance(self, learners: int) -> None:
        self.stdout.write(f"  … {learners:,} learners written")
        self.stdout.flush()


def _parsed(course_keys: list[str]) -> Iterator[CourseKey]:
    for text in course_keys:
        try:
            yield CourseKey.from_string(text)
        except InvalidKeyError:
            raise CommandError(f"{text!r} is not the key of a course.") from None
