"""Collections: sets of groups of one scope, and what makes an exclusive one hold.

Whatever changes a collection settles it in the same transaction: from today's members, the first group in order keeps a
learner (groups whose members are fixed before all others), so that the database's guarantee holds at once. Who belongs
where by the rules is then found by a refresh.
"""

from __future__ import annotations

import logging
from collections.abc import Collection as Several
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from openedx_user_groups.criteria.storage import load_rules
from openedx_user_groups.data import GroupState, RefreshTrigger, Scope, Violation
from openedx_user_groups.evaluation.analysis import Disjointness, disjoint
from openedx_user_groups.evaluation.evaluator import context_of
from openedx_user_groups.exceptions import CollectionNotExclusive, InvalidInput, NameTaken, NotFound
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import Collection, UserGroup
from openedx_user_groups.groups.names import check_showable, fold, folded_names
from openedx_user_groups.membership.changes import Cause, Delta, apply_delta, member_ids
from openedx_user_groups.membership.exclusivity import assign, groups_in_order
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.outgoing import outbox
from openedx_user_groups.refresh.companions import follows_rule
from openedx_user_groups.refresh.runs import record_manual_run, request_refresh
from openedx_user_groups.sets import IdSet

log = logging.getLogger(__name__)

#: What :func:`update_collection` may change.
EDITABLE = ("name", "description", "is_exclusive", "groups")


def collections() -> QuerySet[Collection]:
    """All collections, each with its live groups in order as ``live_groups``."""
    groups = UserGroup.objects.live().order_by("collection_position", "pk")
    return Collection.objects.prefetch_related(Prefetch("groups", groups, to_attr="live_groups"))


def get_collection(uuid: UUID) -> Collection:
    """One collection. Raises ``NotFound``."""
    try:
        return collections().get(uuid=uuid)
    except Collection.DoesNotExist:
        raise NotFound(_("There is no such collection.")) from None


@dataclass(frozen=True)
class Overlap:
    """What can be said, without looking at data, of whether two groups of a collection may match the same learner."""

    first: UUID
    second: UUID
    disjoint: Disjointness


def possible_overlaps(collection: Collection) -> list[Overlap]:
    """Each pair of groups whose members follow from a rule, in the order of the collection. Groups without a rule that
    can be read now are left out."""
    groups = [group for group in groups_in_order(collection) if not group.is_manual]
    context = context_of(collection.scope, evaluation_instant())
    rules = {pk: rule for pk, rule in load_rules(groups).items() if not any(leaf.problem for leaf in rule.leaves())}
    pairs = combinations([group for group in groups if group.pk in rules], 2)
    return [
        Overlap(first.uuid, second.uuid, disjoint(rules[first.pk], rules[second.pk], context))
        for first, second in pairs
    ]


def create_collection(
    *,
    scope: Scope,
    name: str,
    description: str = "",
    is_exclusive: bool = True,
    groups: Several[UUID] = (),
    acting_user: Any,
) -> Collection:
    """Make a collection of ``groups``, in this order, and settle it.

    Raises ``InvalidInput``, ``NameTaken`` and, where groups with fixed members overlap, ``CollectionNotExclusive``.
    """
    collection = Collection(
        scope_type=scope.type,
        scope_key=scope.key,
        name=name.strip(),
        description=description,
        is_exclusive=is_exclusive,
    )
    with transaction.atomic():
        lock_scope(scope)
        _save(collection)
        _put(collection, groups)
        _settle(collection, acting_user)
    log.info("Collection %s created in %s by user %s.", collection.uuid, scope, acting_user.pk)
    refresh_collection(collection, acting_user)
    return get_collection(collection.uuid)


def update_collection(uuid: UUID, *, changes: Mapping[str, Any], acting_user: Any) -> Collection:
    """Change a collection; only the keys of ``changes`` (of :data:`EDITABLE`) are touched. Raises as creating does."""
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"Not editable: {sorted(unknown)}")
    scope = get_collection(uuid).scope
    with transaction.atomic():
        lock_scope(scope)
        collection = Collection.objects.select_for_update().filter(uuid=uuid).first()
        if collection is None:
            raise NotFound(_("There is no such collection."))
        for key in ("name", "description", "is_exclusive"):
            setattr(collection, key, changes.get(key, getattr(collection, key)))
        collection.name = collection.name.strip()
        _save(collection)
        before = groups_in_order(collection)
        if "groups" in changes:
            _put(collection, changes["groups"])
        _settle(collection, acting_user)
        after = {group.pk for group in groups_in_order(collection)} if collection.is_exclusive else set()
    log.info("Collection %s changed by user %s: %s.", uuid, acting_user.pk, ", ".join(sorted(changes)))
    if {"groups", "is_exclusive"} & set(changes):
        refresh_collection(collection, acting_user)
        _refresh_released([group for group in before if group.pk not in after], acting_user)
    return get_collection(uuid)


def delete_collection(uuid: UUID, *, acting_user: Any) -> None:
    """Dissolve a collection. Its groups stay and are refreshed without it. Raises ``NotFound``."""
    collection = get_collection(uuid)
    with transaction.atomic():
        lock_scope(collection.scope)
        released = groups_in_order(collection) if collection.is_exclusive else []
        Membership.objects.filter(exclusive_collection=collection).update(exclusive_collection=None)
        collection.delete()
    log.info("Collection %s dissolved by user %s.", uuid, acting_user.pk)
    _refresh_released(released, acting_user)


def _refresh_released(groups: list[UserGroup], acting_user: Any) -> None:
    """Groups that share nothing any more go back to what their rules say."""
    for group in UserGroup.objects.live().filter(pk__in=[group.pk for group in groups]):
        if not group.has_fixed_members:
            request_refresh(group, RefreshTrigger.RULE_CHANGE, acting_user)


def take_out(group: UserGroup) -> Collection | None:
    """Take a group that goes out of use out of its collection, in the open transaction that holds the scope.

    Returns the collection if it is exclusive: its other groups may now have the group's learners
    (:func:`refresh_collection`).
    """
    collection = group.collection
    if collection is None:
        return None
    Membership.objects.filter(user_group=group, exclusive_collection=collection).update(exclusive_collection=None)
    group.collection = None
    return collection if collection.is_exclusive else None


def _save(collection: Collection) -> None:
    check_showable(collection.name)
    others = Collection.objects.in_scope(collection.scope).exclude(pk=collection.pk)
    if fold(collection.name) in folded_names(others):
        raise NameTaken(_("A collection with this name already exists in this scope."))
    try:
        with transaction.atomic():
            collection.save()
    except IntegrityError:
        raise NameTaken(_("A collection with this name already exists in this scope.")) from None


def _put(collection: Collection, uuids: Several[UUID]) -> None:
    """Make these the collection's groups, in this order."""
    found = {group.uuid: group for group in UserGroup.objects.live().in_scope(collection.scope).filter(uuid__in=uuids)}
    violations = []
    for index, uuid in enumerate(uuids):
        pointer, group = f"/groups/{index}", found.get(uuid)
        if group is None:
            violations.append(Violation(pointer, "unknown_user_group", _("There is no such user group in this scope.")))
        elif group.collection_id not in (None, collection.pk):
            message = _("This user group is in another collection already.")
            violations.append(Violation(pointer, "in_other_collection", message))
        elif list(uuids).index(uuid) != index:
            violations.append(Violation(pointer, "duplicate_item", _("This user group is listed twice.")))
    if violations:
        raise InvalidInput(violations)
    UserGroup.objects.filter(collection=collection).exclude(uuid__in=uuids).update(collection=None)
    for position, uuid in enumerate(uuids):
        UserGroup.objects.filter(uuid=uuid).update(collection=collection, collection_position=position)


def _settle(collection: Collection, acting_user: Any) -> None:
    """Make the members that the groups have now fit the collection. The caller holds the scope."""
    groups = groups_in_order(collection) if collection.is_exclusive else []
    Membership.objects.filter(exclusive_collection=collection).exclude(user_group__in=groups).update(
        exclusive_collection=None
    )
    present = {group.pk: member_ids(group) for group in groups}
    keeping = [group for group in groups if not follows_rule(group)]
    _check_disjoint(keeping, present)
    taken = IdSet().union(*(present[group.pk] for group in keeping))
    kept = assign([(group, present[group.pk]) for group in groups if follows_rule(group)], taken)
    for group in groups:
        _remove(group, present[group.pk] - kept.get(group.pk, present[group.pk]), acting_user)
    # Only now: a learner whom a group loses may be in one before it, and must not be in both for the database.
    Membership.objects.filter(user_group__in=groups).update(exclusive_collection=collection)


def _check_disjoint(groups: list[UserGroup], present: Mapping[int, IdSet]) -> None:
    for first, second in combinations(groups, 2):
        shared = len(present[first.pk] & present[second.pk])
        if shared:
            message = ngettext(
                "%(count)s learner is in both “%(first)s” and “%(second)s”. Take them out of one of these first.",
                "%(count)s learners are in both “%(first)s” and “%(second)s”. Take them out of one of these first.",
                shared,
            )
            raise CollectionNotExclusive(
                message % {"count": shared, "first": first.name, "second": second.name},
                groups=[str(first.uuid), str(second.uuid)],
                count=shared,
            )


def _remove(group: UserGroup, learners: IdSet, acting_user: Any) -> None:
    if not learners:
        return
    run = record_manual_run(group, RefreshTrigger.RULE_CHANGE, acting_user, 0, len(learners))
    apply_delta(group, Delta(IdSet(), learners), Cause(RefreshTrigger.RULE_CHANGE, timezone.now(), run.pk))
    outbox.members_changed(run)
    group.save(update_fields=["member_count", "members_as_of"])


def refresh_collection(collection: Collection, acting_user: Any) -> None:
    """Have the rules decide who belongs where. One run of an exclusive collection answers for all its groups.

    Should that one fail, the others are due: each of their runs answers for all, too.
    """
    groups = [group for group in groups_in_order(collection) if not group.has_fixed_members]
    waiting = UserGroup.objects.filter(pk__in=[group.pk for group in groups]).exclude(state=GroupState.HELD)
    waiting.update(next_refresh_at=timezone.now())
    for group in groups[:1] if collection.is_exclusive else groups:
        request_refresh(group, RefreshTrigger.RULE_CHANGE, acting_user)
