"""Members of a group: reading them, and changing those of a manual group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import GroupState, RefreshTrigger, Violation
from openedx_user_groups.exceptions import InvalidInput, NotFound, NotRefreshable, WrongMembershipSource
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.membership.changes import Cause, Delta, apply_delta, member_ids
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.refresh.runs import record_manual_run, set_state
from openedx_user_groups.sets import IdSet

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MembersChanged:
    """What a change of a manual group did: how many joined, left, and were as wanted already."""

    added: int
    removed: int
    unchanged: int


def members(group: UserGroup) -> QuerySet[Membership]:
    """The members with their accounts, in the order of user ids."""
    return Membership.objects.filter(user_group=group).select_related("user").order_by("user_id")


def memberships_of(user_id: int) -> QuerySet[Membership]:
    """The live, enabled groups that a learner is in, with the groups."""
    found = Membership.objects.filter(user_id=user_id, user_group__live=True, user_group__is_enabled=True)
    return found.select_related("user_group", "user").order_by("user_group_id")


def membership_changes(group: UserGroup) -> QuerySet[MembershipChange]:
    """Who joined and left, newest first, with accounts and runs."""
    return MembershipChange.objects.filter(user_group=group).select_related("user", "refresh").order_by("-at", "-id")


def refreshes(group: UserGroup) -> QuerySet[Refresh]:
    """The runs of a group, newest first."""
    return Refresh.objects.filter(user_group=group).select_related("requested_by").order_by("-requested_at", "-id")


def add_members(group: UserGroup, learners: Collection[str], *, acting_user: Any) -> MembersChanged:
    """Put learners (user names or e-mail addresses) into a manual group.

    Raises ``InvalidInput`` for anybody who does not exist or is not a learner of the scope: then nobody is added.
    """
    ids = _resolve(group, learners, in_universe=True)
    return change_manual_members(group, lambda present: Delta(ids - present, IdSet()), len(ids), acting_user)


def remove_members(group: UserGroup, learners: Collection[str], *, acting_user: Any) -> MembersChanged:
    """Take learners out of a manual group. Raises ``InvalidInput`` for anybody who does not exist."""
    ids = _resolve(group, learners, in_universe=False)
    return change_manual_members(group, lambda present: Delta(IdSet(), ids & present), len(ids), acting_user)


def change_manual_members(
    group: UserGroup,
    difference: Callable[[IdSet], Delta],
    named: int,
    acting_user: Any,
    *,
    trigger: RefreshTrigger = RefreshTrigger.MANUAL,
) -> MembersChanged:
    """Apply ``difference`` of the present members of a manual group, in one transaction, under its lock.

    ``trigger`` becomes the origin of the memberships that are added. Where there is no difference nothing is written,
    not even who asked for it.

    Raises ``WrongMembershipSource`` for a criteria group, ``NotRefreshable`` for one that is frozen or disabled,
    ``NotFound`` for one that was archived meanwhile.
    """
    check_is_manual(group)
    with transaction.atomic():
        locked = UserGroup.objects.select_for_update().filter(pk=group.pk, live=True).first()
        if locked is None:
            raise NotFound(_("There is no such user group."))
        if locked.is_frozen or not locked.is_enabled:
            raise NotRefreshable(_("The members of a frozen or disabled user group cannot be changed."))
        delta = difference(member_ids(locked))
        if delta:
            run = record_manual_run(locked, trigger, acting_user, len(delta.added), len(delta.removed))
            apply_delta(locked, delta, Cause(trigger, run.requested_at, run.pk))
            set_state(locked, GroupState.FRESH)
            locked.modified_by = acting_user
            locked.save()
    log.info(
        "Members of user group %s changed by user %s: %s added, %s removed.",
        group.uuid, acting_user.pk, len(delta.added), len(delta.removed),
    )  # fmt: skip
    changed = len(delta.added) + len(delta.removed)
    return MembersChanged(len(delta.added), len(delta.removed), max(named - changed, 0))


def check_is_manual(group: UserGroup) -> None:
    """Raise ``WrongMembershipSource`` for a criteria group: its members are exactly its rule's."""
    if not group.is_manual:
        raise WrongMembershipSource(_("The members of this user group follow from its rule. Edit the rule instead."))


def _resolve(group: UserGroup, learners: Collection[str], *, in_universe: bool) -> IdSet:
    check_is_manual(group)
    found = accounts.find(learners)
    ids = IdSet(found.values())
    inside = universe_of(group.scope).restricted_to(ids) if in_universe else ids
    violations = []
    for index, learner in enumerate(learners):
        if learner not in found:
            message = _("There is no such learner.")
            violations.append(Violation(f"/learners/{index}", "unknown_learner", message, {"value": learner}))
        elif found[learner] not in inside:
            message = _("This person is not an active learner here.")
            violations.append(Violation(f"/learners/{index}", "not_in_scope", message, {"value": learner}))
    if violations:
        raise InvalidInput(violations)
    return ids
