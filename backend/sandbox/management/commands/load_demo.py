"""Fills the sandbox with a small believable data set and accounts to log in with."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from opaque_keys.edx.keys import CourseKey
from rest_framework.authtoken.models import Token

from sandbox.instants import parse_now
from sandbox.models import DataClock
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, UserProfile
from sandbox.progress import Progress
from sandbox.synthetic.plan import CourseSpec, Plan
from sandbox.synthetic.removal import existing_courses, remove
from sandbox.synthetic.writer import PlanWriter

ORGANIZATION = "DemoX"
COURSES = (
    CourseSpec("course-v1:DemoX+BIO101+2026", "Introduction to Biology", 1_200),
    CourseSpec("course-v1:DemoX+STAT101+2026", "Statistics for Everyone", 700),
    CourseSpec("course-v1:DemoX+HIST101+2026", "Modern European History", 350),
)
LEARNERS = 2_000
SEED = 2026


class Command(BaseCommand):
    """Make the demo's courses, unless they are there, and its accounts."""

    help = "Load about 2,000 invented learners in 3 courses, and the accounts admin, staff and learner."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--now", help="The present of the data (ISO 8601; default: the current time).")
        parser.add_argument("--replace", action="store_true", help="Make the courses and learners anew.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the data, then say how to use it."""
        plan = Plan(ORGANIZATION, "demo_", LEARNERS, 0, COURSES, SEED, parse_now(options["now"]))
        progress = Progress(self.stderr)
        if options["replace"]:
            remove(plan, progress)
        # Groups that somebody has made in the demo are to survive the next start: data that is there stays.
        if not existing_courses(plan):
            PlanWriter(plan, progress).write()
            DataClock.stop_at(plan.now)
        elif options["now"]:
            self.stdout.write(
                self.style.WARNING("The courses are there already: --now has no effect without --replace.")
            )
        self._report(make_accounts(plan.now))

    def _report(self, accounts: dict[str, User]) -> None:
        self.stdout.write(self.style.SUCCESS("The demo is loaded. Courses:"))
        for course in COURSES:
            enrollments = CourseEnrollment.objects.filter(course_id=CourseKey.from_string(course.key))
            active = enrollments.filter(is_active=True).count()
            self.stdout.write(f"  {course.key}  {course.name}, {active:,} learners")
        self.stdout.write("Accounts (the password is the username; the token goes into 'Authorization: Token ...'):")
        for role, user in accounts.items():
            token, _ = Token.objects.get_or_create(user=user)
            self.stdout.write(f"  {user.username:<8} {token.key}  {role}")
        self.stdout.write("After `manage.py runserver`:")
        self.stdout.write("  http://127.0.0.1:8000/           what to try")
        self.stdout.write("  http://127.0.0.1:8000/api/docs/  the API, to try in the browser")


def make_accounts(now: datetime) -> dict[str, User]:
    """Make the three accounts of the demo where they are missing, and return them by what they may do."""
    course = COURSES[0]
    admin = make_account("admin", is_staff=True, is_superuser=True)
    staff = make_account("staff")
    learner = make_account("learner")
    CourseAccessRole.objects.get_or_create(user=staff, org=ORGANIZATION, course_id=course.key, role="staff")
    UserProfile.objects.get_or_create(user=learner, defaults={"name": "Demo Learner", "country": "ES"})
    enrollment, created = CourseEnrollment.objects.get_or_create(
        user=learner, course_id=CourseKey.from_string(course.key)
    )
    if created:
        # The column fills itself with the real time, which need not be the demo's.
        CourseEnrollment.objects.filter(pk=enrollment.pk).update(created=now)
    return {
        "global staff: every course": admin,
        f"course staff of {course.key}": staff,
        f"learner in {course.key}": learner,
    }


def make_account(username: str, **flags: bool) -> User:
    """Return the account of that name, made with its name as its password where it is missing."""
    user, created = User.objects.get_or_create(
        username=username, defaults={"email": f"{username}@example.com", **flags}
    )
    if created:
        user.set_password(username)
        user.save()
    return user
