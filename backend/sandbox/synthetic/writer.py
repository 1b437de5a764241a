"""Writes a plan's invented data in batches, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from sandbox import tables
from sandbox.bulk import ROWS_PER_STATEMENT, Row, Table, insert_rows, reset_sequences, unchecked_inserts
from sandbox.platform.organizations.models import Organization
from sandbox.platform.student.models import UserProfile
from sandbox.progress import Progress
from sandbox.synthetic.activity import CourseActivity
from sandbox.synthetic.chance import MODES, Past
from sandbox.synthetic.legacy_groups import write_cohorts, write_teams
from sandbox.synthetic.people import People
from sandbox.synthetic.plan import CourseSpec, Plan


class PlanWriter:
    """Writes one plan into a database that holds none of its courses and accounts."""

    def __init__(self, plan: Plan, progress: Progress) -> None:
        """Write `plan`."""
        self.plan = plan
        self.progress = progress
        self.past = Past(plan.now)
        self.people = People(plan, self.past, _next_id(User), _next_id(UserProfile))

    def write(self) -> None:
        """Write everything. What was written before a failure stays, for `--replace` to remove."""
        with unchecked_inserts():
            self._write_people()
            self._write_courses()
            for number, course in enumerate(self.plan.courses, start=1):
                self._write_activity(course, number)

    def _write_people(self) -> None:
        with self.progress.task("accounts", self.plan.users) as advance:
            for first in range(0, self.plan.users, ROWS_PER_STATEMENT):
                last = min(first + ROWS_PER_STATEMENT, self.plan.users)
                _write(self.people.batch(first, last).rows())
                advance(last - first)
        reset_sequences(tables.USERS, tables.PROFILES)

    @transaction.atomic
    def _write_courses(self) -> None:
        now, org = self.plan.now, self.plan.org
        keys = [course.key for course in self.plan.courses]
        insert_rows(tables.ORGANIZATIONS, [(org, org, now, now, True)], upsert=True)
        organization = Organization.objects.get(short_name=org)
        insert_rows(tables.ORGANIZATION_COURSES, [(key, organization.pk, now, now) for key in keys])
        start = self.past.hours_ago(60 * 24)
        insert_rows(
            tables.OVERVIEWS,
            [(course.key, org, org, course.name, start, None, now, now) for course in self.plan.courses],
        )
        insert_rows(tables.MODES, [(key, mode, mode.capitalize(), "usd") for key in keys for mode in MODES.values])

    def _write_activity(self, course: CourseSpec, number: int) -> None:
        activity = CourseActivity(self.plan, course, self.past, self.people.joined_hours)
        insert_rows(tables.VISIBLE_BLOCKS, [(activity.visible_blocks_hash, "{}", course.key)])
        first_id, everybody = self.people.first_user_id, activity.everybody
        with self.progress.task(course.key, len(everybody)) as advance:
            for first in range(0, len(everybody), ROWS_PER_STATEMENT):
                chunk = everybody[first : first + ROWS_PER_STATEMENT]
                _write(activity.batch(chunk, first_id).rows())
                advance(len(chunk))
        if not self.plan.core_only:
            self._write_legacy_groups(course, number, [first_id + learner for learner in activity.active])

    @transaction.atomic
    def _write_legacy_groups(self, course: CourseSpec, number: int, user_ids: list[int]) -> None:
        """Every second course uses cohorts, every third only used to, and every second has teams."""
        if number % 2 or number % 3 == 0:
            write_cohorts(self.plan, course, user_ids, cohorted=bool(number % 2) and number % 3 != 0)
        if number % 2:
            write_teams(self.plan, course, user_ids)


@transaction.atomic
def _write(batch: Iterable[tuple[Table, list[Row]]]) -> None:
    for table, rows in batch:
        insert_rows(table, rows)


def _next_id(model: type[User] | type[UserProfile]) -> int:
    highest: int | None = model._default_manager.aggregate(highest=Max("pk"))["highest"]
    return (highest or 0) + 1
