"""Which other groups the learners of a preview are in."""

from __future__ import annotations

from openedx_user_groups import settings
from openedx_user_groups.data import GroupOverlap, Overlap, Scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.sets import IdSet


def overlap(scope: Scope, matching: IdSet, but: UserGroup | None = None) -> Overlap:
    """The live groups of ``scope`` that have members among ``matching``, the largest overlap first.

    One query for each of at most ``MAX_OVERLAP_GROUPS`` groups: those with the most members. ``but``: the group that is
    edited, which is not compared with itself.
    """
    others = UserGroup.objects.live().in_scope(scope).filter(member_count__gt=0).order_by("-member_count", "pk")
    if but is not None:
        others = others.exclude(pk=but.pk)
    compared = list(others[: settings.get("MAX_OVERLAP_GROUPS")])
    shared = [(group, len(matching & member_ids(group))) for group in compared]
    shared.sort(key=lambda found: -found[1])
    return Overlap(
        groups=tuple(GroupOverlap(group.uuid, group.name, group.member_count, n) for group, n in shared if n),
        compared=len(compared),
        left_out=others.count() - len(compared),
    )
