"""Who works on which run, so that a group has one run at a time and a run that dies is taken over.

The database decides: of each slot (waiting, running, held) a group has one run at most (a unique index). A worker that
claims a run writes a token into it, and holds it until its lease ends. Whatever the worker writes for the run carries
the token as a condition: a run that was cancelled, or that somebody else took over meanwhile, writes nothing.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from openedx_user_groups import settings
from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import DatabaseBusy
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.monitoring import measure

from .models import HeldDifference, Refresh, Slot

#: Times that a place in the queue is tried for while workers take what is in it.
_ATTEMPTS_TO_QUEUE = 10


class LeaseLost(Exception):
    """The run was cancelled, or somebody else has taken it over. Write nothing for it."""


def open_run(
    group: UserGroup,
    slot: Slot,
    *,
    trigger: RefreshTrigger,
    requested_by: Any = None,
    confirms: Refresh | None = None,
) -> tuple[Refresh, bool]:
    """A new run of ``group`` in ``slot``, or the one that has the place; and whether it is new.

    Where a run waits already, a request by a person makes it that person's.
    """
    for _attempt in range(_ATTEMPTS_TO_QUEUE):
        wanted = new_run(group, slot, trigger=trigger, requested_by=requested_by, confirms=confirms)
        # One statement that leaves the transaction usable where the place is taken.
        Refresh.objects.bulk_create([wanted], ignore_conflicts=True)
        found = Refresh.objects.filter(user_group=group, slot=slot).select_related("user_group").first()
        if found is None:  # It was taken, and is free again.
            continue
        if found.uuid == wanted.uuid:
            found.requested_by, found.confirms = requested_by, confirms
            return found, True
        if slot != Slot.QUEUED or _join(found, trigger, requested_by, confirms):
            return found, False
    raise DatabaseBusy()


def new_run(
    group: UserGroup,
    slot: Slot,
    *,
    trigger: RefreshTrigger,
    requested_by: Any = None,
    confirms: Refresh | None = None,
    as_of: datetime | None = None,
) -> Refresh:
    """A run that is not saved. One in the slot ``running`` belongs to whoever made it."""
    now = timezone.now()
    refresh = Refresh(
        user_group=group,
        slot=slot,
        trigger=trigger,
        requested_by=requested_by,
        confirms=confirms,
        requested_at=now,
        sent_at=now,
        as_of=as_of,
        rule_version=group.rule_version,
    )
    if slot == Slot.RUNNING:
        refresh.state, refresh.started_at, refresh.attempts = RefreshState.RUNNING, now, 1
        refresh.claim_token, refresh.lease_until = uuid.uuid4(), _lease_from(now)
    return refresh


def claim(refresh_id: int) -> Refresh | None:
    """Take a run that waits. ``None`` where it does not wait any more, or another run of its group is not over."""
    now = timezone.now()
    version = UserGroup.objects.filter(pk=OuterRef("user_group_id")).values("rule_version")
    try:
        with transaction.atomic():
            claimed = Refresh.objects.filter(pk=refresh_id, slot=Slot.QUEUED).update(
                slot=Slot.RUNNING,
                state=RefreshState.RUNNING,
                started_at=now,
                claim_token=uuid.uuid4(),
                lease_until=_lease_from(now),
                attempts=F("attempts") + 1,
                # The schedule may have queued it with what it read before an edit.
                rule_version=Subquery(version),
            )
    except IntegrityError:  # The group has its place for a running one taken.
        return None
    return Refresh.objects.select_related("user_group", "confirms").get(pk=refresh_id) if claimed else None


def renew(refresh: Refresh) -> None:
    """Say that the run is alive. Raises ``LeaseLost``."""
    refresh.lease_until = _lease_from(timezone.now())
    if not _held_by(refresh).update(lease_until=refresh.lease_until):
        raise LeaseLost()


def requeue(refresh: Refresh, now: datetime) -> None:
    """Have a run wait again whose lease has ended. Raises ``LeaseLost`` where it was renewed or is over meanwhile, and
    ``IntegrityError`` where another run of the group waits."""
    again = {"slot": Slot.QUEUED, "state": RefreshState.QUEUED, "claim_token": None, "lease_until": None}
    if not _held_by(refresh).filter(lease_until__lt=now).update(sent_at=now, **again):
        raise LeaseLost()


def close(refresh: Refresh, state: RefreshState, *, slot: Slot | None = None, **values: Any) -> None:
    """Record how a run went; in the transaction that writes its result, as its last statement.

    Raises ``LeaseLost``, upon which that transaction must be rolled back.
    """
    values |= {"state": state, "slot": slot, "finished_at": timezone.now()}
    if not _held_by(refresh).update(claim_token=None, lease_until=None, **values):
        raise LeaseLost()
    for name, value in values.items():
        setattr(refresh, name, value)
    _measure_once_committed(refresh)


def cancel_runs(group: UserGroup) -> None:
    """Cancel whatever waits, runs or is held for ``group``: its rule changed, or it is not in use any more.

    The caller holds the scope and the group in a transaction. A worker that has such a run notices before it writes.
    """
    open_runs = Refresh.objects.filter(user_group=group, slot__isnull=False)
    HeldDifference.objects.filter(refresh__in=open_runs.filter(slot=Slot.HELD).values("pk")).delete()
    now = timezone.now()
    for refresh in open_runs.exclude(slot=Slot.HELD):  # A held run had come to its end before.
        refresh.state, refresh.finished_at = RefreshState.CANCELLED, now
        _measure_once_committed(refresh)
    open_runs.update(slot=None, claim_token=None, lease_until=None, state=RefreshState.CANCELLED, finished_at=now)


def _join(waiting: Refresh, trigger: RefreshTrigger, requested_by: Any, confirms: Refresh | None) -> bool:
    """Whether the run still waits, so that the request is answered by it."""
    # Who asks is answered for the time of asking, not for an instant that the schedule chose before.
    wanted = {"trigger": trigger, "requested_by": requested_by, "confirms": confirms or waiting.confirms, "as_of": None}
    by_a_person = (RefreshTrigger.MANUAL, RefreshTrigger.RULE_CHANGE)
    # A change of the rule or of the collection is more than a wish to refresh: the brake knows it by the trigger.
    weaker = trigger not in by_a_person or waiting.trigger in (trigger, RefreshTrigger.RULE_CHANGE)
    same = confirms is None and weaker
    still_waiting = Refresh.objects.filter(pk=waiting.pk, slot=Slot.QUEUED)
    if same:
        return still_waiting.exists()
    for name, value in wanted.items():
        setattr(waiting, name, value)
    return bool(still_waiting.update(**wanted))


def _held_by(refresh: Refresh) -> Any:
    return Refresh.objects.filter(pk=refresh.pk, claim_token=refresh.claim_token, slot=Slot.RUNNING)


def _measure_once_committed(refresh: Refresh) -> None:
    transaction.on_commit(lambda: _measure(refresh), robust=True)


def _measure(refresh: Refresh) -> None:
    """Tell those who watch the app how a run went."""
    trigger, state = str(refresh.trigger), str(refresh.state)
    measure("refresh.finished", trigger=trigger, state=state, error=refresh.error_code)
    if refresh.started_at and refresh.finished_at:
        seconds = (refresh.finished_at - refresh.started_at).total_seconds()
        measure("refresh.seconds", seconds, trigger=trigger, state=state)


def _lease_from(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.get("LEASE_SECONDS"))
