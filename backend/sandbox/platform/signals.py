"""The signals that the platform sends, sent by the stand-ins: what is saved here reaches receivers as it does there.

Signals of the platform's own modules are put where the platform has them, so that whoever names them by a dotted path
finds them. Some are sent more often than anything changes, and some twice, as on the platform.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models.signals import post_delete, post_init, post_save
from django.dispatch import Signal
from opaque_keys.edx.keys import CourseKey
from openedx_events.learning import data, signals

USER_FIELDS_CHANGED = Signal()
COHORT_MEMBERSHIP_UPDATED = Signal()

_MODULES: Mapping[str, Mapping[str, Signal]] = {
    "common.djangoapps.util.model_utils": {"USER_FIELDS_CHANGED": USER_FIELDS_CHANGED},
    "openedx.core.djangoapps.course_groups.signals.signals": {"COHORT_MEMBERSHIP_UPDATED": COHORT_MEMBERSHIP_UPDATED},
}


def put_in_place() -> None:
    """Let the platform's modules be found, with these signals in them."""
    for path, contents in _MODULES.items():
        module = sys.modules.setdefault(path, ModuleType(path))
        for name, signal in contents.items():
            setattr(module, name, signal)


def connect() -> None:
    """Have the stand-ins send the signals."""
    for label, send in _SENDERS.items():
        model = apps.get_model(label)
        for when in (post_save, post_delete):
            when.connect(send, sender=model, weak=False, dispatch_uid=f"sandbox.platform:{label}")
    for label in _WATCHED:
        post_init.connect(_remember, sender=apps.get_model(label), dispatch_uid=f"sandbox.platform:{label}")


def _user(pk: int) -> data.UserData:
    return data.UserData(pii=data.UserPersonalData(username=f"user {pk}", email="", name=""), id=pk, is_active=True)


def _course(key: CourseKey) -> data.CourseData:
    return data.CourseData(course_key=key)


def _remember(instance: Any, **kwargs: Any) -> None:
    instance._as_read = dict(instance.__dict__)


def _changed(instance: Any) -> dict[str, tuple[Any, Any]]:
    """The fields that changed since the row was read; none are named for a new one."""
    before = getattr(instance, "_as_read", {})
    names = [field.attname for field in instance._meta.concrete_fields]
    changed = {
        name: (before[name], getattr(instance, name))
        for name in names
        if name in before and before[name] != getattr(instance, name)
    }
    _remember(instance)
    return changed


def _account(instance: User, created: bool | None = None, **kwargs: Any) -> None:
    if created:
        signals.STUDENT_REGISTRATION_COMPLETED.send_event(user=_user(instance.pk))
    if created is not None:
        changed = {} if created else _changed(instance)
        USER_FIELDS_CHANGED.send(sender=None, user=instance, table="auth_user", changed_fields=changed)


def _profile(instance: Any, created: bool | None = None, **kwargs: Any) -> None:
    changed = {} if created else _changed(instance)
    account = User(pk=instance.user_id)
    USER_FIELDS_CHANGED.send(sender=None, user=account, table="auth_userprofile", changed_fields=changed)


def _preference(instance: Any, **kwargs: Any) -> None:
    account, changed = User(pk=instance.user_id), {instance.key: (None, instance.value)}
    USER_FIELDS_CHANGED.send(sender=None, user=account, table="user_api_userpreference", changed_fields=changed)


def _enrollment(instance: Any, **kwargs: Any) -> None:
    enrollment = data.CourseEnrollmentData(
        user=_user(instance.user_id),
        course=_course(instance.course_id),
        mode=instance.mode,
        is_active=instance.is_active,
        creation_date=instance.created,
    )
    last = signals.COURSE_ENROLLMENT_CREATED if instance.is_active else signals.COURSE_UNENROLLMENT_COMPLETED
    for signal in (signals.COURSE_ENROLLMENT_CHANGED, last):
        signal.send_event(enrollment=enrollment)


def _grade(instance: Any, **kwargs: Any) -> None:
    never = datetime(1, 1, 1, tzinfo=UTC)
    grade = data.PersistentCourseGradeData(
        user_id=instance.user_id,
        course=_course(instance.course_id),
        course_edited_timestamp=instance.course_edited_timestamp or never,
        course_version=instance.course_version,
        grading_policy_hash=instance.grading_policy_hash,
        percent_grade=instance.percent_grade,
        letter_grade=instance.letter_grade,
        passed_timestamp=instance.passed_timestamp,
    )
    signals.PERSISTENT_GRADE_SUMMARY_CHANGED.send_event(grade=grade)


def _certificate(instance: Any, **kwargs: Any) -> None:
    certificate = data.CertificateData(
        user=_user(instance.user_id),
        course=_course(instance.course_id),
        mode=instance.mode,
        grade=instance.grade,
        download_url=instance.download_url,
        name="",
        current_status=instance.status,
    )
    signals.CERTIFICATE_CHANGED.send_event(certificate=certificate)
    if instance.status == "downloadable":
        signals.CERTIFICATE_CREATED.send_event(certificate=certificate)


def _role(instance: Any, created: bool | None = None, **kwargs: Any) -> None:
    role = data.CourseAccessRoleData(
        user=_user(instance.user_id), org_key=instance.org, course_key=instance.course_id, role=instance.role
    )
    removed = created is None
    signal = signals.COURSE_ACCESS_ROLE_REMOVED if removed else signals.COURSE_ACCESS_ROLE_ADDED
    signal.send_event(course_access_role_data=role)


def _cohort(instance: Any, **kwargs: Any) -> None:
    account = User(pk=instance.user_id)
    COHORT_MEMBERSHIP_UPDATED.send(sender=None, user=account, course_key=instance.course_id)


#: Sent after a row is saved or deleted. Nothing stands here for what the platform sends nothing for.
_SENDERS: Mapping[str, Callable[..., None]] = {
    "auth.User": _account,
    "student.UserProfile": _profile,
    "user_api.UserPreference": _preference,
    "student.CourseEnrollment": _enrollment,
    "grades.PersistentCourseGrade": _grade,
    "certificates.GeneratedCertificate": _certificate,
    "student.CourseAccessRole": _role,
    "course_groups.CohortMembership": _cohort,
}
_WATCHED = ("auth.User", "student.UserProfile")
