"""The tables that the loaders fill, with the columns that they bring."""

from __future__ import annotations

from django.contrib.auth.models import User

from openedx_user_groups.contrib.lms.models import CourseProgress
from sandbox.bulk import Table
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_groups.models import CohortMembership, CourseUserGroup
from sandbox.platform.course_modes.models import CourseMode
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade, PersistentSubsectionGrade, VisibleBlocks
from sandbox.platform.organizations.models import Organization, OrganizationCourse
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, LanguageProficiency, UserProfile
from sandbox.platform.teams.models import CourseTeamMembership
from sandbox.platform.user_api.models import UserPreference

# Learners of the loaders never log in: a password that starts like this matches no input, and costs no hashing.
UNUSABLE_PASSWORD = "!"

USERS = Table(
    User,
    ("username", "email", "password", "last_login", "date_joined"),
    unique=("username",),
)
SYNTHETIC_USERS = Table(User, ("id", *USERS.columns, "is_active"))
PROFILES = Table(
    UserProfile,
    ("user_id", "gender", "level_of_education", "year_of_birth", "country", "city"),
    unique=("user_id",),
)
LANGUAGES = Table(LanguageProficiency, ("user_profile_id", "code"), unique=("code", "user_profile_id"))
PREFERENCES = Table(UserPreference, ("user_id", "key", "value"), unique=("user_id", "key"))

ORGANIZATIONS = Table(Organization, ("short_name", "name", "created", "modified", "active"), unique=("short_name",))
ORGANIZATION_COURSES = Table(
    OrganizationCourse,
    ("course_id", "organization_id", "created", "modified"),
    unique=("course_id", "organization_id"),
)
OVERVIEWS = Table(
    CourseOverview,
    ("id", "org", "display_org_with_default", "display_name", "start", "end", "created", "modified"),
    unique=("id",),
)
MODES = Table(
    CourseMode,
    ("course_id", "mode_slug", "mode_display_name", "currency"),
    unique=("course_id", "mode_slug", "currency"),
)
ROLES = Table(CourseAccessRole, ("user_id", "org", "course_id", "role"), unique=("user_id", "org", "course_id", "role"))

ENROLLMENTS = Table(
    CourseEnrollment, ("user_id", "course_id", "created", "is_active", "mode"), unique=("user_id", "course_id")
)
GRADES = Table(
    PersistentCourseGrade,
    ("user_id", "course_id", "percent_grade", "letter_grade", "passed_timestamp", "created", "modified"),
    unique=("course_id", "user_id"),
)
PROGRESS = Table(CourseProgress, ("user_id", "course_key", "percent", "as_of"), unique=("course_key", "user_id"))
COMPLETIONS = Table(
    BlockCompletion,
    ("user_id", "context_key", "block_key", "block_type", "completion", "created", "modified"),
    unique=("context_key", "block_key", "user_id"),
)
VISIBLE_BLOCKS = Table(VisibleBlocks, ("hashed", "blocks_json", "course_id"), unique=("hashed",))
SUBSECTION_GRADES = Table(
    PersistentSubsectionGrade,
    (
        *("user_id", "course_id", "usage_key", "earned_all", "possible_all", "earned_graded", "possible_graded"),
        *("first_attempted", "visible_blocks_id", "created", "modified"),
    ),
    unique=("course_id", "user_id", "usage_key"),
)
CERTIFICATES = Table(
    GeneratedCertificate,
    ("user_id", "course_id", "status", "mode", "created_date", "modified_date"),
    unique=("user_id", "course_id"),
)
COHORT_USERS = Table(CourseUserGroup.users.through, ("courseusergroup_id", "user_id"))
COHORT_MEMBERSHIPS = Table(
    CohortMembership, ("course_user_group_id", "user_id", "course_id"), unique=("user_id", "course_id")
)
TEAM_MEMBERSHIPS = Table(
    CourseTeamMembership, ("user_id", "team_id", "date_joined", "last_activity_at"), unique=("user_id", "team_id")
)
