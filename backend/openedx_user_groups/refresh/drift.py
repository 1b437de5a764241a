"""What is drift among the differences between members and rules: what no waiting event and no passing of time explains.

The groups of an exclusive collection are looked at together, because a learner who leaves one of them joins another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.db.models import Max

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import RefreshState, RefreshTrigger, Scope
from openedx_user_groups.evaluation.learners import answer_rules, matching_whatever
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.models import Collection as GroupCollection
from openedx_user_groups.membership.changes import Delta, member_ids_of
from openedx_user_groups.membership.exclusivity import groups_in_order
from openedx_user_groups.sets import IdSet

from . import answering, marks
from .answering import Difference
from .models import Refresh
from .rules import GroupRow, rules_of

_PARTIAL_TRIGGERS = (RefreshTrigger.EVENT, RefreshTrigger.RECONCILE)


def of(scope: Scope, found: Collection[Difference]) -> list[Difference]:
    """What of some differences is drift: without learners who wait for a drain or for the schedule, or whom time alone
    has moved."""
    if not found:
        return []
    waiting, explained = marks.waiting(scope), _explained(scope, found)
    drifted = []
    for each in found:
        expected = waiting | explained[each.group.pk]
        delta = Delta(each.delta.added - expected, each.delta.removed - expected)
        if delta:
            drifted.append(replace(each, delta=delta))
    return drifted


def groups_to_check(scope: Scope) -> list[GroupRow]:
    """The groups of a scope that events keep up to date."""
    rows = answering.answerable_groups().in_scope(scope).order_by("pk")
    return [GroupRow(*row) for row in rows.values_list(*GroupRow._fields)]


def together(scope: Scope, group: GroupRow) -> list[GroupRow]:
    """The group as it is now and, in an exclusive collection, the others that a rule decides about: learners move
    between them. Nothing where events do not keep the group up to date any more."""
    rows = answering.answerable_groups(pk=group.pk).values_list(*GroupRow._fields)
    now = [GroupRow(*row) for row in rows]
    if not _exclusive(now):
        return now
    return [row for row in groups_to_check(scope) if row.collection_id == now[0].collection_id]


def keeping(group: GroupRow, answered: Mapping[int, IdSet]) -> dict[int, dict[int, int]]:
    """The members of the groups of the exclusive collection of ``group`` that keep whom they have, by group."""
    members = {}
    for collection in _exclusive([group]):
        for other in groups_in_order(collection):
            if other.pk not in answered:
                members[other.pk] = dict.fromkeys(member_ids_of(other.pk), 0)
    return members


def _explained(scope: Scope, found: Collection[Difference]) -> dict[int, IdSet]:
    """Whose differences time explains, or data of whose changes no event tells; by group.

    What explains that a learner leaves one group of an exclusive collection also explains that the next gets them.
    """
    exclusive = {collection.pk for collection in _exclusive([each.group for each in found])}
    moved = _moved_by_time(scope, found, exclusive)
    explained: dict[int, IdSet] = {}
    of_collection: dict[int | None, IdSet] = defaultdict(IdSet)
    for each in found:
        pk, collection = each.group.pk, each.group.collection_id
        explained[pk] = moved.get(pk, IdSet()) | _waiting_for_schedule(scope, each)
        if collection in exclusive:
            of_collection[collection] |= explained[pk]
    return {each.group.pk: of_collection.get(each.group.collection_id, explained[each.group.pk]) for each in found}


def _moved_by_time(scope: Scope, found: Collection[Difference], exclusive: Collection[int]) -> dict[int, IdSet]:
    """Who is in a group, or is not, as today's data say at the instant of its last full refresh; by group."""
    last_full = _last_full_refresh([each.group.pk for each in found])
    by_collection: dict[int, list[Difference]] = defaultdict(list)
    moved = {}
    for each in found:
        if each.group.collection_id in exclusive:
            by_collection[each.group.collection_id or 0].append(each)
        elif each.group.pk in last_full and _time_sensitive(each.rule):
            said = answer_rules({0: each.rule}, scope, last_full[each.group.pk], _differing([each])).matching
            moved[each.group.pk] = _as_it_was(each, said.get(0, IdSet()))
    for members in by_collection.values():
        moved |= _moved_together(scope, members)
    return moved


def _moved_together(scope: Scope, found: list[Difference]) -> dict[int, IdSet]:
    """The same for groups of one exclusive collection: a run of any of them has answered for all."""
    group = found[0].group
    rows = {row.pk: row for row in together(scope, group)}
    rules = rules_of(rows.values())
    # Of all groups, not only of those that differ: a run leaves a record with those others that it changes.
    at = _last_full_refresh(list(rows)).values()
    if not at or not any(_time_sensitive(rule) for rule in rules.values()):
        return {}
    said = answer_rules(rules, scope, max(at), _differing(found)).matching
    shares = answering.shared(said, rows, keeping(group, said))
    return {each.group.pk: _as_it_was(each, shares.get(each.group.pk, IdSet())) for each in found}


def _as_it_was(difference: Difference, matched: IdSet, unmatched: IdSet | None = None) -> IdSet:
    """Of those who differ, who is where ``matched`` has them and, if it is not all others, ``unmatched``."""
    added = difference.delta.added
    return (difference.delta.removed & matched) | (added - matched if unmatched is None else added & unmatched)


def _differing(found: Iterable[Difference]) -> IdSet:
    return IdSet.union(IdSet(), *(each.delta.added | each.delta.removed for each in found))


def _exclusive(groups: Iterable[GroupRow]) -> list[GroupCollection]:
    keys = {group.collection_id for group in groups if group.collection_id is not None}
    return list(GroupCollection.objects.filter(pk__in=keys, is_exclusive=True)) if keys else []


def _time_sensitive(rule: Node) -> bool:
    return any(criterion_class.time_sensitive for criterion_class in _classes(rule))


def _waiting_for_schedule(scope: Scope, difference: Difference) -> IdSet:
    """Whose difference may come from data of whose changes no event tells: copies that are brought up to date now and
    then. Where the other criteria alone forbid what is, it does not."""
    if not any(map(_is_scheduled, difference.rule.leaves())):
        return IdSet()
    try:
        may, may_not = matching_whatever(
            difference.rule, scope, evaluation_instant(), _differing([difference]), _is_scheduled
        )
    except Unevaluable:
        return _differing([difference])
    return _as_it_was(difference, may, may_not)


def _is_scheduled(leaf: Leaf) -> bool:
    return leaf.criterion is not None and leaf.criterion.data_source.mode == "scheduled"


def _classes(rule: Node) -> list[type[Criterion]]:
    found = (registry.find(leaf.type) for leaf in rule.leaves())
    return [criterion_class for criterion_class in found if criterion_class is not None]


def _last_full_refresh(groups: Collection[int]) -> dict[int, datetime]:
    """At which instant each of these groups was last evaluated for everybody."""
    full = Refresh.objects.filter(user_group_id__in=groups, state=RefreshState.SUCCEEDED)
    full = full.exclude(trigger__in=_PARTIAL_TRIGGERS).order_by()
    return dict(full.values_list("user_group_id").annotate(Max("as_of")))
