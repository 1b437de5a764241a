"""All groups of a scope, answered anew for a few learners: what an event and a check of a sample have in common.

The number of statements depends on the facts that the rules ask for and on the learners of the batch, never on the
number of groups.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, F, Value, When
from django.utils import timezone

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.storage import LASTING_PROBLEMS
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import GroupState, MembershipSource, RefreshTrigger, Scope
from openedx_user_groups.evaluation.learners import answer_rules
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups.models import Collection as GroupCollection
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership import history
from openedx_user_groups.membership.changes import Delta, GroupChange, apply_changes, memberships_of_few
from openedx_user_groups.membership.exclusivity import assign, groups_in_order
from openedx_user_groups.outgoing import outbox
from openedx_user_groups.sets import IdSet

from . import brake, schedule
from .models import Refresh, finished_run
from .rules import GroupRow, rules_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Difference:
    """What one group's members should be otherwise. ``asked``: how many of its members were asked; ``memberships`` has
    the rows of those who leave, by learner."""

    group: GroupRow
    rule: Node
    delta: Delta
    asked: int
    memberships: Mapping[int, int] = field(default_factory=dict)


@dataclass
class Written:
    """What came of some differences."""

    groups: list[UserGroup] = field(default_factory=list)
    #: Groups whose change needs a person: they are to be refreshed in full, which asks for one.
    stopped: list[UserGroup] = field(default_factory=list)


def groups_in_use() -> Any:
    """The groups whose members follow from a rule and are kept up to date, by events or by runs of their own."""
    return UserGroup.objects.live().filter(
        membership_source=MembershipSource.CRITERIA, is_enabled=True, is_frozen=False
    )


def answerable_groups(**scope: Any) -> Any:
    """The groups that events keep up to date: in use, and with members that come from their present rule."""
    return _followed_groups(**scope).exclude(state=GroupState.HELD)


def _followed_groups(**scope: Any) -> Any:
    """The same, and those that are held: they lose who is no learner of the scope any more, and nobody else."""
    groups = groups_in_use().filter(members_rule_version=F("rule_version"), **scope)
    return groups.exclude(state=GroupState.UNEVALUABLE)


def differences(scope: Scope, user_ids: IdSet, as_of: datetime) -> list[Difference]:
    """Where the memberships of ``user_ids`` in the groups of ``scope`` are not what the rules say.

    Call holding the scope. A group whose rule has no answer says so from then on; its members stay.
    """
    groups = _groups_of(scope)
    all_rules = rules_of(groups.values())
    held = {pk for pk, group in groups.items() if group.state == GroupState.HELD}
    rules = {pk: rule for pk, rule in all_rules.items() if pk not in held and _answers_learners(rule)}
    answers = answer_rules(rules, scope, as_of, user_ids)
    _say_why({groups[pk]: error for pk, error in answers.failed.items()})
    schedule.bring_forward({groups[pk]: rules[pk] for pk in answers.matching}, answers.waits, timezone.now())
    present = memberships_of_few(scope, user_ids)
    answered = shared(answers.matching, groups, present)
    # Of the members of a group that waits for a person nobody leaves, but who is no learner of the scope any more.
    answered |= {pk: IdSet(list(present.get(pk, {}))) & answers.present for pk in held & all_rules.keys()}
    found = []
    for pk, wanted in answered.items():
        members = present.get(pk, {})
        if not wanted and not members:
            continue
        now = IdSet(list(members))
        delta = Delta(added=wanted - now, removed=now - wanted)
        if delta:
            found.append(Difference(groups[pk], all_rules[pk], delta, len(members), members))
    return found


def shared(
    matching: Mapping[int, IdSet], groups: Mapping[int, GroupRow], present: Mapping[int, Mapping[int, int]]
) -> dict[int, IdSet]:
    """Who of the learners each group gets: all who match, but in an exclusive collection each only in one group.

    Two queries where a group is in a collection, and none otherwise.
    """
    found = dict(matching)
    keys = {groups[pk].collection_id or 0 for pk in matching} - {0}
    for collection in GroupCollection.objects.filter(pk__in=keys, is_exclusive=True) if keys else ():
        candidates, taken = [], IdSet()
        for group in groups_in_order(collection):
            if group.pk in matching:
                candidates.append((group, matching[group.pk]))
            else:  # Listed by hand, frozen, held or without an answer: it keeps whom it has.
                taken |= IdSet(list(present.get(group.pk, {})))
        found.update(assign(candidates, taken))
    return found


def write(found: Collection[Difference], trigger: RefreshTrigger, as_of: datetime) -> Written:
    """Write these differences, each with a run of its own. Call holding the scope.

    A group that was edited, frozen or archived meanwhile keeps its members: a run of its own follows.
    """
    written = Written()
    changes: list[GroupChange] = []
    if not found:
        return written
    groups = history.with_last_change(_followed_groups(pk__in=[each.group.pk for each in found]))
    locked = groups.select_for_update()
    by_key = {group.pk: group for group in locked.prefetch_related("collection")}
    kept = _kept(found, by_key, trigger, written)
    for each in found:
        group = by_key.get(each.group.pk)
        if group is None or group in written.stopped:
            continue
        delta = Delta(each.delta.added - kept.get(group.exclusive_collection_id, IdSet()), each.delta.removed)
        if delta:
            leaving = [each.memberships[pk] for pk in delta.removed]
            changes.append(GroupChange(group, delta, leaving, group.last_change_at))
    if changes:
        now = timezone.now()
        runs = _record_runs(changes, trigger, as_of, now)
        apply_changes(changes, trigger, now, runs, as_of)
        outbox.members_changed_by(runs)
        written.groups = [change.group for change in changes]
    return written


def _kept(
    found: Collection[Difference], locked: dict[int, UserGroup], trigger: RefreshTrigger, written: Written
) -> dict[int | None, IdSet]:
    """Sort out the groups that keep their members for now: edited meanwhile, left as they are by a person (both taken
    out of ``locked``), or stopped by the brake. Returns whom they keep by collection, for no other group of an
    exclusive one may get them."""
    kept: dict[int | None, IdSet] = defaultdict(IdSet)
    by_event = trigger == RefreshTrigger.EVENT
    for each in found:
        group = locked.get(each.group.pk)
        if group is not None and (
            group.rule_version != each.group.rule_version
            or (group.state_code == brake.DISCARDED and not by_event)  # A check does not undo what a person has said.
        ):
            del locked[group.pk]
        # An event tells of one learner, whose data did change: the brake is for what nobody has seen coming.
        elif group is not None and not by_event and brake.stops(group, each.delta, asked=each.asked):
            written.stopped.append(group)
        elif group is not None:
            continue
        if each.group.collection_id is not None:
            kept[each.group.collection_id] |= each.delta.removed
    return kept


def _groups_of(scope: Scope) -> dict[int, GroupRow]:
    rows = _followed_groups().in_scope(scope).order_by()
    return {row[0]: GroupRow(*row) for row in rows.values_list(*GroupRow._fields)}


def _answers_learners(rule: Node) -> bool:
    """Whether every type of the rule can be asked for a few learners. The others wait for their schedule."""
    classes = (registry.find(leaf.type) for leaf in rule.leaves())
    return all(criterion_class is None or criterion_class.answers_learners for criterion_class in classes)


def _record_runs(
    changes: Iterable[GroupChange], trigger: RefreshTrigger, as_of: datetime, now: datetime
) -> dict[int, int]:
    """A finished run for each change; returns their keys by group."""
    runs = [
        finished_run(
            change.group,
            trigger,
            now,
            as_of=as_of,
            added_count=len(change.delta.added),
            removed_count=len(change.delta.removed),
            member_count=change.count_afterwards,
        )
        for change in changes
    ]
    Refresh.objects.bulk_create(runs)
    if connection.features.can_return_rows_from_bulk_insert:
        return {run.user_group_id: run.pk for run in runs}
    keys = Refresh.objects.filter(uuid__in=[run.uuid for run in runs]).order_by()
    return dict(keys.values_list("user_group_id", "pk"))


def _say_why(failed: Mapping[GroupRow, Unevaluable]) -> None:
    """The groups whose rule has no answer are stale, or unevaluable, and say why. A statement for each reason.

    They are due soon: what an event told of is found by their next run.
    """
    retry_at = schedule.retry_at(1, timezone.now())
    soon = Case(When(next_refresh_at__gt=retry_at, then=Value(retry_at)), default=F("next_refresh_at"))
    by_reason: dict[tuple[str, str], list[int]] = defaultdict(list)
    for group, error in failed.items():
        # Not of a group whose difference a person has discarded: checks go by that until a run has succeeded.
        if group.state_code not in (error.code, brake.DISCARDED):
            by_reason[error.code, str(error.message)].append(group.pk)
    for (code, message), keys in by_reason.items():
        state = GroupState.UNEVALUABLE if code in LASTING_PROBLEMS else GroupState.STALE
        answerable_groups(pk__in=keys).update(
            state=state, state_code=code, state_message=message, state_since=timezone.now(), next_refresh_at=soon
        )
        log.warning("%s user groups cannot be evaluated: %s.", len(keys), code)
