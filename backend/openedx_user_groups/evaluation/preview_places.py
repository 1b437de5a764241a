"""How many previews are at work at a time: each holds a place of its user, of its scope and of its editor.

A place is a value of a unique column, so that the database itself keeps the bounds, whatever number of processes ask:
the usual preview pays one insert and one delete. What a process that died has left behind expires.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from openedx_user_groups import settings
from openedx_user_groups.data import PreviewState, Scope
from openedx_user_groups.evaluation.budget import connection_id, stop_statement
from openedx_user_groups.evaluation.models import PreviewJob
from openedx_user_groups.exceptions import TooManyPreviews

from .preview_entrance import RETRY_AFTER, step_in, step_out

#: The states of a preview that holds places, unless it is being cancelled.
AT_WORK = (PreviewState.WAITED_FOR, PreviewState.QUEUED, PreviewState.RUNNING)
#: How long after the end of its time the row of a preview that nobody has finished is believed, in seconds.
GRACE = 15
#: Seconds between two attempts.
_PAUSE = 0.1
_NO_PLACES: dict[str, Any] = {"user_slot": None, "scope_slot": None, "editor_slot": None, "connection_id": None}
_ATTEMPTS = 5
#: Two that start at once have met, which passes by itself. MySQL and MariaDB: lock wait timeout, deadlock; PostgreSQL:
#: lock not available, deadlock, serialization failure.
_MET = {1205, 1213, "55P03", "40P01", "40001"}


def take_place(user_id: int, scope: Scope, editor: str) -> PreviewJob:
    """A row for a preview that starts now, on this connection. An older one of the same editor is cancelled.

    Waits a moment for a place, without holding a connection. Raises ``TooManyPreviews``.
    """
    deadline = time.monotonic() + settings.get("PREVIEW_WAIT_SECONDS")
    job = _new(user_id, scope)
    users = [f"{user_id}:{number}" for number in range(settings.get("MAX_PREVIEWS_PER_USER"))]
    scopes = [f"{_digest(scope)}:{number}" for number in range(settings.get("MAX_PREVIEWS_PER_SCOPE"))]
    job.editor_slot = _digest(user_id, scope, editor)
    if not _placed(job, users, scopes):
        # The first time without a pause: what need not be taken has been made free by looking.
        while not _placed(job, *_free_places(job, users, scopes)):
            _wait_until(deadline)
    step_out()
    return job


def leave_place(job: PreviewJob, **changes: Any) -> bool:
    """Give the places up and write ``changes``; ``False`` where the preview was cancelled, and nothing is written.

    From then on no statement of this connection is stopped any more.
    """

    step_in()

    def leave() -> bool:
        own = PreviewJob.objects.filter(pk=job.pk)
        if own.filter(state__in=AT_WORK).update(**changes, **_NO_PLACES):
            return True
        own.update(**_NO_PLACES)
        return False

    return bool(_undisturbed(leave))


def drop(job: PreviewJob) -> None:
    """Forget a preview that is over."""
    step_in()
    _undisturbed(lambda: PreviewJob.objects.filter(pk=job.pk).delete())


def cancel(pk: int, *, patience: float = 0) -> None:
    """Cancel a preview that is at work, wherever it runs: its statement is stopped in the database.

    Who runs it may be between two statements, so the next one is stopped too, for ``patience`` seconds or until it has
    left its place. The row is held meanwhile: its connection cannot turn to anything else before it is stopped.
    """
    deadline = time.monotonic() + patience
    while _stopped(pk) and time.monotonic() < deadline:
        _pause()


def clean_up() -> int:
    """Cancel previews that nobody asks after any more, and forget results and tokens that have expired.

    Called where previews start, and by the upkeep. Returns how many were forgotten.
    """
    now = timezone.now()
    # Read first and delete by key: a condition would lock rows that others are at.
    expired = PreviewJob.objects.filter(expires_at__lt=now).values_list("pk", "connection_id", "deadline")
    over = []
    for pk, at_work, deadline in list(expired):
        # Long past its deadline a preview cannot be at work: the database has stopped it. Its process has died.
        if at_work is None or deadline < now - timedelta(seconds=GRACE):
            over.append(pk)
        else:
            cancel(pk)
    if over:
        _undisturbed(lambda: PreviewJob.objects.filter(pk__in=over, expires_at__lt=now).delete())
    return len(over)


def _new(user_id: int, scope: Scope) -> PreviewJob:
    now = timezone.now()
    at_most = settings.get("PREVIEW_BUDGET_SECONDS") + settings.get("PREVIEW_ESTIMATE_SECONDS")
    deadline = now + timedelta(seconds=settings.get("PREVIEW_WAIT_SECONDS") + at_most)
    return PreviewJob(
        user_id=user_id,
        scope_type=scope.type,
        scope_key=scope.key,
        state=PreviewState.WAITED_FOR,
        created=now,
        deadline=deadline,
        expires_at=deadline + timedelta(seconds=GRACE),
    )


def _placed(job: PreviewJob, users: Sequence[str], scopes: Sequence[str]) -> bool:
    """Whether the row could be written with one of these places of the user's and one of the scope's."""
    if not users or not scopes:
        return False
    job.user_slot, job.scope_slot = random.choice(users), random.choice(scopes)
    return _inserted(job)


def _inserted(job: PreviewJob) -> bool:
    job.connection_id, job.started_at = connection_id(), timezone.now()
    try:
        with _savepoint():
            job.save(force_insert=True)
    except IntegrityError:  # Taken.
        return False
    except OperationalError as error:
        if not _have_met(error):
            raise
        return False
    return True


def _have_met(error: OperationalError) -> bool:
    """Whether an insert failed only because another one was there at the same time. Anything else lasts."""
    if connection.vendor == "sqlite":
        return "locked" in str(error)
    code = getattr(error.__cause__, "sqlstate", None) or next(iter(error.args), None)
    return code in _MET


def _wait_until(deadline: float) -> None:
    """A moment's pause before the next attempt. Raises ``TooManyPreviews`` where there is no time for one."""
    if time.monotonic() >= deadline:
        raise TooManyPreviews(RETRY_AFTER)
    _pause()


def _free_places(job: PreviewJob, users: list[str], scopes: list[str]) -> tuple[list[str], list[str]]:
    """Those of the places that nobody holds, after those that need not be held have been made free."""
    clean_up()
    taken = set(_taken(job, users, scopes))
    return [place for place in users if place not in taken], [place for place in scopes if place not in taken]


def _taken(job: PreviewJob, users: list[str], scopes: list[str]) -> Iterator[str | None]:
    rivals = PreviewJob.objects.filter(
        Q(user_slot__in=users) | Q(scope_slot__in=scopes) | Q(editor_slot=job.editor_slot)
    )
    for pk, user_place, scope_place, editor in list(rivals.values_list("pk", "user_slot", "scope_slot", "editor_slot")):
        if editor != job.editor_slot or _stopped(pk):
            yield from (user_place, scope_place)


def _stopped(pk: int) -> bool:
    """Stop what a preview is doing; whether it still holds its place."""
    with transaction.atomic():
        job = PreviewJob.objects.select_for_update().filter(pk=pk, user_slot__isnull=False).first()
        if job is None:
            return False
        job.state, job.editor_slot = PreviewState.CANCELLED, None
        if _is_gone(job):  # Nobody has begun with it, or who had has died.
            job.user_slot = job.scope_slot = job.connection_id = None
        job.save(update_fields=["state", "user_slot", "scope_slot", "editor_slot", "connection_id"])
        return job.user_slot is not None


def _is_gone(job: PreviewJob) -> bool:
    """Stop what a preview is doing; whether nobody is there who could still do anything for it."""
    if job.connection_id is None:
        return True
    if job.connection_id == connection_id():
        return False
    return not stop_statement(job.connection_id, job.started_at or job.created)


def _undisturbed(action: Any) -> Any:
    """Carry out a write although somebody may be about to stop the statements of this connection."""
    for _attempt in range(_ATTEMPTS - 1):
        try:
            with _savepoint():
                return action()
        except DatabaseError:
            time.sleep(_PAUSE / 10)
    with _savepoint():
        return action()


def _pause() -> None:
    """Wait a moment, without holding a connection."""
    if not connection.in_atomic_block:
        connection.close()
    step_out()
    time.sleep(_PAUSE * random.uniform(0.5, 1))
    step_in()


def _savepoint() -> AbstractContextManager[Any]:
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _digest(*parts: Any) -> str:
    return blake2b(" ".join(map(str, parts)).encode(), digest_size=16).hexdigest()
