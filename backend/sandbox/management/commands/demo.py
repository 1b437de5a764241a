"""Says how to use the demo that ``make demo`` has loaded: address, accounts, what to try."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand
from opaque_keys.edx.django.models import CourseKeyField
from rest_framework.authtoken.models import Token

from sandbox.management.commands.load_demo import make_account
from sandbox.models import DataClock
from sandbox.platform.student.models import CourseAccessRole

# The course of the README's example, where the OULAD data is loaded; else the first course that has staff.
SHOWN_COURSE = "course-v1:OULAD+BBB+2013J"

EXAMPLE = """curl -s {address}/api/user_group/v1/previews/ \\
  -H "Authorization: Token {token}" -H "Content-Type: application/json" -d '
{{"scope": {{"type": "course", "key": "{course}"}},
  "rule": {{"combine": "all", "nodes": [
    {{"kind": "criterion", "type": "last_login", "config": {{"operator": ">", "days": 10}}}},
    {{"kind": "criterion", "type": "course_grade", "config": {{"operator": "<", "percent": 40}}}},
    {{"kind": "criterion", "type": "enrollment_track", "config": {{"operator": "not_in", "modes": ["audit"]}}}}]}}}}'"""


class Command(BaseCommand):
    """Make the account of global staff and print everything that a person needs."""

    help = "Print the address of the demo, its accounts and what to try. PORT in the environment: the site's port."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        admin = make_account("admin", is_staff=True, is_superuser=True)
        roles = (
            CourseAccessRole.objects.filter(role="staff").exclude(course_id=CourseKeyField.Empty).select_related("user")
        )
        role = roles.filter(course_id=SHOWN_COURSE).first() or roles.order_by("course_id").first()
        self.stdout.write(self.style.SUCCESS(f"\nThe sandbox will run at {address}/  (stop it with Ctrl+C)\n"))
        self._account("global staff", admin, "admin")
        if role is None:
            self.stdout.write("No course has staff yet: run load_demo or load_oulad.")
            return
        course = str(role.course_id)
        self._account(f"staff of {course}", role.user, "edx" if course == SHOWN_COURSE else role.user.username)
        self.stdout.write(f"\nRules are evaluated as of {DataClock.now():%Y-%m-%d %H:%M} UTC, the day of the data.")
        self.stdout.write("\nTry:")
        builder = urlencode({"scope_type": "course", "scope_key": course})
        self.stdout.write(f"  {address}/builder/    the group builder, as staff; of this course:")
        self.stdout.write(f"      {address}/builder/?{builder}")
        self.stdout.write(f"  {address}/api/docs/   the API, in the browser")
        self.stdout.write(f"  {address}/admin/      groups, criteria, members and runs")
        self.stdout.write("  last login over 10 days ago, grade below 40 %, not on the audit track:\n")
        token, _ = Token.objects.get_or_create(user=role.user)
        self.stdout.write(EXAMPLE.format(address=address, token=token.key, course=course) + "\n\n")

    def _account(self, what: str, user: User, password: str) -> None:
        token, _ = Token.objects.get_or_create(user=user)
        self.stdout.write(f"  {what}: user {user.username}, password {password}, token {token.key}")
