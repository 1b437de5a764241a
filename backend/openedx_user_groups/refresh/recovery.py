"""Runs that nobody works on: their worker died, or the message that should have brought them to one is lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from openedx_user_groups import settings
from openedx_user_groups.data import RefreshState
from openedx_user_groups.groups.workers import has_workers
from openedx_user_groups.monitoring import context

from . import leases
from .dispatch import send
from .models import Refresh, Slot
from .runs import ABANDONED, give_up

log = logging.getLogger(__name__)


def recover_dead_runs(now: datetime) -> int:
    """Queue the runs again whose lease has ended; how many.

    Only so many are under way for a second time at once (setting ``RECOVERY_LIMIT``): what killed them may kill again.
    One that died too often is given up; its group says so, and is refreshed by the schedule later.
    """
    waiting_again = Q(slot=Slot.QUEUED, attempts__gte=1)
    running_again = Q(slot=Slot.RUNNING, attempts__gte=2, lease_until__gte=now)
    room = settings.get("RECOVERY_LIMIT") - Refresh.objects.filter(waiting_again | running_again).count()
    dead = Refresh.objects.filter(slot=Slot.RUNNING, lease_until__lt=now).select_related("user_group")
    recovered = 0
    for refresh in dead.order_by("lease_until", "pk")[: max(room, 0)]:
        log.warning(
            "Refresh %s of user group %s died.", refresh.uuid, refresh.user_group.uuid,
            extra=context(group=refresh.user_group, refresh=refresh),
        )  # fmt: skip
        try:
            recovered += _take_over(refresh, now)
        except leases.LeaseLost:  # It was alive, or is cancelled.
            continue
    return recovered


def resend_lost_runs(now: datetime) -> int:
    """Send the queued runs again that nobody took for long (setting ``RESEND_SECONDS``); how many."""
    if not has_workers():
        return 0
    sent_before = now - timedelta(seconds=settings.get("RESEND_SECONDS"))
    lost = list(
        Refresh.objects.filter(slot=Slot.QUEUED, sent_at__lt=sent_before).order_by("sent_at", "pk")[
            : settings.get("SCHEDULE_LIMIT")
        ]
    )
    Refresh.objects.filter(pk__in=[refresh.pk for refresh in lost], slot=Slot.QUEUED).update(sent_at=now)
    for refresh in lost:
        send(refresh)
    return len(lost)


def _take_over(refresh: Refresh, now: datetime) -> int:
    """Queue a dead run again, or close it; 1 if it was queued. Raises ``LeaseLost``."""
    if refresh.attempts >= settings.get("MAX_ATTEMPTS"):
        give_up(refresh)
        return 0
    try:
        with transaction.atomic():
            leases.requeue(refresh, now)
    except IntegrityError:  # A later request waits: that one takes its place.
        leases.close(refresh, RefreshState.CANCELLED, error_code=ABANDONED)
        refresh = Refresh.objects.filter(user_group=refresh.user_group_id, slot=Slot.QUEUED).first() or refresh
    send(refresh)
    return 1
