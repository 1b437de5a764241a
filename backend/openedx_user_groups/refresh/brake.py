"""The brake: a refresh that would remove too many members waits until a person has seen whom.

A wrong edit of a course, a half-loaded table or a source that answers with nothing empties groups without any error.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from openedx_user_groups import settings
from openedx_user_groups.data import GroupState, RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import Delta
from openedx_user_groups.sets import IdSet

from . import leases, schedule
from .models import HeldDifference, Refresh, Slot
from .rules import rules_of
from .states import STATE_FIELDS, set_state

REMOVES_TOO_MANY = "removes_too_many"
#: A person has seen a held difference, and decided that the members stay.
DISCARDED = "difference_discarded"

_HELD_FIELDS = (*STATE_FIELDS, "failure_count", "next_refresh_at")


def stops(group: UserGroup, delta: Delta, confirmed: IdSet | None = None, *, asked: int | None = None) -> bool:
    """Whether ``delta`` removes more members than may leave unasked; ``confirmed`` are those of whom a person has said
    that they may. The numbers are the group's own or the site's (settings ``BRAKE_PERCENT``, ``BRAKE_MINIMUM``).

    ``asked``: how many of the members were looked at, where these are not all: as many leave of the others."""
    leaving = len(delta.removed) if confirmed is None else len(delta.removed - confirmed)
    percent = group.max_removal_percent
    if percent is None:
        percent = settings.get("BRAKE_PERCENT")
    members = group.member_count if asked is None else asked
    of_all = leaving if asked is None else leaving * group.member_count / max(asked, 1)
    return bool(of_all >= settings.get("BRAKE_MINIMUM") and leaving * 100 > members * percent)


def stops_run(refresh: Refresh, group: UserGroup, delta: Delta) -> bool:
    """The same for a run."""
    if follows_decision(refresh, group):
        return False
    return bool(delta.removed) and stops(group, delta, _confirmed_by(refresh))


def follows_decision(refresh: Refresh, group: UserGroup) -> bool:
    """Whether a person has just decided what the members of ``group`` are to be, so that the run is free (ADR 14).

    The first run that succeeds after a change of the rule, however often it was tried; and what follows the change of
    a collection, unless a difference of the group waits for another decision, or a person has discarded one.
    """
    if group.members_rule_version != group.rule_version:
        return True
    decided = group.state == GroupState.HELD or group.state_code == DISCARDED
    return refresh.trigger == RefreshTrigger.RULE_CHANGE and not decided


def hold(refresh: Refresh, group: UserGroup, delta: Delta) -> None:
    """Keep the difference instead of writing it. The caller holds scope and group in a transaction."""
    message = _("A refresh would remove %(removed)s of %(members)s members. Confirm or discard it.") % {
        "removed": len(delta.removed),
        "members": group.member_count,
    }
    release(group, RefreshState.CANCELLED)  # The newer difference takes the place of the older one.
    set_state(group, GroupState.HELD, REMOVES_TOO_MANY, message)
    group.failure_count, group.next_refresh_at = 0, None
    group.save(update_fields=_HELD_FIELDS)
    HeldDifference.objects.create(refresh=refresh, added=_compressed(delta.added), removed=_compressed(delta.removed))
    leases.close(
        refresh,
        RefreshState.HELD,
        slot=Slot.HELD,
        as_of=refresh.as_of,
        plan=refresh.plan,
        member_count=group.member_count,
        error_code=REMOVES_TOO_MANY,
        error_message=message,
    )


def release(group: UserGroup, state: RefreshState) -> bool:
    """Close the run that is held for ``group`` with ``state``, and forget its difference. Whether there was one."""
    held = Refresh.objects.filter(user_group=group, slot=Slot.HELD)
    HeldDifference.objects.filter(refresh__in=held.values("pk")).delete()
    return bool(held.update(slot=None, state=state))


def discard(group: UserGroup, now: datetime) -> None:
    """Leave the members as they are, and the schedule to try again after its usual time. Same caller's duties."""
    release(group, RefreshState.DISCARDED)
    message = _("The last refresh was discarded. The members are those from before.")
    set_state(group, GroupState.STALE, DISCARDED, message)
    group.next_refresh_at = now + schedule.usual_interval(group, rules_of([group]).get(group.pk))
    group.save(update_fields=_HELD_FIELDS)


def difference(refresh: Refresh) -> Delta | None:
    """Who would join and leave if a held run were carried out. ``None`` for a run that is not held."""
    kept = HeldDifference.objects.filter(refresh=refresh).first()
    if kept is None:
        return None
    return Delta(IdSet.deserialize(bytes(kept.added)), IdSet.deserialize(bytes(kept.removed)))


def _confirmed_by(refresh: Refresh) -> IdSet | None:
    seen = difference(refresh.confirms) if refresh.confirms else None
    return seen.removed if seen else None


def _compressed(ids: IdSet) -> bytes:
    return bytes(ids.serialize())
