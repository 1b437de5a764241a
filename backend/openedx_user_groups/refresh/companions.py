"""The other groups of an exclusive collection.

Who is in one of them depends on who is in the others, so a run of one group answers for all whose members follow from a
rule, at one instant, and writes what changes in one transaction: a learner who moves is never in both, nor in none.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from openedx_user_groups.data import GroupState, PrecedingGroup, RefreshTrigger
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import answer_rules
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import Cause, Delta, apply_delta, difference, member_ids, memberships_of_few
from openedx_user_groups.membership.exclusivity import assign, groups_in_order
from openedx_user_groups.monitoring import context
from openedx_user_groups.outgoing import outbox
from openedx_user_groups.sets import IdSet

from . import brake, schedule
from .models import Refresh, finished_run
from .rules import rules_of
from .states import RESULT_FIELDS, set_state

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Companion:
    """Another group of the collection, and whom its rule matches."""

    group: UserGroup
    evaluation: Evaluation
    wanted: IdSet
    next_refresh_at: datetime


@dataclass(frozen=True)
class Move:
    """What changes for one companion. ``refresh`` is its own record of the run."""

    companion: Companion
    delta: Delta
    refresh: Refresh


def evaluate(
    group: UserGroup, as_of: datetime, *, age: timedelta = timedelta(), somebody_waits: bool
) -> list[Companion]:
    """The groups of the collection of ``group``, without itself, that a rule decides about and that have an answer.

    Without an exclusive collection there are none, and no query is made. A group without an answer keeps its members,
    and with them its learners; its own run says why. ``age`` and ``somebody_waits``: see ``schedule.next_refresh``.
    """
    now = timezone.now()
    return [
        Companion(
            other,
            evaluation,
            wanted,
            schedule.next_refresh(other, evaluation.rule, as_of, now, age=age, somebody_waits=somebody_waits),
        )
        for other, evaluation, wanted in _answers(group, as_of)
    ]


@dataclass(frozen=True)
class Obtainable:
    """Whom a refresh would give a group, and which groups of its collection the brake would leave as they are."""

    ids: IdSet
    left_alone: frozenset[int] = frozenset()


def obtainable(
    group: UserGroup, wanted: IdSet, as_of: datetime, *, asked_at: datetime | None = None, decided: bool = False
) -> Obtainable:
    """Who of ``wanted`` a refresh of ``group`` would give it, which groups before it in its collection may keep.

    Nothing is written. For a few learners :func:`preceding` asks less. ``asked_at`` as for an ``Evaluation``;
    ``decided``: see :func:`_within_brake`.
    """
    if group.exclusive_collection_id is None or group.collection is None:
        return Obtainable(wanted)
    answered = {other.pk: learners for other, _evaluation, learners in _answers(group, as_of, asked_at)}
    assigned, deltas = _within_brake(group, groups_in_order(group.collection), {**answered, group.pk: wanted}, decided)
    return Obtainable(assigned[group.pk], frozenset(answered.keys() - deltas.keys()))


def preceding(
    group: UserGroup,
    learners: IdSet,
    as_of: datetime,
    *,
    asked_at: datetime | None = None,
    left_alone: Collection[int] = (),
    once_used: bool = False,
) -> dict[int, PrecedingGroup]:
    """For each of a few learners whom the rule of ``group`` matches: the group of its collection that comes first.

    Those whom a refresh would give ``group`` are left out (see :func:`obtainable`). Nothing is written. The members of
    a group that is frozen, disabled or held stay in it, unless ``once_used`` asks how it will be when that is over.
    """
    if not learners or group.exclusive_collection_id is None or group.collection is None:
        return {}
    ordered = groups_in_order(group.collection)
    others = [other for other in ordered if other.pk != group.pk and other.pk not in left_alone and follows_rule(other)]
    matching = answer_rules(rules_of(others), group.scope, as_of, learners, asked_at=asked_at).matching
    present = memberships_of_few(group.scope, learners)
    before = itertools.takewhile(lambda other: other.pk != group.pk, ordered)
    keeping = [other for other in ordered if other.pk not in matching and other.pk != group.pk]
    having: list[tuple[UserGroup, Iterable[int]]] = [(other, present.get(other.pk, ())) for other in keeping]
    having += [(other, matching[other.pk]) for other in before if other.pk in matching]
    staying = () if once_used or follows_rule(group) else present.get(group.pk, ())
    found: dict[int, PrecedingGroup] = {}
    for other, ids in having:
        first = PrecedingGroup(other.uuid, other.name, group.collection.name)
        found |= {pk: first for pk in ids if pk not in found and pk not in staying}
    return found


def _answers(
    group: UserGroup, as_of: datetime, asked_at: datetime | None = None
) -> Iterator[tuple[UserGroup, Evaluation, IdSet]]:
    """The other groups of the exclusive collection of ``group`` whose members follow from a rule now and that have an
    answer, with it."""
    if group.exclusive_collection_id is None or group.collection is None:
        return
    others = [other for other in groups_in_order(group.collection) if other.pk != group.pk and follows_rule(other)]
    rules = rules_of(others) if others else {}
    for other in others:
        rule = rules.get(other.pk)
        if rule is None:
            continue
        try:
            evaluation = Evaluation(rule, other.scope, as_of, asked_at=asked_at)
            wanted = evaluation.ids()
        except Unevaluable as error:
            about = context(group=other)
            log.info("User group %s keeps its members: %s.", other.uuid, error.code, extra=about)
            continue
        yield other, evaluation, wanted


def share(
    refresh: Refresh, group: UserGroup, wanted: IdSet, companions: Iterable[Companion]
) -> tuple[IdSet, list[Move]]:
    """Who of ``wanted`` the group gets, and what changes for its companions. Call holding the scope.

    A companion that was edited meanwhile, or would lose more members than may leave unasked, keeps its members.
    """
    if group.exclusive_collection_id is None or group.collection is None:
        return wanted, []
    ordered = groups_in_order(group.collection)
    now, answered = {other.pk: other for other in ordered}, {}
    for companion in companions:
        other = now.get(companion.group.pk)
        if other is not None and follows_rule(other) and other.rule_version == companion.group.rule_version:
            answered[other.pk] = replace(companion, group=other)
    matching = {group.pk: wanted, **{pk: companion.wanted for pk, companion in answered.items()}}
    decided = brake.follows_decision(refresh, group)
    assigned, deltas = _within_brake(group, ordered, matching, decided)
    moves = [Move(answered[pk], delta, _own_record(refresh, answered[pk], delta)) for pk, delta in deltas.items()]
    return assigned[group.pk], moves


def _within_brake(
    group: UserGroup, ordered: Iterable[UserGroup], matching: Mapping[int, IdSet], decided: bool
) -> tuple[dict[int, IdSet], dict[int, Delta]]:
    """Who gets whom, and what changes for the companions of ``group`` that change: those without an answer, and those
    that would lose more members than may leave unasked, keep theirs.

    ``decided``: a person has decided what the groups share. Whom a companion loses to another group is part of that,
    whom its own rule does not match any more is not.
    """
    answered = dict(matching)
    while True:
        taken = IdSet().union(*(member_ids(other) for other in ordered if other.pk not in answered))
        candidates = [(other, answered[other.pk]) for other in ordered if other.pk in answered]
        assigned = assign(candidates, taken)
        deltas = {other.pk: difference(other, assigned[other.pk]) for other, _ids in candidates if other.pk != group.pk}
        stopped = [
            other.pk
            for other, ids in candidates
            if other.pk in deltas and brake.stops(other, deltas[other.pk], ids if decided else None)
        ]
        if not stopped:
            return assigned, deltas
        del answered[stopped[0]]


def leave(moves: Iterable[Move]) -> None:
    """Write who leaves the companions: before anybody joins the group itself."""
    for move in moves:
        _apply(move, Delta(IdSet(), move.delta.removed))


def join(moves: Iterable[Move]) -> None:
    """Write who joins the companions, and that they are up to date: after the group itself."""
    for move in moves:
        group, companion = move.companion.group, move.companion
        _apply(move, Delta(move.delta.added, IdSet()))
        group.members_as_of, group.members_rule_version = companion.evaluation.context.as_of, group.rule_version
        group.failure_count, group.next_refresh_at = 0, companion.next_refresh_at
        set_state(group, GroupState.FRESH)
        group.save(update_fields=RESULT_FIELDS)
        if move.delta:
            Refresh.objects.filter(pk=move.refresh.pk).update(member_count=group.member_count)
            outbox.members_changed(move.refresh)


def follows_rule(group: UserGroup) -> bool:
    """Whether a run may change the group's members now. Otherwise it keeps them, and nobody else gets them."""
    return not group.has_fixed_members and group.state != GroupState.HELD


def was_answered_for(before: UserGroup, now: UserGroup) -> bool:
    """Whether somebody has answered for the group in full since it was read ``before`` its evaluation.

    Each full answer sets anew when the group is next due, also one that changes nobody and leaves no record.
    """
    return now.next_refresh_at != before.next_refresh_at


def any_was_answered_for(companions: Iterable[Companion]) -> bool:
    """The same for any of these: who is in one of them decides about the others."""
    before = {companion.group.pk: companion.group for companion in companions}
    now = UserGroup.objects.filter(pk__in=before) if before else ()
    return any(was_answered_for(before[group.pk], group) for group in now)


def _own_record(refresh: Refresh, companion: Companion, delta: Delta) -> Refresh:
    """A finished run for a companion that changes; one that is not saved where nothing does."""
    return finished_run(
        companion.group,
        RefreshTrigger(refresh.trigger),
        timezone.now(),
        requested_by_id=refresh.requested_by_id,
        requested_at=refresh.requested_at,
        started_at=refresh.started_at,
        as_of=companion.evaluation.context.as_of,
        plan=companion.evaluation.plan.value,
        added_count=len(delta.added),
        removed_count=len(delta.removed),
    )


def _apply(move: Move, part: Delta) -> None:
    if not part:
        return
    if move.refresh.pk is None:
        move.refresh.save()
    cause = Cause(RefreshTrigger(move.refresh.trigger), timezone.now(), move.refresh.pk)
    apply_delta(move.companion.group, part, cause)
