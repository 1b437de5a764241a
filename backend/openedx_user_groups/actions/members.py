"""Members of a group: reading them, and changing those of a manual group."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from openedx_user_groups.data import GroupState, RefreshTrigger, Violation
from openedx_user_groups.exceptions import (
    InOtherGroup,
    InstantOutOfHistory,
    InvalidInput,
    NotFound,
    NotRefreshable,
    WrongMembershipSource,
)
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.membership import history
from openedx_user_groups.membership.changes import Cause, Delta, apply_delta, member_ids
from openedx_user_groups.membership.exclusivity import elsewhere
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.monitoring import context
from openedx_user_groups.outgoing import outbox
from openedx_user_groups.refresh.intake import answer_later
from openedx_user_groups.refresh.runs import record_manual_run
from openedx_user_groups.refresh.states import set_state
from openedx_user_groups.sets import IdSet

log = logging.getLogger(__name__)

#: How many learners an error lists who are in other groups of a collection. It counts them all.
_MAX_LISTED = 100


@dataclass(frozen=True)
class Mention:
    """Where a request names a learner: the place, and for a row of a file its line and what stands there."""

    pointer: str
    line: int | None = None
    value: str = ""


@dataclass(frozen=True)
class MembersChanged:
    """What a change of a manual group did: how many joined, left, and were as wanted already."""

    added: int
    removed: int
    unchanged: int


def members(group: UserGroup) -> QuerySet[Membership]:
    """The members with their accounts, in the order of user ids."""
    return Membership.objects.filter(user_group=group).select_related("user").order_by("user_id")


def members_at(group: UserGroup, instant: datetime, *, now: datetime | None = None) -> QuerySet[MembershipChange]:
    """Who was in the group at ``instant``: for each, with the account, the change by which they had joined.

    Raises ``InstantOutOfHistory`` for an instant in the future, or before what history still knows.
    """
    now = now or timezone.now()
    if instant > now:
        raise InstantOutOfHistory(_("This point in time is in the future."), reason="future")
    horizon = history.horizon(group, now)
    if horizon is not None and instant < horizon:
        message = _("Who was in the user group is known from %(instant)s on.") % {"instant": horizon.isoformat()}
        raise InstantOutOfHistory(message, reason="forgotten", known_from=horizon.isoformat())
    return history.joined_before(group, instant).select_related("user").order_by("user_id")


def user_id_of(username: str) -> int:
    """The account of exactly this name; 0, which no account has, where there is none."""
    return accounts.by_username([username]).get(username, 0)


def memberships_of(user_id: int) -> QuerySet[Membership]:
    """The live, enabled groups that a learner is in, with the groups."""
    found = Membership.objects.filter(user_id=user_id, user_group__live=True, user_group__is_enabled=True)
    return found.select_related("user_group", "user").order_by("user_group_id")


def membership_changes(group: UserGroup) -> QuerySet[MembershipChange]:
    """Who joined and left, newest first, with accounts and runs."""
    return MembershipChange.objects.filter(user_group=group).select_related("user", "refresh").order_by("-at", "-id")


def add_members(group: UserGroup, learners: Collection[str], *, acting_user: Any) -> MembersChanged:
    """Put learners (user names or e-mail addresses) into a manual group.

    Raises ``InvalidInput`` for anybody who does not exist or is not a learner of the scope, and ``InOtherGroup`` for
    anybody in another group of an exclusive collection: then nobody is added.
    """
    mentions = _resolve(group, learners, in_universe=True)
    ids = IdSet(mentions)
    return change_manual_members(
        group, lambda present: Delta(ids - present, IdSet()), len(ids), acting_user, mentions=mentions
    )


def remove_members(group: UserGroup, learners: Collection[str], *, acting_user: Any) -> MembersChanged:
    """Take learners out of a manual group. Raises ``InvalidInput`` for anybody who does not exist."""
    ids = IdSet(_resolve(group, learners, in_universe=False))
    return change_manual_members(group, lambda present: Delta(IdSet(), ids & present), len(ids), acting_user)


def change_manual_members(
    group: UserGroup,
    difference: Callable[[IdSet], Delta],
    named: int,
    acting_user: Any,
    *,
    trigger: RefreshTrigger = RefreshTrigger.MANUAL,
    mentions: Mapping[int, Mention] | None = None,
) -> MembersChanged:
    """Apply ``difference`` of the present members of a manual group, in one transaction, under its lock.

    ``trigger`` becomes the origin of the memberships that are added; ``mentions`` says where the request names whoever
    may be added, by user id, in its order. Where there is no difference nothing is written, not even who asked for it.

    Raises ``WrongMembershipSource`` for a criteria group, ``NotRefreshable`` for one that is frozen or disabled,
    ``NotFound`` for one that was archived meanwhile, ``InOtherGroup``.
    """
    check_is_manual(group)
    with transaction.atomic():
        lock_scope(group.scope)
        locked = UserGroup.objects.select_for_update().filter(pk=group.pk, live=True).first()
        if locked is None:
            raise NotFound(_("There is no such user group."))
        if not locked.is_in_use:
            raise NotRefreshable(_("The members of a frozen or disabled user group cannot be changed."))
        present = member_ids(locked)
        delta = replace(difference(present), before=len(present))
        _check_exclusive(locked, delta.added, mentions or {})
        if delta:
            run = record_manual_run(locked, trigger, acting_user, len(delta.added), len(delta.removed))
            apply_delta(locked, delta, Cause(trigger, run.requested_at, run.pk))
            outbox.members_changed(run)
            set_state(locked, GroupState.FRESH)
            locked.modified_by = acting_user
            locked.save()
            if locked.exclusive_collection_id is not None:
                answer_later(locked.scope, delta.removed, "collection")  # Another group of it may want them.
    log.info(
        "Members of user group %s changed by user %s: %s added, %s removed.",
        group.uuid, acting_user.pk, len(delta.added), len(delta.removed),
        extra=context(group=group, trigger=trigger),
    )  # fmt: skip
    changed = len(delta.added) + len(delta.removed)
    return MembersChanged(len(delta.added), len(delta.removed), max(named - changed, 0))


def check_is_manual(group: UserGroup) -> None:
    """Raise ``WrongMembershipSource`` for a criteria group: its members are exactly its rule's."""
    if not group.is_manual:
        raise WrongMembershipSource(_("The members of this user group follow from its rule. Edit the rule instead."))


def _check_exclusive(group: UserGroup, added: IdSet, mentions: Mapping[int, Mention]) -> None:
    found = elsewhere(group, added) if added else {}
    if found:
        listed = islice((pk for pk in mentions if pk in found), _MAX_LISTED)
        message = ngettext(
            "%(count)s learner is in another group of this collection: %(names)s.",
            "%(count)s learners are in other groups of this collection: %(names)s.",
            len(found),
        )
        raise InOtherGroup(
            [_in_other_group(mentions[pk], found[pk]) for pk in listed],
            message % {"count": len(found), "names": ", ".join(sorted(set(found.values())))},
        )


def _in_other_group(mention: Mention, name: str) -> Violation:
    params: dict[str, Any] = {"user_group": name}
    message = _("Already in the user group “%(user_group)s” of this collection.")
    if mention.line is not None:
        params |= {"line": mention.line, "value": mention.value}
        message = _("Line %(line)s: %(value)s is already in the user group “%(user_group)s” of this collection.")
    return Violation(mention.pointer, InOtherGroup.code, message % params, params)


def _resolve(group: UserGroup, learners: Collection[str], *, in_universe: bool) -> dict[int, Mention]:
    """The learners, each with the first mention."""
    check_is_manual(group)
    found = accounts.find(learners)
    ids = IdSet(found.values())
    inside = universe_of(group.scope).restricted_to(ids) if in_universe else ids
    violations, mentions = [], dict[int, Mention]()
    for index, learner in enumerate(learners):
        place = f"/learners/{index}"
        if learner not in found:
            message = _("There is no such learner.")
            violations.append(Violation(place, "unknown_learner", message, {"value": learner}))
        elif found[learner] not in inside:
            message = _("This person is not an active learner here.")
            violations.append(Violation(place, "not_in_scope", message, {"value": learner}))
        else:
            mentions.setdefault(found[learner], Mention(place))
    if violations:
        raise InvalidInput(violations)
    return mentions
