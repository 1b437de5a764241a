"""Previews with limits: a place to work, a time budget, and what follows when the budget is used up.

Within the budget the answer is exact. Past it a worker takes over and the client asks after it; without a worker the
answer says so. Either way an estimate from a random sample tells meanwhile about how many match. What is previewed, and
how, is the business of ``previews``: nothing here knows what a rule is.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from openedx_user_groups import settings
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import Estimate, Preview, PreviewAnswer, PreviewOptions, PreviewState, Scope
from openedx_user_groups.evaluation.budget import connection_id, is_connected, within
from openedx_user_groups.evaluation.estimates import estimate
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.models import PreviewJob
from openedx_user_groups.evaluation.preview_entrance import step_in
from openedx_user_groups.evaluation.preview_places import GRACE, cancel, clean_up, drop, leave_place, take_place
from openedx_user_groups.exceptions import (
    BudgetExceeded,
    NotFound,
    PreviewCancelled,
    PreviewLost,
    Unevaluable,
    UserGroupsError,
)
from openedx_user_groups.groups.clock import instant_asked_for
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.workers import has_workers, send_task
from openedx_user_groups.refresh.dispatch import RUN_PREVIEW

from . import preview_tokens
from .descriptions import get_user_group
from .preview_results import from_json, to_json
from .previews import asked_at, evaluated

log = logging.getLogger(__name__)

#: Seconds that a cancellation waits until what it has stopped is over.
_PATIENCE = 2.0
_cleaned_at = float("-inf")


def run_preview(
    scope: Scope,
    rule: Any,
    *,
    options: PreviewOptions,
    acting_user: Any,
    user_group: UserGroup | None = None,
    editor: str = "",
    token: bool = False,
) -> PreviewAnswer:
    """A preview within the limits of the site.

    Args:
        editor: which of the person's editors asks; a newer preview of the same one cancels the older.
        token: whether the learners are to be kept, so that exactly they can be saved.

    Call it outside a transaction: others have to see that a preview is at work. Raises what ``preview`` raises,
    ``TooManyPreviews`` and, for a preview that a newer one has cancelled, ``PreviewCancelled``.
    """
    _clean_up_now_and_then()
    job, keep = take_place(acting_user.pk, scope, editor), False
    try:
        job.as_of = instant_asked_for(options.as_of)  # Once: whoever goes on with it later keeps to that.
        try:
            with within(settings.get("PREVIEW_BUDGET_SECONDS")):
                found, changes = _computed(job, rule, user_group, options, token)
        except BudgetExceeded:
            answer, keep = _over_budget(job, rule, user_group, options, token)
            return answer
        if changes:
            clean_up()
            keep = leave_place(job, state=PreviewState.SUCCEEDED, **changes)
        return PreviewAnswer(PreviewState.SUCCEEDED, found.as_of, options, preview=found, token=changes.get("token"))
    finally:
        if not keep:
            drop(job)


def get_preview_job(uuid: UUID, *, acting_user: Any) -> PreviewJob:
    """A preview that a worker has taken over. Only who asked for it may know of it. Raises ``NotFound``."""
    jobs = PreviewJob.objects.filter(uuid=uuid, user_id=acting_user.pk, request__isnull=False).defer("ids")
    job = jobs.first()
    if job is None:
        raise NotFound(_("There is no such preview, or its result is no longer kept."))
    return job


def preview_answer(job: PreviewJob) -> PreviewAnswer:
    """How far a preview is, or its result. Asking keeps it alive.

    Raises ``PreviewCancelled``, ``PreviewLost`` and what the evaluation has raised.
    """
    if job.state == PreviewState.CANCELLED:
        raise PreviewCancelled()
    if job.error:
        raise Unevaluable(job.error["code"], job.error["message"], job.error["pointer"], **job.error["params"])
    if job.result is not None:
        found = from_json(Preview, job.result)
        return PreviewAnswer(PreviewState.SUCCEEDED, found.as_of, _options(job), job.uuid, found, job.token or None)
    now = timezone.now()
    if now > job.deadline + timedelta(seconds=GRACE) or _has_died(job):
        raise PreviewLost()
    unfinished = PreviewJob.objects.filter(pk=job.pk, result__isnull=True)
    unfinished.update(expires_at=now + _seconds("PREVIEW_ABANDONED_SECONDS"))
    return _under_way(job, now)


def cancel_preview(job: PreviewJob) -> None:
    """Stop a preview wherever it runs, within two seconds; or forget the result of one that is finished."""
    if job.result is not None or job.error:
        drop(job)
    else:
        cancel(job.pk, patience=_PATIENCE)


def run_job(pk: int) -> None:
    """Compute a preview in a worker. Safe to call twice: only the first call finds it waiting."""
    own, now = connection_id(), timezone.now()
    claimed = PreviewJob.objects.filter(pk=pk, state=PreviewState.QUEUED).update(
        state=PreviewState.RUNNING, started_at=now, connection_id=own
    )
    if not claimed:
        return
    job = PreviewJob.objects.get(pk=pk)
    with override(job.language):
        try:
            with within((job.deadline - now).total_seconds()):
                changes = _result(job)
        except UserGroupsError as error:
            changes = _failed(error.code, error.message, getattr(error, "pointer", "/rule"), error.params)
        except Exception:
            log.exception("Preview %s failed.", job.uuid)
            changes = _failed("internal_error", _("An unexpected error occurred. Please try again later."))
    leave_place(job, **changes)


def _computed(
    job: PreviewJob, rule: Any, group: UserGroup | None, options: PreviewOptions, token: bool
) -> tuple[Preview, dict[str, Any]]:
    """The preview and, where a token is wanted, what keeps its learners.

    In an exclusive collection there is none: who is in the group depends on the groups beside it.
    """
    token = token and (group is None or group.exclusive_collection_id is None)
    assert job.as_of is not None
    evaluation, found = evaluated(job.scope, rule, options, job.as_of, user_group=group, keep_ids=token)
    return found, preview_tokens.issue(job, evaluation) if token else {}


def _over_budget(
    job: PreviewJob, rule: Any, group: UserGroup | None, options: PreviewOptions, token: bool
) -> tuple[PreviewAnswer, bool]:
    """An estimate, and a worker where there is one. With whether the row is still needed."""
    assert job.as_of is not None
    as_of, asked = job.as_of, asked_at(options)
    about = estimate(lambda: Evaluation(_tree(job.scope, rule, group), job.scope, as_of, asked_at=asked))
    request = {"rule": rule, "user_group": group.uuid if group else None, "options": to_json(options), "token": token}
    if has_workers() and _handed_over(job, request, as_of, about):
        return _under_way(job, timezone.now()), True
    return PreviewAnswer(PreviewState.OVER_BUDGET, as_of, options, estimate=about), False


def _handed_over(job: PreviewJob, request: dict[str, Any], as_of: datetime, about: Estimate | None) -> bool:
    now = timezone.now()
    changes = {
        "state": PreviewState.QUEUED,
        "request": request,
        "as_of": as_of,
        "estimate": to_json(about),
        "language": get_language() or "",
        "created": now,
        "started_at": None,
        "connection_id": None,
        "deadline": now + _seconds("PREVIEW_JOB_SECONDS"),
        "expires_at": now + _seconds("PREVIEW_ABANDONED_SECONDS"),
    }
    step_in()  # The place is the worker's from here on.
    if not PreviewJob.objects.filter(pk=job.pk, state=PreviewState.WAITED_FOR).update(**changes):
        raise PreviewCancelled()
    for name, value in changes.items():
        setattr(job, name, value)
    try:
        send_task(RUN_PREVIEW, job.pk)
    except Exception:  # Whatever the broker's client raises when nothing answers.
        log.exception("Preview %s could not be handed to a worker.", job.uuid)
        return False
    return True


def _under_way(job: PreviewJob, now: datetime) -> PreviewAnswer:
    assert job.as_of is not None
    return PreviewAnswer(
        PreviewState(job.state),
        job.as_of,
        _options(job),
        job.uuid,
        estimate=from_json(Estimate, job.estimate),
        elapsed_ms=_milliseconds(now - job.created),
        limit_ms=_milliseconds(job.deadline - job.created),
    )


def _result(job: PreviewJob) -> dict[str, Any]:
    request: dict[str, Any] = job.request or {}
    group = get_user_group(UUID(request["user_group"])) if request["user_group"] else None
    found, kept = _computed(job, request["rule"], group, _options(job), request["token"])
    expires_at = timezone.now() + _seconds("PREVIEW_RESULT_SECONDS")
    return {"state": PreviewState.SUCCEEDED, "result": to_json(found), "expires_at": expires_at, **kept}


def _failed(code: str, message: Any, pointer: str = "/rule", params: Any = None) -> dict[str, Any]:
    error = {"code": code, "message": str(message), "pointer": pointer, "params": to_json(params or {})}
    expires_at = timezone.now() + _seconds("PREVIEW_RESULT_SECONDS")
    return {"state": PreviewState.FAILED, "error": error, "expires_at": expires_at}


def _has_died(job: PreviewJob) -> bool:
    """Whether a worker began with the preview and is gone: its connection is, and it has left no word."""
    if job.connection_id is None or is_connected(job.connection_id, job.started_at or job.created):
        return False
    return PreviewJob.objects.filter(pk=job.pk, connection_id=job.connection_id).exists()


def _options(job: PreviewJob) -> PreviewOptions:
    options: PreviewOptions = from_json(PreviewOptions, (job.request or {})["options"])
    return options


def _tree(scope: Scope, rule: Any, group: UserGroup | None) -> Node:
    return parse_rule(rule, scope, load_rule(group) if group else None)


def _seconds(setting: str) -> timedelta:
    return timedelta(seconds=settings.get(setting))


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)


def _clean_up_now_and_then() -> None:
    """What workers do for clients that have gone away is stopped, without asking the table at each preview."""
    global _cleaned_at
    if has_workers() and time.monotonic() - _cleaned_at > settings.get("PREVIEW_ABANDONED_SECONDS") / 2:
        _cleaned_at = time.monotonic()
        clean_up()
