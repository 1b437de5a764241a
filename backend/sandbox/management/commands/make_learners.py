"""Invents learners in any number, the same ones for the same seed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox.instants import parse_now
from sandbox.progress import Progress
from sandbox.synthetic.plan import Plan, course_sizes, numbered_courses
from sandbox.synthetic.removal import existing_courses, remove
from sandbox.synthetic.writer import PlanWriter

ORGANIZATION = "Synthetic"
USERNAME_PREFIX = "syn_"


class Command(BaseCommand):
    """Fill the tables with invented data."""

    help = "Invent learners in the courses course-v1:Synthetic+C1+2026, C2, ..., about two enrollments each."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--learners", type=int, required=True, help="Number of learners.")
        parser.add_argument("--courses", type=int, required=True, help="Number of courses.")
        parser.add_argument("--seed", type=int, required=True, help="The same seed gives the same data.")
        parser.add_argument("--users-beyond", type=int, default=0, help="Further accounts without any enrollment.")
        parser.add_argument(
            "--course-sizes",
            default="",
            help="Exact numbers of active learners of the first courses, such as 1000,100000,1000000.",
        )
        parser.add_argument("--now", help="The present of the data (ISO 8601; default: the current time).")
        parser.add_argument(
            "--only", choices=["core"], help="core: only accounts, profiles, enrollments and course grades."
        )
        parser.add_argument("--replace", action="store_true", help="First remove what an earlier run has made.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, then write."""
        plan = self._plan(options)
        progress = Progress(self.stderr)
        if options["replace"]:
            remove(plan, progress)
        elif existing := existing_courses(plan):
            raise CommandError(f"{len(existing)} courses such as {existing[0]} exist already: use --replace.")
        PlanWriter(plan, progress).write()
        self.stdout.write(self.style.SUCCESS(f"{plan.users:,} accounts and {len(plan.courses)} courses:"))
        for course in plan.courses:
            self.stdout.write(f"  {course.key}: {course.active:,} active learners")

    @staticmethod
    def _plan(options: dict[str, Any]) -> Plan:
        if options["users_beyond"] < 0:
            raise CommandError("--users-beyond cannot be negative.")
        given = _sizes(options["course_sizes"])
        try:
            sizes = course_sizes(options["learners"], options["courses"], given)
        except ValueError as error:
            raise CommandError(str(error)) from error
        return Plan(
            org=ORGANIZATION,
            username_prefix=USERNAME_PREFIX,
            learners=options["learners"],
            users_beyond=options["users_beyond"],
            courses=numbered_courses(ORGANIZATION, sizes),
            seed=options["seed"],
            now=parse_now(options["now"]),
            core_only=options["only"] == "core",
        )


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",") if size]
    except ValueError:
        raise CommandError(f"--course-sizes {text!r} are not numbers between commas, such as 1000,100000.") from None
