"""Reconciling: are the members that events have led to those that the rules say?

An event can be lost: a process dies between a commit and the mark, a table is written in bulk. A check compares the
members with the rule: of one group in full, by the path of refreshes, or of a sample of learners in all groups of a
scope. What differs is drift. It is published (log, signal, a run with the trigger ``reconcile``) and repaired.

No drift is what waits for an event that is marked already, nor what time alone has changed since the last refresh, nor
what follows from a copy of data that only the schedule asks: the drain and the schedule bring those about.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from openedx_user_groups import settings
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import RefreshTrigger, Scope, ScopeType
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import answer_rules
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import ScopeLock, UserGroup
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.membership.changes import Delta, member_ids_of, memberships_of_few
from openedx_user_groups.monitoring import context
from openedx_user_groups.sets import IdSet

from . import answering, drift, marks
from .answering import Difference
from .models import Refresh, Slot
from .retries import with_retries
from .rules import GroupRow, rules_of
from .runs import request_refresh
from .signals import drift_found

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Drift:
    """Learners of a group who should be members and are not, or are and should not be."""

    scope: Scope
    group: GroupRow
    missing: IdSet
    unexpected: IdSet
    repaired: bool

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected)


def scopes_to_check() -> list[Scope]:
    """Every scope with groups that events keep up to date."""
    return sorted(answering.answerable_groups().scopes(), key=lambda scope: (scope.type, scope.key))


def check_group(scope: Scope, group: GroupRow, *, repair: bool = True, compared: set[int] | None = None) -> list[Drift]:
    """Compare all members of a group with its rule, evaluated in full; in an exclusive collection, with the others.

    ``compared`` takes up the keys of the groups that this has compared, for who goes through many.

    Raises ``Unevaluable`` where the rule has no answer: nothing can be said of the group then.
    """
    began, as_of = timezone.now(), evaluation_instant()
    groups = {row.pk: row for row in drift.together(scope, group)}
    if group.pk not in groups:
        return []
    rules = rules_of(groups.values())
    wanted = {pk: ids for pk, rule in rules.items() if (ids := _ids(scope, rule, as_of, pk == group.pk)) is not None}

    def compare() -> list[Difference]:
        if _defined(groups.values()) != _defined(drift.together(scope, group)):
            return []  # Edited, or put into a collection or out of it: that has a run of its own.
        # Whoever was touched since the evaluation began is asked again, and for now: what they did is later than its
        # instant.
        touched = marks.touched_since(scope, began)
        again = answer_rules({pk: rules[pk] for pk in wanted}, scope, evaluation_instant(), touched)
        if group.pk in again.failed:
            raise again.failed[group.pk]
        latest = {pk: (wanted[pk] - touched) | ids for pk, ids in again.matching.items()}
        fixed = drift.keeping(groups[group.pk], latest)
        found = answering.shared(latest, groups, fixed)
        if compared is not None:
            compared.update(found)
        return [_difference_of(scope, groups[pk], rules[pk], ids) for pk, ids in found.items()]

    return _reconcile(scope, as_of, compare, repair)


def _defined(groups: Iterable[GroupRow]) -> set[tuple[int, int, int | None]]:
    """What decides who is in these groups, beside the data."""
    return {(group.pk, group.rule_version, group.collection_id) for group in groups}


def _ids(scope: Scope, rule: Node, as_of: datetime, must_answer: bool) -> IdSet | None:
    try:
        return Evaluation(rule, scope, as_of).ids()
    except Unevaluable:
        if must_answer:
            raise
        return None


def _difference_of(scope: Scope, group: GroupRow, rule: Node, latest: IdSet) -> Difference:
    present = member_ids_of(group.pk)
    delta = Delta(added=latest - present, removed=present - latest)
    members = memberships_of_few(scope, delta.removed)
    return Difference(group, rule, delta, len(present), members.get(group.pk, {}))


def check_sample(scope: Scope, size: int, *, chance: random.Random, repair: bool = True) -> list[Drift]:
    """Compare the memberships of up to ``size`` learners of a scope, members or not, with all rules of the scope."""
    ids = universe_of(scope).learners() | member_ids_of(*(group.pk for group in drift.groups_to_check(scope)))
    chosen = IdSet([ids[place] for place in chance.sample(range(len(ids)), min(size, len(ids)))])
    as_of = evaluation_instant()
    return _reconcile(scope, as_of, partial(answering.differences, scope, chosen, as_of), repair)


def check_due(now: datetime | None = None, chance: random.Random | None = None) -> list[Drift]:
    """Check a sample of each scope that was not checked for long, a bounded number of them: a step of the upkeep."""
    now = now or timezone.now()
    before = now - timedelta(hours=settings.get("RECONCILE_INTERVAL_HOURS"))
    found: list[Drift] = []
    for scope in _due(before)[: settings.get("RECONCILE_SCOPES_AT_ONCE")]:
        rows = ScopeLock.objects.filter(scope_type=scope.type, scope_key=scope.key)
        try:
            found += check_sample(scope, settings.get("RECONCILE_SAMPLE_SIZE"), chance=chance or random.Random())
        except Exception:
            log.exception("A sample of %s could not be checked.", scope)
        rows.update(reconciled_at=now)  # Also after a failure: one scope must not keep the others from their turn.
    return found


def _due(before: datetime) -> list[Scope]:
    """Scopes last checked before an instant, or never, the longest ago first."""
    keys = ("scope_type", "scope_key", "reconciled_at")
    checked = {Scope(ScopeType(kind), key): at for kind, key, at in ScopeLock.objects.values_list(*keys)}
    never = datetime.min.replace(tzinfo=before.tzinfo)
    since = {scope: checked.get(scope) or never for scope in scopes_to_check()}
    return sorted((scope for scope, at in since.items() if at < before), key=lambda scope: since[scope])


def _reconcile(scope: Scope, as_of: datetime, compare: Callable[[], list[Difference]], repair: bool) -> list[Drift]:
    """Compare holding the scope, keep what is drift, repair and publish it."""

    stopped: list[UserGroup] = []

    def attempt() -> list[Drift]:
        stopped.clear()
        with transaction.atomic():
            lock_scope(scope)
            drifted = drift.of(scope, compare())
            written = answering.write(drifted if repair else [], RefreshTrigger.RECONCILE, as_of)
            repaired = {group.pk for group in written.groups}
            _tell_runs(scope, [each for each in drifted if each.group.pk in repaired])
            if not repair:  # Asking notes things, too: when a group is due, why it has no answer.
                transaction.set_rollback(True)
            stopped.extend(written.stopped)
            return [
                Drift(scope, each.group, each.delta.added, each.delta.removed, each.group.pk in repaired)
                for each in drifted
            ]

    found = with_retries(attempt)
    for group in stopped:  # A run in full is held, with whom it would remove, until a person has seen it.
        request_refresh(group, RefreshTrigger.RECONCILE)
    for each in found:
        outcome = "repaired" if each.repaired else "not repaired"
        missing, unexpected = len(each.missing), len(each.unexpected)
        log.warning(
            "User group %s: %s missing, %s unexpected; %s.", each.group.uuid, missing, unexpected, outcome,
            extra=context(group=each.group, trigger=RefreshTrigger.RECONCILE),
        )  # fmt: skip
        drift_found.send_robust(sender=None, drift=each)
    return found


def _tell_runs(scope: Scope, repaired: list[Difference]) -> None:
    """A run that has evaluated one of these groups already asks again for the learners, before it writes.

    No event has told it of them: that is what was repaired.
    """
    running = Refresh.objects.filter(slot=Slot.RUNNING, user_group__in=[each.group.pk for each in repaired])
    if repaired and running.exists():
        moved = IdSet.union(*(each.delta.added | each.delta.removed for each in repaired))
        marks.mark({Touched(pk, scope) for pk in moved}, "reconcile")
