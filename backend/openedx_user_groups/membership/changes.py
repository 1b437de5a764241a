"""Changing a group's members: always as a difference, in one transaction, with a row of history for each change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from openedx_user_groups import settings
from openedx_user_groups.data import ChangeKind, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.sets import IdSet, chunks, fetch_ids

from .bulk import insert_for_users
from .models import Membership, MembershipChange


@dataclass(frozen=True)
class Delta:
    """Who joins and who leaves."""

    added: IdSet
    removed: IdSet

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True)
class Cause:
    """What caused a change: recorded with every row of it. ``refresh_id`` is the primary key of the run, if any."""

    trigger: RefreshTrigger
    at: datetime
    refresh_id: int | None = None


def member_ids(group: UserGroup) -> IdSet:
    """The present members of a group."""
    return fetch_ids(Membership.objects.filter(user_group=group).order_by().values_list("user_id", flat=True))


def replace_members(group: UserGroup, wanted: IdSet, cause: Cause) -> Delta:
    """Make ``wanted`` the members of ``group``; whoever stays is not touched.

    The caller holds the group's row (``select_for_update``) in an open transaction, so that no other writer reads the
    same members, and saves the group afterwards.
    """
    present = member_ids(group)
    return apply_delta(group, Delta(added=wanted - present, removed=present - wanted), cause)


def apply_delta(group: UserGroup, delta: Delta, cause: Cause) -> Delta:
    """Write a difference: memberships, history, and the count on the group (not saved). Same caller's duties."""
    for chunk in chunks(delta.removed, settings.get("WRITE_CHUNK_SIZE")):
        Membership.objects.filter(user_group=group, user_id__in=chunk).delete()
    insert_for_users(Membership, delta.added, user_group=group.pk, joined_at=cause.at, origin=cause.trigger.value)
    for kind, ids in ((ChangeKind.REMOVED, delta.removed), (ChangeKind.ADDED, delta.added)):
        insert_for_users(
            MembershipChange,
            ids,
            user_group=group.pk,
            kind=kind.value,
            at=cause.at,
            rule_version=group.rule_version,
            refresh=cause.refresh_id,
        )
    if delta:
        group.member_count = Membership.objects.filter(user_group=group).count()
    group.members_as_of = cause.at
    return delta
