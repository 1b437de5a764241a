"""Removes what a plan has written, told by its organization and its usernames, and nothing else."""

from __future__ import annotations

from sandbox import tables
from sandbox.accounts import ids_by_username, remove_users
from sandbox.bulk import ROWS_PER_STATEMENT, bulk_cursor, delete_rows
from sandbox.platform.course_groups.models import CourseCohortsSettings, CourseUserGroup
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.teams.models import CourseTeam
from sandbox.progress import Progress
from sandbox.synthetic.plan import Plan

# Each with the column that holds the course key; rows that refer to others come first.
COURSE_TABLES = (
    (tables.ENROLLMENTS, "course_id"),
    (tables.GRADES, "course_id"),
    (tables.PROGRESS, "course_key"),
    (tables.CERTIFICATES, "course_id"),
    (tables.SUBSECTION_GRADES, "course_id"),
    (tables.VISIBLE_BLOCKS, "course_id"),
    (tables.COMPLETIONS, "context_key"),
    (tables.COHORT_MEMBERSHIPS, "course_id"),
    (tables.MODES, "course_id"),
    (tables.ROLES, "course_id"),
    (tables.ORGANIZATION_COURSES, "course_id"),
)


def existing_courses(plan: Plan) -> list[str]:
    """Return the keys of courses of the plan's organization that are there already."""
    keys = CourseOverview.objects.filter(org=plan.org).values_list("pk", flat=True)
    return sorted(str(key) for key in keys)


def remove(plan: Plan, progress: Progress) -> None:
    """Remove the courses of the plan's organization with all their rows, and the plan's accounts."""
    _remove_legacy_groups(existing_courses(plan))
    with progress.task("removing courses", len(COURSE_TABLES)) as advance:
        for table, column in COURSE_TABLES:
            with bulk_cursor() as cursor:
                where = f"{table.quoted(column)} LIKE %s"
                cursor.execute(f"DELETE FROM {table.name} WHERE {where}", [f"{plan.course_prefix}%"])
            advance(1)
    CourseOverview.objects.filter(org=plan.org).delete()
    _remove_accounts(plan, progress)


def _remove_legacy_groups(courses: list[str]) -> None:
    CourseUserGroup.objects.filter(course_id__in=courses).delete()
    CourseTeam.objects.filter(course_id__in=courses).delete()
    CourseCohortsSettings.objects.filter(course_id__in=courses).delete()


def _remove_accounts(plan: Plan, progress: Progress) -> None:
    ids = sorted(ids_by_username(plan.username_prefix, r"\d{7,}").values())
    with progress.task("removing accounts", len(ids)) as advance:
        for start in range(0, len(ids), ROWS_PER_STATEMENT):
            chunk = ids[start : start + ROWS_PER_STATEMENT]
            # What the ORM would first load, to see what refers to it, goes directly.
            _remove_profiles(chunk)
            delete_rows(tables.PREFERENCES, chunk, column="user_id")
            remove_users(chunk, advance)


def _remove_profiles(user_ids: list[int]) -> None:
    profiles = tables.PROFILES.model._default_manager.filter(user_id__in=user_ids)
    delete_rows(tables.LANGUAGES, list(profiles.values_list("pk", flat=True)), column="user_profile_id")
    delete_rows(tables.PROFILES, user_ids, column="user_id")
