"""One refresh, from request to result. The same function runs it in a worker and inline."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from openedx_user_groups.criteria.storage import LASTING_PROBLEMS, load_rule
from openedx_user_groups.data import GroupState, RefreshState, RefreshTrigger
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.exceptions import NotRefreshable, Unevaluable, WrongMembershipSource
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import Cause, replace_members
from openedx_user_groups.sets import IdSet

from .dispatch import has_workers, send
from .models import Refresh

log = logging.getLogger(__name__)


def request_refresh(group: UserGroup, trigger: RefreshTrigger, requested_by: Any = None) -> Refresh:
    """Record a run of ``group`` and have it carried out: in a worker where there is a broker, at once otherwise.

    Raises ``WrongMembershipSource`` for a manual group and ``NotRefreshable`` for one that is disabled, frozen or
    archived.
    """
    if group.is_manual:
        raise WrongMembershipSource(
            _("The members of this user group are listed by hand; there is no rule to refresh.")
        )
    if not group.live or not group.is_enabled or group.is_frozen:
        raise NotRefreshable()
    refresh = Refresh(
        user_group=group,
        trigger=trigger,
        requested_by=requested_by,
        requested_at=timezone.now(),
        rule_version=group.rule_version,
    )
    if has_workers():
        refresh.save()
        send(refresh)
    else:  # Recorded as running: there is nobody else who could take it.
        refresh.state, refresh.started_at = RefreshState.RUNNING, refresh.requested_at
        refresh.save()
        _carry_out(refresh)
    return refresh


def run(refresh_id: int) -> None:
    """Carry out a queued run. Safe to call twice: only the first call finds it queued."""
    claimed = Refresh.objects.filter(pk=refresh_id, state=RefreshState.QUEUED).update(
        state=RefreshState.RUNNING, started_at=timezone.now()
    )
    if claimed:
        _carry_out(Refresh.objects.select_related("user_group").get(pk=refresh_id))


def _carry_out(refresh: Refresh) -> None:
    """Evaluate and write, in a worker and inline alike; whatever goes wrong is recorded on the run."""
    log.info("Refresh %s of user group %s starts (%s).", refresh.uuid, refresh.user_group.uuid, refresh.trigger)
    UserGroup.objects.filter(pk=refresh.user_group_id, is_enabled=True, is_frozen=False).update(
        state=GroupState.REFRESHING, state_since=refresh.started_at
    )
    try:
        _evaluate_and_write(refresh)
    except Unevaluable as error:
        _fail(refresh, error.code, str(error.message))
    except Exception:
        log.exception("Refresh %s of user group %s failed.", refresh.uuid, refresh.user_group.uuid)
        _fail(refresh, "internal_error", _("An unexpected error stopped this refresh. The log of the site names it."))


def record_manual_run(
    group: UserGroup, trigger: RefreshTrigger, requested_by: Any, added: int, removed: int
) -> Refresh:
    """Record that somebody changed the members of a manual group, so that its history names who and how many.

    The caller writes the change in the same transaction.
    """
    now = timezone.now()
    return Refresh.objects.create(
        user_group=group,
        trigger=trigger,
        requested_by=requested_by,
        state=RefreshState.SUCCEEDED,
        requested_at=now,
        started_at=now,
        finished_at=now,
        as_of=now,
        rule_version=group.rule_version,
        added_count=added,
        removed_count=removed,
        member_count=group.member_count + added - removed,
    )


def _evaluate_and_write(refresh: Refresh) -> None:
    group, as_of = refresh.user_group, evaluation_instant()
    rule = load_rule(group)
    if rule is None:
        raise Unevaluable("no_rule", _("This user group has no rule yet."))
    evaluation = Evaluation(rule, group.scope, as_of)
    wanted = evaluation.ids()
    refresh.as_of, refresh.plan = as_of, evaluation.plan.value
    with transaction.atomic():
        group = refresh.user_group = UserGroup.objects.select_for_update().get(pk=group.pk)
        if group.rule_version != refresh.rule_version or not group.live or group.is_frozen or not group.is_enabled:
            _finish(refresh, RefreshState.CANCELLED)  # A newer rule has a run of its own.
            return
        _write(refresh, group, wanted)


def _write(refresh: Refresh, group: UserGroup, wanted: IdSet) -> None:
    cause = Cause(RefreshTrigger(refresh.trigger), timezone.now(), refresh.pk)
    delta = replace_members(group, wanted, cause)
    group.members_as_of = refresh.as_of
    set_state(group, GroupState.FRESH)
    group.save()
    refresh.added_count, refresh.removed_count = len(delta.added), len(delta.removed)
    refresh.member_count = group.member_count
    _finish(refresh, RefreshState.SUCCEEDED)
    log.info(
        "Refresh %s of user group %s: %s added, %s removed.",
        refresh.uuid, group.uuid, refresh.added_count, refresh.removed_count,
    )  # fmt: skip


def _fail(refresh: Refresh, code: str, message: str) -> None:
    """Keep the last good members; say why on the run and on the group."""
    refresh.error_code, refresh.error_message = code, message
    with transaction.atomic():
        group = refresh.user_group = UserGroup.objects.select_for_update().get(pk=refresh.user_group_id)
        if group.rule_version == refresh.rule_version:
            set_state(group, GroupState.UNEVALUABLE if code in LASTING_PROBLEMS else GroupState.STALE, code, message)
            group.save()
        _finish(refresh, RefreshState.FAILED)


def _finish(refresh: Refresh, state: RefreshState) -> None:
    refresh.state, refresh.finished_at = state, timezone.now()
    refresh.save()


def set_state(group: UserGroup, state: GroupState, code: str = "", message: str = "") -> None:
    """Set the state and its reason; the time stays while the state does. The caller saves."""
    if group.state != state:
        group.state_since = timezone.now()
    group.state, group.state_code, group.state_message = state, code, message
