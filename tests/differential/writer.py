"""Puts a world into the database, into the platform's tables, and takes it out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import transaction

from openedx_user_groups.contrib.lms.models import CourseProgress
from sandbox.bulk import Row, Table, insert_rows
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_groups.models import CohortMembership, CourseCohortsSettings, CourseUserGroup
from sandbox.platform.course_modes.models import CourseMode
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade, PersistentSubsectionGrade, VisibleBlocks
from sandbox.platform.organizations.models import Organization, OrganizationCourse
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, LanguageProficiency, UserProfile
from sandbox.platform.teams.models import CourseTeam, CourseTeamMembership
from sandbox.platform.user_api.models import UserPreference
from tests.differential import tables

_TIMES = ("created", "modified")
_USERS = Table(User, ("id", "username", "email", "password", "date_joined", "last_login", "is_active"))
_PROFILES = Table(UserProfile, ("id", "user_id", "country", "gender", "level_of_education", "year_of_birth"))
_LANGUAGES = Table(LanguageProficiency, ("user_profile_id", "code"))
_PREFERENCES = Table(UserPreference, ("user_id", "key", "value"))
_OVERVIEWS = Table(CourseOverview, ("id", "org", "display_org_with_default", *_TIMES))
_ORGANIZATIONS = Table(Organization, ("id", "short_name", "name", *_TIMES))
_ORGANIZATION_COURSES = Table(OrganizationCourse, ("course_id", "organization_id", *_TIMES))
_MODES = Table(CourseMode, ("course_id", "mode_slug", "mode_display_name", "currency"))
_ENROLLMENTS = Table(CourseEnrollment, ("user_id", "course_id", "created", "is_active", "mode"))
_ROLES = Table(CourseAccessRole, ("user_id", "org", "course_id", "role"))
_GRADES = Table(PersistentCourseGrade, ("user_id", "course_id", "percent_grade", "passed_timestamp", *_TIMES))
_VISIBLE_BLOCKS = Table(VisibleBlocks, ("hashed", "blocks_json", "course_id"))
_SUBSECTIONS = Table(
    PersistentSubsectionGrade,
    (
        *("user_id", "course_id", "usage_key", "earned_graded", "possible_graded", "earned_all", "possible_all"),
        *("visible_blocks_id", *_TIMES),
    ),
)
_CERTIFICATES = Table(GeneratedCertificate, ("user_id", "course_id", "status", "mode", "created_date", "modified_date"))
_COMPLETIONS = Table(BlockCompletion, ("user_id", "context_key", "block_key", "block_type", "completion", *_TIMES))
_COHORT_SETTINGS = Table(CourseCohortsSettings, ("course_id", "is_cohorted"))
_COHORTS = Table(CourseUserGroup, ("id", "name", "course_id", "group_type"))
_COHORT_MEMBERS = Table(CohortMembership, ("course_user_group_id", "user_id", "course_id"))
_COHORT_USERS = Table(CourseUserGroup.users.through, ("courseusergroup_id", "user_id"))
_TEAMS = Table(
    CourseTeam,
    ("id", "team_id", "discussion_topic_id", "name", "course_id", "date_created", "description", "last_activity_at"),
)
_TEAM_MEMBERS = Table(CourseTeamMembership, ("user_id", "team_id", "date_joined", "last_activity_at"))
_PROGRESS = Table(CourseProgress, ("user_id", "course_key", "percent", "as_of"))


@contextmanager
def stored(world: tables.World) -> Iterator[None]:
    """Have the database hold this world, and nothing of it afterwards."""
    with transaction.atomic():
        for table, rows in _rows(world):
            insert_rows(table, rows)
        yield
        transaction.set_rollback(True)


def _rows(world: tables.World) -> Iterator[tuple[Table, list[Row]]]:
    yield from _people(world)
    yield from _courses(world)
    yield from _learning(world)
    yield from _groups(world)


def _people(world: tables.World) -> Iterator[tuple[Table, list[Row]]]:
    yield (
        _USERS,
        [(u.id, u.username, u.email, "!", u.date_joined, u.last_login, u.is_active) for u in world.users],
    )
    yield (
        _PROFILES,
        [(p.user, p.user, p.country, p.gender, p.level_of_education, p.year_of_birth) for p in world.profiles],
    )
    yield _LANGUAGES, [(p.user, code) for p in world.profiles for code in p.languages]
    yield _PREFERENCES, [(p.user, p.key, p.value) for p in world.preferences]


def _courses(world: tables.World) -> Iterator[tuple[Table, list[Row]]]:
    now = world.users[0].date_joined
    organizations = {org: number for number, org in enumerate(sorted(set(world.courses.values())), start=1)}
    yield _OVERVIEWS, [(course, org, org, now, now) for course, org in world.courses.items()]
    yield _ORGANIZATIONS, [(number, org, org, now, now) for org, number in organizations.items()]
    yield _ORGANIZATION_COURSES, [(course, organizations[org], now, now) for course, org in world.links]
    yield _MODES, [(course, mode, mode, "usd") for course, mode in world.modes]
    yield _ENROLLMENTS, [(e.user, e.course, e.created, e.is_active, e.mode) for e in world.enrollments]
    yield _ROLES, [(r.user, r.org, r.course, r.role) for r in world.roles]


def _learning(world: tables.World) -> Iterator[tuple[Table, list[Row]]]:
    now = world.users[0].date_joined
    yield _GRADES, [(g.user, g.course, g.percent, g.passed, now, now) for g in world.grades]
    yield _VISIBLE_BLOCKS, [("none", "{}", next(iter(world.courses)))]
    yield (
        _SUBSECTIONS,
        # What counts is the graded part: all points say something else.
        [(s.user, s.course, s.subsection, s.earned, s.possible, 1.0, 2.0, "none", now, now) for s in world.subsections],
    )
    yield _CERTIFICATES, [(c.user, c.course, c.status, "honor", now, now) for c in world.certificates]
    yield (
        _COMPLETIONS,
        [(c.user, c.course, c.block, "problem", c.completion, now, c.modified) for c in world.completions],
    )
    yield _PROGRESS, [(p.user, p.course, p.percent, now) for p in world.progress]


def _groups(world: tables.World) -> Iterator[tuple[Table, list[Row]]]:
    now = world.users[0].date_joined
    course_of = {cohort.id: cohort.course for cohort in world.cohorts}
    number_of = {team.slug: number for number, team in enumerate(world.teams, start=1)}
    yield _COHORT_SETTINGS, list(world.cohorted.items())
    yield _COHORTS, [(c.id, f"Cohort {c.id}", c.course, "cohort") for c in world.cohorts]
    yield _COHORT_MEMBERS, [(m.cohort, m.user, course_of[m.cohort]) for m in world.cohort_members]
    yield _COHORT_USERS, [(m.cohort, m.user) for m in world.cohort_members]
    yield _TEAMS, [(number_of[t.slug], t.slug, t.slug, t.slug, t.course, now, "", now) for t in world.teams]
    yield _TEAM_MEMBERS, [(m.user, number_of[m.team], now, now) for m in world.team_members]
