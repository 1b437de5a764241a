"""Changing a group's members: always as a difference, in one transaction, with a row of history for each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from openedx_user_groups import settings
from openedx_user_groups.data import ChangeKind, RefreshTrigger, Scope
from openedx_user_groups.groups.models import UserGroup, scopes_with
from openedx_user_groups.sets import IdSet, chunks, fetch_ids

from .bulk import insert_for_users
from .models import Membership, MembershipChange


@dataclass(frozen=True)
class Delta:
    """Who joins and who leaves. ``before``: how many members there are now, where that is known."""

    added: IdSet
    removed: IdSet
    before: int | None = None

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True)
class Cause:
    """What caused a change: recorded with every row of it. ``refresh_id`` is the primary key of the run, if any."""

    trigger: RefreshTrigger
    at: datetime
    refresh_id: int | None = None


@dataclass(frozen=True)
class GroupChange:
    """The change of one group among many. ``leaving`` are the keys of the memberships that end; ``last_at`` is the
    latest instant of the changes before, if there are any."""

    group: UserGroup
    delta: Delta
    leaving: Collection[int]
    last_at: datetime | None

    @property
    def growth(self) -> int:
        """How many members more there are afterwards."""
        return len(self.delta.added) - len(self.delta.removed)

    @property
    def count_afterwards(self) -> int:
        """The number of members afterwards."""
        return max(self.group.member_count + self.growth, 0)


def member_ids(group: UserGroup) -> IdSet:
    """The present members of a group."""
    return member_ids_of(group.pk)


def member_ids_of(*groups: int) -> IdSet:
    """The present members of the groups with these primary keys."""
    return fetch_ids(Membership.objects.filter(user_group_id__in=groups).order_by().values_list("user_id", flat=True))


def replace_members(group: UserGroup, wanted: IdSet, cause: Cause) -> Delta:
    """Make ``wanted`` the members of ``group``; whoever stays is not touched.

    The caller holds the group's row (``select_for_update``) in an open transaction, so that no other writer reads the
    same members, and saves the group afterwards.
    """
    return apply_delta(group, difference(group, wanted), cause)


def difference(group: UserGroup, wanted: IdSet) -> Delta:
    """Who joins and who leaves if ``wanted`` become the members of ``group``."""
    present = member_ids(group)
    return Delta(added=wanted - present, removed=present - wanted, before=len(present))


def apply_delta(group: UserGroup, delta: Delta, cause: Cause) -> Delta:
    """Write a difference: memberships, history, and the count on the group (not saved). Same caller's duties; where
    ``delta.before`` is set, it was read under the same lock."""
    group.members_as_of = cause.at
    if not delta:
        group.member_count = group.member_count if delta.before is None else delta.before
        return delta
    for chunk in chunks(delta.removed, settings.get("WRITE_CHUNK_SIZE")):
        Membership.objects.filter(user_group=group, user_id__in=chunk).delete()
    joined = insert_for_users(
        Membership,
        delta.added,
        user_group=group.pk,
        joined_at=cause.at,
        origin=cause.trigger.value,
        exclusive_collection=group.exclusive_collection_id,
    )
    ahead = _ahead([group.pk], cause.at)[group.pk]
    for kind, ids in ((ChangeKind.REMOVED, delta.removed), (ChangeKind.ADDED, delta.added)):
        for at, some in _by_instant(ids, cause.at, ahead).items():
            insert_for_users(
                MembershipChange,
                some,
                user_group=group.pk,
                kind=kind.value,
                at=at,
                rule_version=group.rule_version,
                trigger=cause.trigger.value,
                refresh=cause.refresh_id,
            )
    if delta.before is not None:
        group.member_count = delta.before - len(delta.removed) + joined
    else:
        group.member_count = Membership.objects.filter(user_group=group).count()
    return delta


def _ahead(groups: Collection[int], at: datetime) -> dict[int, dict[int, datetime]]:
    """The instants later than ``at`` of changes that were written before: by group, learner -> the last of theirs.
    Mostly none. One query.

    Clocks of machines differ, and are put back. Who is in the group follows from the order of the instants, so no
    change of a learner may have an earlier one than the change before it.
    """
    found: dict[int, dict[int, datetime]] = defaultdict(dict)
    later = MembershipChange.objects.filter(user_group_id__in=groups, at__gt=at).order_by("at")
    for group, user, instant in later.values_list("user_group_id", "user_id", "at"):
        found[group][user] = instant
    return found


def _by_instant(ids: IdSet, at: datetime, ahead: Mapping[int, datetime]) -> dict[datetime, IdSet]:
    """These learners by the instant that is written for their change: ``at``, but for those who are ahead of it."""
    found: dict[datetime, IdSet] = defaultdict(IdSet)
    found[at] = ids - IdSet(list(ahead))
    for user, instant in ahead.items():
        if user in ids:
            found[instant].add(user)
    return found


def memberships_of_few(scope: Scope, user_ids: Iterable[int]) -> dict[int, dict[int, int]]:
    """The memberships of a few users in all groups of a scope: by group, user -> key of the row. One query."""
    found: dict[int, dict[int, int]] = defaultdict(dict)
    rows = Membership.objects.filter(
        user_id__in=list(user_ids), user_group__scope_type=scope.type, user_group__scope_key=scope.key
    )
    for key, group, user in rows.order_by().values_list("pk", "user_group_id", "user_id"):
        found[group][user] = key
    return found


def scopes_of_members(user_ids: Iterable[int]) -> dict[Scope, IdSet]:
    """The scopes in which these users are members of a group, each with those of them who are. One query."""
    found: dict[Scope, IdSet] = defaultdict(IdSet)
    rows = Membership.objects.filter(user_id__in=list(user_ids), user_group__live=True)
    for scope, user_id in scopes_with(rows, "user_id", prefix="user_group__"):
        found[scope].add(user_id)
    return found


def apply_changes(
    changes: Collection[GroupChange],
    trigger: RefreshTrigger,
    at: datetime,
    refresh_ids: Mapping[int, int],
    as_of: datetime,
) -> None:
    """Write small changes of many groups: memberships, history and counts.

    The number of statements depends on the number of rows and of learners, not on the number of groups. The caller
    holds the scope and the groups' rows in an open transaction; ``refresh_ids`` are the runs by group.
    """
    size = settings.get("WRITE_CHUNK_SIZE")
    for chunk in chunks((key for change in changes for key in change.leaving), size):
        Membership.objects.filter(pk__in=chunk).delete()
    joining = [
        Membership(
            user_group_id=change.group.pk,
            user_id=user_id,
            joined_at=at,
            origin=trigger,
            exclusive_collection_id=change.group.exclusive_collection_id,
        )
        for change in changes
        for user_id in change.delta.added
    ]
    Membership.objects.bulk_create(joining, batch_size=size)
    behind = [change.group.pk for change in changes if change.last_at is not None and change.last_at > at]
    ahead = _ahead(behind, at) if behind else {}
    history = [
        MembershipChange(
            user_group_id=change.group.pk,
            user_id=user_id,
            kind=kind,
            at=ahead.get(change.group.pk, {}).get(user_id, at),
            rule_version=change.group.rule_version,
            trigger=trigger,
            refresh_id=refresh_ids[change.group.pk],
        )
        for change in changes
        for kind, ids in ((ChangeKind.REMOVED, change.delta.removed), (ChangeKind.ADDED, change.delta.added))
        for user_id in ids
    ]
    MembershipChange.objects.bulk_create(history, batch_size=size)
    by_growth: dict[int, list[int]] = defaultdict(list)
    for change in changes:
        by_growth[change.growth].append(change.group.pk)
    for growth, keys in by_growth.items():
        UserGroup.objects.filter(pk__in=keys).update(member_count=F("member_count") + growth, members_as_of=as_of)
