"""One refresh, from request to result. The same function runs it in a worker and inline."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from openedx_user_groups.criteria.storage import LASTING_PROBLEMS
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import GroupState, RefreshState, RefreshTrigger, Scope
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import answer_rules
from openedx_user_groups.exceptions import DatabaseBusy, NotRefreshable, Unevaluable, WrongMembershipSource
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.workers import has_workers
from openedx_user_groups.membership.changes import Cause, Delta, apply_delta, difference
from openedx_user_groups.membership.examples import forget_retired, missed, pinned_learners
from openedx_user_groups.monitoring import context
from openedx_user_groups.outgoing import outbox
from openedx_user_groups.sets import IdSet

from . import brake, companions, leases, marks, schedule
from .companions import Companion
from .dispatch import send, send_next
from .models import Refresh, Slot, finished_run
from .retries import is_transient, with_retries
from .rules import rules_of
from .states import RESULT_FIELDS, set_state

log = logging.getLogger(__name__)

#: A run was given up after it had died too often.
ABANDONED = "abandoned"
#: An instant that was chosen so long ago is not used any more: marks of what happened since may be gone.
_OLDEST_INSTANT = timedelta(minutes=30)


class _Overtaken(Exception):
    """What has been evaluated is older than what the group, or another one of its collection, has."""


@dataclass(frozen=True)
class _Answer:
    """Who should be in the group, as of when, and since when changes of data may have been missed."""

    evaluation: Evaluation
    wanted: IdSet
    since: datetime
    next_refresh_at: datetime
    companions: list[Companion]


def request_refresh(
    group: UserGroup, trigger: RefreshTrigger, requested_by: Any = None, *, confirms: Refresh | None = None
) -> Refresh:
    """Have a run of ``group`` carried out: in a worker where there is a broker, at once otherwise.

    Returns the run that answers the request: a new one, or the one that waits already. ``confirms`` is the held run
    whose difference may be written.

    Raises ``WrongMembershipSource`` for a manual group and ``NotRefreshable`` for one that is disabled, frozen or
    archived; ``DatabaseBusy`` where the database lets nothing be done.
    """
    if group.is_manual:
        raise WrongMembershipSource(
            _("The members of this user group are listed by hand; there is no rule to refresh.")
        )
    if not group.is_in_use:
        raise NotRefreshable()
    try:
        if not has_workers():
            return with_retries(lambda: _refresh_inline(group, trigger, requested_by, confirms))
        refresh, _is_new = with_retries(
            lambda: leases.open_run(group, Slot.QUEUED, trigger=trigger, requested_by=requested_by, confirms=confirms)
        )
    except Exception as error:
        if is_transient(error):
            raise DatabaseBusy() from error
        raise
    send(refresh)
    return refresh


def run(refresh_id: int) -> Refresh | None:
    """Carry out a queued run. Safe to call twice: only the first call finds it queued, and gets it back."""
    refresh = with_retries(lambda: leases.claim(refresh_id))
    if refresh is None:
        return None
    with_retries(lambda: _mark_refreshing(refresh))
    _carry_out(refresh)
    send_next(refresh.user_group_id)
    return refresh


def give_up(refresh: Refresh) -> None:
    """Record that a run died too often. Raises ``LeaseLost`` where it is over, or somebody has it."""
    _fail(
        refresh, ABANDONED, _("This refresh stopped without a word, several times. The log of the workers may say why.")
    )


def record_evaluated(
    group: UserGroup, trigger: RefreshTrigger, requested_by: Any, *, members: IdSet, as_of: datetime, plan: str
) -> Refresh:
    """A run of ``group`` whose evaluation is already done: ``members`` become its members, at once; in an exclusive
    collection, without those whom a group before it has.

    The caller holds the scope and the group's row in an open transaction. Whatever else ran for the group is cancelled.
    """
    leases.cancel_runs(group)
    refresh, _is_new = leases.open_run(group, Slot.RUNNING, trigger=trigger, requested_by=requested_by)
    refresh.as_of, refresh.plan = as_of, plan
    members, moves = companions.share(refresh, group, members, companions.evaluate(group, as_of, somebody_waits=True))
    companions.leave(moves)
    # A held group has no next time: it waited for a person, who has come.
    _succeed(refresh, group, difference(group, members), members, group.next_refresh_at or timezone.now())
    companions.join(moves)
    return refresh


def record_manual_run(
    group: UserGroup, trigger: RefreshTrigger, requested_by: Any, added: int, removed: int
) -> Refresh:
    """Record that somebody changed the members of a manual group, so that its history names who and how many.

    The caller writes the change in the same transaction.
    """
    refresh = finished_run(
        group,
        trigger,
        timezone.now(),
        requested_by=requested_by,
        added_count=added,
        removed_count=removed,
        member_count=group.member_count + added - removed,
    )
    refresh.save()
    return refresh


def _refresh_inline(group: UserGroup, trigger: RefreshTrigger, requested_by: Any, confirms: Refresh | None) -> Refresh:
    """The whole run as one transaction that holds the scope from the beginning: nobody can come between."""
    with transaction.atomic(savepoint=False):
        lock_scope(group.scope)
        options = {"trigger": trigger, "requested_by": requested_by, "confirms": confirms}
        refresh, is_ours = leases.open_run(group, Slot.RUNNING, **options)
        if is_ours:
            _carry_out(refresh, scope_is_locked=True)
            return refresh
        # A worker has one, or had: this one waits for the upkeep.
        return leases.open_run(group, Slot.QUEUED, **options)[0]


def _mark_refreshing(refresh: Refresh) -> None:
    """Show that the group is being refreshed. One that is held stays so until the run is over."""
    groups = UserGroup.objects.live().filter(pk=refresh.user_group_id, is_enabled=True, is_frozen=False)
    groups.exclude(state=GroupState.HELD).update(state=GroupState.REFRESHING)


def _carry_out(refresh: Refresh, *, scope_is_locked: bool = False) -> None:
    """Evaluate and write, in a worker and inline alike; whatever goes wrong is recorded on the run."""
    log.info(
        "Refresh %s of user group %s starts (%s).", refresh.uuid, refresh.user_group.uuid, refresh.trigger,
        extra=context(group=refresh.user_group, refresh=refresh),
    )  # fmt: skip
    try:
        while not _evaluated_and_written(refresh, scope_is_locked):
            log.info(
                "Another run has answered for user group %s meanwhile: once more.", refresh.user_group.uuid,
                extra=context(group=refresh.user_group, refresh=refresh),
            )  # fmt: skip
    except leases.LeaseLost:
        log.info(
            "Refresh %s of user group %s was cancelled or taken over.", refresh.uuid, refresh.user_group.uuid,
            extra=context(group=refresh.user_group, refresh=refresh),
        )  # fmt: skip
    except Exception as error:
        if connection.in_atomic_block and is_transient(error):
            raise  # The transaction around is lost with all that it wrote.
        _record_failure(refresh, error)


def _evaluated_and_written(refresh: Refresh, scope_is_locked: bool) -> bool:
    """One attempt. ``False``: another run has answered for the group, or for another one of its collection, meanwhile,
    and this answer is the older one."""
    answer = with_retries(lambda: _evaluate(refresh, somebody_waits=scope_is_locked))
    if not scope_is_locked:
        leases.renew(refresh)
    try:
        with_retries(lambda: _write(refresh, answer, scope_is_locked))
    except _Overtaken:
        return False
    return True


def _record_failure(refresh: Refresh, error: Exception) -> None:
    about = context(group=refresh.user_group, refresh=refresh)
    if is_transient(error):
        log.warning(
            "Refresh %s of user group %s gives up.", refresh.uuid, refresh.user_group.uuid, exc_info=error, extra=about
        )
        code, message = DatabaseBusy.code, str(DatabaseBusy.message)
    elif isinstance(error, Unevaluable):
        code, message = error.code, str(error.message)
    else:
        log.error(
            "Refresh %s of user group %s failed.", refresh.uuid, refresh.user_group.uuid, exc_info=error, extra=about
        )
        code, message = "internal_error", _("An unexpected error stopped this refresh. The log of the site names it.")
    try:
        with_retries(lambda: _fail(refresh, code, message))
    except leases.LeaseLost:
        log.info(
            "Refresh %s of user group %s was cancelled or taken over.", refresh.uuid, refresh.user_group.uuid,
            extra=about,
        )  # fmt: skip


def _evaluate(refresh: Refresh, *, somebody_waits: bool) -> _Answer:
    group, since = refresh.user_group, timezone.now()
    as_of = _instant_of(refresh)
    if as_of == refresh.as_of:  # What happened while the run waited is later than its instant, too.
        since = min(since, refresh.requested_at)
    rule = rules_of([group]).get(group.pk)
    if rule is None:
        raise Unevaluable("no_rule", _("This user group has no rule yet."))
    evaluation = Evaluation(rule, group.scope, as_of)
    wanted = evaluation.ids()
    # While somebody waits, the instant is that of asking.
    age = timedelta() if somebody_waits else schedule.age_of(as_of)
    next_refresh_at = schedule.next_refresh(group, rule, as_of, timezone.now(), age=age, somebody_waits=somebody_waits)
    others = companions.evaluate(group, as_of, age=age, somebody_waits=somebody_waits)
    return _Answer(evaluation, wanted, since, next_refresh_at, others)


def _instant_of(refresh: Refresh) -> datetime:
    """The instant that was chosen when the run was queued, unless time has gone on without it."""
    chosen, members_as_of = refresh.as_of, refresh.user_group.members_as_of
    is_late = timezone.now() - refresh.requested_at > _OLDEST_INSTANT
    if chosen is None or is_late or refresh.attempts > 1 or (members_as_of is not None and members_as_of > chosen):
        return evaluation_instant()
    return chosen


def _write(refresh: Refresh, answer: _Answer, scope_is_locked: bool) -> None:
    """The result, in one transaction: members, history, counts, and the run as the last."""
    with transaction.atomic():
        group = before = refresh.user_group
        if not scope_is_locked:
            lock_scope(group.scope)
            answer = _with_latest_answers(answer, group.scope)
            group = refresh.user_group = UserGroup.objects.select_for_update().get(pk=group.pk)
        if group.rule_version != refresh.rule_version or not group.is_in_use:
            leases.close(refresh, RefreshState.CANCELLED)  # A newer rule has a run of its own.
            return
        if companions.was_answered_for(before, group) or (
            not scope_is_locked and companions.any_was_answered_for(answer.companions)
        ):
            raise _Overtaken
        refresh.as_of, refresh.plan = answer.evaluation.context.as_of, answer.evaluation.plan.value
        wanted, moves = companions.share(refresh, group, answer.wanted, answer.companions)
        delta = difference(group, wanted)
        if brake.stops_run(refresh, group, delta):
            brake.hold(refresh, group, delta)
        else:
            companions.leave(moves)
            _succeed(refresh, group, delta, wanted, answer.next_refresh_at)
            companions.join(moves)
    log.info(
        "Refresh %s of user group %s %s: %s to add, %s to remove.",
        refresh.uuid, group.uuid, refresh.state, len(delta.added), len(delta.removed),
        extra=context(group=group, refresh=refresh),
    )  # fmt: skip


def _with_latest_answers(answer: _Answer, scope: Scope) -> _Answer:
    """Who should be in the group, asked again for the learners whose data changed while the rule was evaluated.

    Under the scope's lock: what events have written meanwhile is not written over with an older answer. And for this
    instant, not for that of the run: what is later than it would count as missing (a sign-in has no days ago yet).
    """
    touched = marks.touched_since(scope, answer.since)
    if not touched:
        return answer
    rules: dict[int | None, Node] = {each.group.pk: each.evaluation.rule for each in answer.companions}
    again = answer_rules({**rules, None: answer.evaluation.rule}, scope, evaluation_instant(), touched)
    if None in again.failed:
        raise again.failed[None]
    latest = again.matching
    # A companion without an answer keeps its members, as one that had none from the beginning.
    answered = [each for each in answer.companions if each.group.pk in latest]
    others = [replace(each, wanted=(each.wanted - touched) | latest[each.group.pk]) for each in answered]
    return replace(answer, wanted=(answer.wanted - touched) | latest[None], companions=others)


def _succeed(
    refresh: Refresh, group: UserGroup, delta: Delta, members: IdSet, next_refresh_at: datetime | None
) -> None:
    apply_delta(group, delta, Cause(RefreshTrigger(refresh.trigger), timezone.now(), refresh.pk))
    if group.state == GroupState.HELD:
        brake.release(group, RefreshState.CONFIRMED if refresh.confirms_id else RefreshState.CANCELLED)
    group.members_as_of, group.members_rule_version = refresh.as_of, group.rule_version
    group.failure_count, group.next_refresh_at = 0, next_refresh_at
    set_state(group, GroupState.FRESH)
    group.save(update_fields=RESULT_FIELDS)
    pinned = pinned_learners(group)
    forget_retired(pinned)
    leases.close(
        refresh,
        RefreshState.SUCCEEDED,
        as_of=refresh.as_of,
        plan=refresh.plan,
        added_count=len(delta.added),
        removed_count=len(delta.removed),
        member_count=group.member_count,
        pinned_missed_count=len(missed(pinned, members)),
    )
    if delta:
        outbox.members_changed(refresh)


def _fail(refresh: Refresh, code: str, message: str) -> None:
    """Keep the last good members; say why on the run and on the group."""
    with transaction.atomic():
        group = refresh.user_group = UserGroup.objects.select_for_update().get(pk=refresh.user_group_id)
        if group.rule_version == refresh.rule_version and group.is_in_use:
            by_a_person = refresh.trigger in (RefreshTrigger.MANUAL, RefreshTrigger.RULE_CHANGE)
            group.failure_count = 1 if by_a_person else group.failure_count + 1
            group.next_refresh_at = schedule.retry_at(group.failure_count, timezone.now())
            if group.state != GroupState.HELD:
                lasting = code in LASTING_PROBLEMS
                set_state(group, GroupState.UNEVALUABLE if lasting else GroupState.STALE, code, message)
            group.save(update_fields=RESULT_FIELDS)
        leases.close(refresh, RefreshState.FAILED, error_code=code, error_message=message)
