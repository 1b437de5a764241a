"""The platform's signals that change the answers of the LMS criteria. Which type depends on which, each type says."""

from __future__ import annotations

from typing import Any

from openedx_user_groups.criteria_api import (
    Change,
    Event,
    Touched,
    account_change,
    in_course,
    openedx_event,
    row_changes,
)

_CERTIFICATE_EVENTS = ("CERTIFICATE_CREATED", "CERTIFICATE_CHANGED", "CERTIFICATE_REVOKED")


def profile_change(column: str) -> tuple[Change, ...]:
    """A change of one column of the profile."""
    return (account_change("auth_userprofile", column),)


def _graded(event: Event) -> Touched | None:
    return in_course(event["grade"].user_id, event["grade"].course.course_key)


def _passed(event: Event) -> Touched | None:
    """Grades are told at each computation; rules of other scopes only ask whether the course was ever passed."""
    return Touched(event["grade"].user_id) if event["grade"].passed_timestamp else None


def _passing(event: Event) -> Touched | None:
    status = event["course_passing_status"]
    return in_course(status.user.id, status.course.course_key)


def _certified_in_course(event: Event) -> Touched | None:
    return in_course(event["certificate"].user.id, event["certificate"].course.course_key)


def _row_in_course(row: Any) -> Touched | None:
    return in_course(row.user_id, row.course_id)


COURSE_GRADE_CHANGES: tuple[Change, ...] = (openedx_event("PERSISTENT_GRADE_SUMMARY_CHANGED", _graded),)

PASSING_CHANGES: tuple[Change, ...] = (
    *COURSE_GRADE_CHANGES,
    openedx_event("COURSE_PASSING_STATUS_UPDATED", _passing),
)

#: There is no event for subsections. Grades written in bulk send no signal; that of the course follows them.
SUBSECTION_GRADE_CHANGES: tuple[Change, ...] = (
    *row_changes("grades.PersistentSubsectionGrade", _row_in_course),
    *COURSE_GRADE_CHANGES,
)

CERTIFICATE_CHANGES: tuple[Change, ...] = tuple(
    openedx_event(name, _certified_in_course) for name in _CERTIFICATE_EVENTS
)

#: Completion of a course, which rules of any scope may ask for.
COURSE_COMPLETION_CHANGES: tuple[Change, ...] = (
    openedx_event("PERSISTENT_GRADE_SUMMARY_CHANGED", _passed),
    *(openedx_event(name, lambda event: Touched(event["certificate"].user.id)) for name in _CERTIFICATE_EVENTS),
)

#: There is no event for completion. Each completed block sends this: marking a learner costs one statement.
BLOCK_COMPLETION_CHANGES: tuple[Change, ...] = row_changes(
    "completion.BlockCompletion", lambda row: in_course(row.user_id, row.context_key)
)

#: Not the event, which is sent before the row is written, and not at all when a learner is taken out.
COHORT_CHANGES: tuple[Change, ...] = (
    Change(
        "openedx.core.djangoapps.course_groups.signals.signals.COHORT_MEMBERSHIP_UPDATED",
        lambda event: in_course(event["user"].pk, event["course_key"]),
    ),
)

TEAM_CHANGES: tuple[Change, ...] = row_changes(
    "teams.CourseTeamMembership", lambda row: in_course(row.user_id, row.team.course_id)
)

#: A role may be in a course or in a whole organization, and counts in both kinds of scopes.
ROLE_CHANGES: tuple[Change, ...] = tuple(
    openedx_event(name, lambda event: Touched(event["course_access_role_data"].user.id))
    for name in ("COURSE_ACCESS_ROLE_ADDED", "COURSE_ACCESS_ROLE_REMOVED")
)

#: Signing in. Django's signal is sent for every way to do so; the event, after the session stands, for the form only.
LOGIN_CHANGES: tuple[Change, ...] = (
    Change("django.contrib.auth.signals.user_logged_in", lambda event: Touched(event["user"].pk)),
    openedx_event("SESSION_LOGIN_COMPLETED", lambda event: Touched(event["user"].id)),
)

#: The platform writes the languages in bulk, of which no signal tells. It saves the profile in the same transaction and
#: tells of what else has changed there.
SPOKEN_LANGUAGE_CHANGES: tuple[Change, ...] = (
    *row_changes("student.LanguageProficiency", lambda row: Touched(row.user_profile.user_id)),
    account_change("auth_userprofile"),
)
