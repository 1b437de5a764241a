"""The runs of a group: reading them, asking for one, and deciding about one that is held."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import ChangeKind, HeldChange, RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import NotFound, NotHeld
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import Delta
from openedx_user_groups.monitoring import context
from openedx_user_groups.refresh import brake
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.sets import IdSet

log = logging.getLogger(__name__)


class HeldChanges:
    """Who would leave and join, in that order and by user id: countable and sliceable, so that it can be paged."""

    def __init__(self, delta: Delta, kind: ChangeKind | None) -> None:
        self._removed = delta.removed if kind != ChangeKind.ADDED else IdSet()
        self._added = delta.added if kind != ChangeKind.REMOVED else IdSet()

    def __len__(self) -> int:
        return len(self._removed) + len(self._added)

    def __getitem__(self, part: slice) -> list[HeldChange]:
        start, stop = part.start or 0, part.stop if part.stop is not None else len(self)
        left = len(self._removed)
        removed, added = self._removed[start:stop], self._added[max(start - left, 0) : max(stop - left, 0)]
        names = accounts.usernames([*removed, *added])
        kinds = ((ChangeKind.REMOVED, removed), (ChangeKind.ADDED, added))
        return [HeldChange(pk, names.get(pk), kind) for kind, ids in kinds for pk in ids]


def refreshes(group: UserGroup) -> QuerySet[Refresh]:
    """The runs of a group, newest first."""
    return Refresh.objects.filter(user_group=group).select_related("requested_by").order_by("-requested_at", "-id")


def get_refresh(group: UserGroup, uuid: UUID) -> Refresh:
    """One run of a group. Raises ``NotFound``."""
    refresh = refreshes(group).filter(uuid=uuid).first()
    if refresh is None:
        raise NotFound(_("This user group has no such refresh."))
    return refresh


def refresh_now(group: UserGroup, *, acting_user: Any) -> Refresh:
    """Have the members of ``group`` computed again. Returns the run, finished where there is no broker.

    Raises ``WrongMembershipSource``, ``NotRefreshable`` and ``DatabaseBusy``.
    """
    return request_refresh(group, RefreshTrigger.MANUAL, acting_user)


def held_changes(group: UserGroup, uuid: UUID, kind: ChangeKind | None = None) -> HeldChanges:
    """Who would leave and join if a held run were carried out. Raises ``NotFound`` and ``NotHeld``."""
    delta = brake.difference(get_refresh(group, uuid))
    if delta is None:
        raise NotHeld()
    return HeldChanges(delta, kind)


def confirm_refresh(group: UserGroup, uuid: UUID, *, acting_user: Any) -> Refresh:
    """Let the members go whom a held run would remove. Returns the run that does it.

    The rule is evaluated again: the run removes those who were shown, as far as they still do not match, and others
    only as far as the brake lets them. It is held anew where there are more.

    Raises ``NotFound``, ``NotHeld`` and what :func:`refresh_now` raises.
    """
    held = get_refresh(group, uuid)
    if held.state != RefreshState.HELD:
        raise NotHeld()
    about = context(group=group, refresh=held)
    log.info("Refresh %s of user group %s confirmed by user %s.", uuid, group.uuid, acting_user.pk, extra=about)
    return request_refresh(group, RefreshTrigger.MANUAL, acting_user, confirms=held)


def discard_refresh(group: UserGroup, uuid: UUID, *, acting_user: Any) -> None:
    """Leave the members as they are, and the schedule to try again. Raises ``NotFound`` and ``NotHeld``."""
    with transaction.atomic():
        lock_scope(group.scope)
        locked = UserGroup.objects.select_for_update().get(pk=group.pk)
        held = get_refresh(group, uuid)
        if held.state != RefreshState.HELD:
            raise NotHeld()
        brake.discard(locked, timezone.now())
    about = context(group=group, refresh=held)
    log.info("Refresh %s of user group %s discarded by user %s.", uuid, group.uuid, acting_user.pk, extra=about)
