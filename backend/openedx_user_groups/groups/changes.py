"""What changes a learner's answer: the platform's signals, and whom each of them is about.

A criterion type declares the signals after which its answer for a learner may be another one; the universe of a scope
has some of its own, declared here. Receivers are connected to them by ``refresh.intake``, never by a type.

A signal is named by its dotted path, because Studio and the sandbox lack some of the platform's modules: what is not
there is not connected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openedx_user_groups.data import Scope

_EVENTS = "openedx_events.learning.signals"


@dataclass(frozen=True)
class Touched:
    """A learner whose answers may have changed: in one scope, or with ``None`` in whichever scope they are in."""

    user_id: int
    scope: Scope | None = None

    def checked(self) -> Touched:
        """The same. Raises ``TypeError`` where it names nobody: marks of others must not fail with it."""
        if not isinstance(self.user_id, int):
            raise TypeError(f"{self.user_id!r} is no key of an account.")
        return self


#: What a signal was sent with: its keyword arguments.
Event = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A signal after which an answer may be another one.

    Args:
        signal: its dotted path.
        touched: from what it was sent with, whom it is about; ``None`` where it does not matter. It runs inside a
            learner's request: keep it cheap.
        sender: for the signals of Django's models, which model (``app_label.Model``).
    """

    signal: str
    touched: Callable[[Event], Touched | None]
    sender: str = ""


def in_course(user_id: int | None, course_key: Any) -> Touched | None:
    """A learner in one course. ``None`` for what is no course (a library), or for nobody."""
    if user_id is None:
        return None
    try:
        return Touched(user_id, Scope.course(course_key))
    except ValueError:
        return None


def openedx_event(name: str, touched: Callable[[Event], Touched | None]) -> Change:
    """A change that the event ``name`` of openedx-events tells."""
    return Change(f"{_EVENTS}.{name}", touched)


def row_changes(model: str, touched: Callable[[Any], Touched | None]) -> tuple[Change, ...]:
    """The changes that Django tells when a row of ``model`` (``app_label.Model``) is saved or deleted, for models about
    which the platform sends nothing of its own. ``touched`` is given the row."""
    return tuple(
        Change(f"django.db.models.signals.{signal}", lambda event: touched(event["instance"]), model)
        for signal in ("post_save", "post_delete")
    )


def account_change(table: str, *fields: str) -> Change:
    """A change of one of ``fields`` of an account's row in ``table``, or of any, as the platform tells it.

    It tells a new row without naming fields.
    """

    def touched(event: Event) -> Touched | None:
        changed = event["changed_fields"]
        if event["table"] != table or (fields and changed and not any(field in changed for field in fields)):
            return None
        return Touched(event["user"].pk)

    return Change("common.djangoapps.util.model_utils.USER_FIELDS_CHANGED", touched)


def _enrolled(event: Event) -> Touched:
    # Every scope: the course, its organizations, and rules elsewhere about enrollments.
    return Touched(event["enrollment"].user.id)


#: Whoever joins or leaves a course. Each is told twice; both are one mark.
ENROLLMENT_CHANGES: tuple[Change, ...] = tuple(
    openedx_event(name, _enrolled)
    for name in ("COURSE_ENROLLMENT_CREATED", "COURSE_ENROLLMENT_CHANGED", "COURSE_UNENROLLMENT_COMPLETED")
)

#: What changes who is a learner of a scope at all: enrollments; accounts that are made, closed, opened or retired.
UNIVERSE_CHANGES: tuple[Change, ...] = (
    *ENROLLMENT_CHANGES,
    openedx_event("STUDENT_REGISTRATION_COMPLETED", lambda event: Touched(event["user"].id)),
    account_change("auth_user", "is_active", "username"),
)
