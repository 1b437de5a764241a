"""Deleting what the site need not keep: old history, old runs, delivered messages.

What is left answers every question from the cutoff on as before, and still adds up to today's members.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from openedx_user_groups import settings
from openedx_user_groups.data import OutboxState, RefreshState
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership import history
from openedx_user_groups.membership.models import MembershipChange
from openedx_user_groups.monitoring import measure
from openedx_user_groups.outgoing.models import OutboxMessage

from .models import Refresh

#: Rows deleted by one statement: SQLite takes few values in one, and no lock should be held for long.
_CHUNK = 500

_FINISHED = (
    RefreshState.SUCCEEDED,
    RefreshState.FAILED,
    RefreshState.CANCELLED,
    RefreshState.CONFIRMED,
    RefreshState.DISCARDED,
)


@dataclass(frozen=True)
class CleanedUp:
    """How many rows were deleted, or would be."""

    changes: int
    runs: int
    messages: int


def clean_up(
    *,
    now: datetime | None = None,
    dry_run: bool = False,
    at_most: int | None = None,
    progress: Callable[[str, int], None] = lambda what, count: None,
) -> CleanedUp:
    """Delete what is older than the settings ``…_RETENTION_DAYS`` say, chunk by chunk, each on its own.

    Safe to interrupt and to run twice at once.

    Args:
        dry_run: only count. at_most: rows of each kind; for a regular clean-up that must not take long.
        progress: called after each chunk with what is deleted and how many so far.
    """
    now = now or timezone.now()
    parts: dict[str, Iterator[int]] = {
        "changes": _delete_changes(now, dry_run),
        "messages": _delete_messages(now, dry_run),
        "runs": _delete_runs(now, dry_run),
    }
    counts = dict.fromkeys(parts, 0)
    for what, chunks in parts.items():
        for size in chunks:
            counts[what] += size
            progress(what, counts[what])
            if at_most is not None and counts[what] >= at_most:
                break
        if counts[what] and not dry_run:
            measure("retention.deleted", counts[what], what=what)
    return CleanedUp(**counts)


def clean_up_some(now: datetime | None = None) -> CleanedUp:
    """A step of the regular upkeep: ten thousand rows of each kind at most."""
    return clean_up(now=now, at_most=10_000)


def _delete_changes(now: datetime, dry_run: bool) -> Iterator[int]:
    limit = history.retention_cutoff(now)
    if limit is None:
        return
    old = MembershipChange.objects.filter(user_group=OuterRef("pk"), at__lt=limit)
    for group in UserGroup.objects.filter(Exists(old)).order_by("pk").only("pk", "history_from"):
        # Only ever the beginning of a history goes: what is left has to add up.
        cutoff = min(limit, _first_untold(group) or limit)
        rows = history.superseded(group, cutoff).order_by("at", "id")
        if dry_run:
            yield rows.count()
            continue
        if group.history_from is None or group.history_from < cutoff:
            # First of all: from here on nobody may ask for an earlier day.
            UserGroup.objects.filter(pk=group.pk).update(history_from=cutoff)
        yield from _delete_in_order(rows)


def _first_untold(group: UserGroup) -> datetime | None:
    """When the first change took place of which a message is still to be sent, or may be; ``None`` if there is none.

    The message names the run only: whoever follows the group would never hear of a change that is deleted before.
    """
    untold = OutboxMessage.objects.filter(_may_be_sent(), user_group=group, refresh__isnull=False).values("refresh_id")
    at: datetime | None = MembershipChange.objects.filter(refresh__in=untold).aggregate(at=Min("at"))["at"]
    return at


def _delete_in_order(rows: QuerySet[MembershipChange]) -> Iterator[int]:
    """Delete changes, the oldest first (see ``history.superseded``), passing over each row once."""
    after = Q()
    while page := list(rows.filter(after).values_list("at", "id")[:_CHUNK]):
        _delete(MembershipChange, [pk for _at, pk in page])
        yield len(page)
        at, pk = page[-1]
        after = Q(at__gt=at) | Q(at=at, id__gt=pk)


def _delete_runs(now: datetime, dry_run: bool) -> Iterator[int]:
    cutoff = _cutoff("RUN_RETENTION_DAYS", now)
    if cutoff is None:
        return
    newer = Refresh.objects.filter(user_group=OuterRef("user_group"), requested_at__gt=OuterRef("requested_at"))
    told = OutboxMessage.objects.filter(_may_be_sent(), refresh=OuterRef("pk"))
    rows = Refresh.objects.filter(Exists(newer), ~Exists(told), requested_at__lt=cutoff, state__in=_FINISHED)
    yield from _delete_all(rows, dry_run)


def _delete_messages(now: datetime, dry_run: bool) -> Iterator[int]:
    cutoff = _cutoff("OUTBOX_RETENTION_DAYS", now)
    if cutoff is not None:
        delivered = OutboxMessage.objects.filter(state=OutboxState.DELIVERED, next_attempt_at__lt=cutoff)
        yield from _delete_all(delivered.exclude(_may_be_sent()), dry_run)


def _may_be_sent() -> Q:
    """Messages that are still to be sent, or may be: those after one of their group that was given up are sent again
    when that is (``delivery.retry_dead``)."""
    before = OutboxMessage.objects.filter(user_group=OuterRef("user_group"), pk__lt=OuterRef("pk"))
    return ~Q(state=OutboxState.DELIVERED) | Q(Exists(before.filter(state=OutboxState.DEAD)))


def _delete_all(rows: QuerySet[Any], dry_run: bool) -> Iterator[int]:
    if dry_run:
        yield rows.count()
        return
    last = 0
    while ids := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_CHUNK]):
        _delete(rows.model, ids)
        yield len(ids)
        last = ids[-1]


def _delete(model: Any, ids: list[int]) -> None:
    model._base_manager.filter(pk__in=ids).delete()


def _cutoff(setting: str, now: datetime) -> datetime | None:
    days = settings.get(setting)
    return None if days is None else now - timedelta(days=days)
