"""What the platform tells this app: retired and deleted accounts, re-runs of courses.

Signals of the platform are named by dotted path and connected where they exist; nothing of the platform is imported
where it does not.
"""

from __future__ import annotations

import logging
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models.signals import pre_delete
from django.utils.module_loading import import_string
from opaque_keys.edx.keys import CourseKey

from . import api, settings
from .data import Scope

log = logging.getLogger(__name__)

#: Both: between the first and the last a refresh may still find the learner, whose account is renamed after the last.
RETIREMENT_SIGNALS = (
    "openedx.core.djangoapps.user_api.accounts.signals.USER_RETIRE_LMS_MISC",
    "openedx.core.djangoapps.user_api.accounts.signals.USER_RETIRE_LMS_CRITICAL",
)
RERUN_SIGNAL = "openedx_events.content_authoring.signals.COURSE_RERUN_COMPLETED"

_ID = "openedx_user_groups.{}"


def connect() -> list[str]:
    """Connect the receivers, each once. Returns the paths of the platform's signals that exist here."""
    pre_delete.connect(forget_deleted, sender=get_user_model(), dispatch_uid=_ID.format("forget_deleted"))
    receivers = dict.fromkeys(RETIREMENT_SIGNALS, forget_retired) | {RERUN_SIGNAL: copy_to_rerun}
    connected = []
    for path, receiver in receivers.items():
        try:
            signal = import_string(path)
        except ImportError:
            log.debug("%s does not exist here.", path)
            continue
        signal.connect(receiver, dispatch_uid=_ID.format(receiver.__name__))
        connected.append(path)
    return connected


def forget_retired(sender: Any, user: Any = None, **kwargs: Any) -> None:
    """The platform retires an account. An error is the platform's to see: it repeats the step."""
    if user is not None:
        api.forget_learner(user.pk)


def forget_deleted(sender: Any, instance: Any, **kwargs: Any) -> None:
    """An account is about to be deleted: Django would delete its rows, but leave counts and lists as they were."""
    api.forget_learner(instance.pk)


def copy_to_rerun(sender: Any = None, course: Any = None, **kwargs: Any) -> None:
    """A course was re-run: it gets copies of the groups by criteria. An error is logged; the re-run has succeeded."""
    if course is None or not settings.get("COPY_ON_RERUN"):
        return
    try:
        source = import_string(settings.get("RERUN_SOURCE"))(course.course_key)
        if source is None:
            log.warning("Nothing says which course %s is a re-run of. Run copy_user_groups.", course.course_key)
            return
        api.copy_user_groups_to_rerun(Scope.course(source), Scope.course(course.course_key))
    except Exception:
        log.exception("The user groups could not be copied to %s. Run copy_user_groups.", course.course_key)


def source_of_rerun(course_key: CourseKey) -> CourseKey | None:
    """Which course this one is a re-run of, from the platform's record of re-runs; the event itself does not say."""
    try:
        states: Any = apps.get_app_config("course_action_state").get_model("CourseRerunState")
    except LookupError:
        return None
    found = states.objects.filter(course_key=course_key).order_by("-pk").values_list("source_course_key", flat=True)
    source: CourseKey | None = found.first()
    return source
