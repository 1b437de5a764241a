"""Questions to the history of memberships, and what of it may be deleted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from openedx_user_groups import settings
from openedx_user_groups.data import ChangeKind
from openedx_user_groups.groups.models import UserGroup

from .models import MembershipChange


def joined_before(group: UserGroup, instant: datetime) -> QuerySet[MembershipChange]:
    """The last changes up to ``instant``, inclusive, of those learners who had joined by it: one row a member."""
    known = MembershipChange.objects.filter(user_group=group, at__lte=instant)
    return known.filter(~Exists(_later(until=Q(at__lte=instant))), kind=ChangeKind.ADDED)


def with_last_change(groups: QuerySet[Any]) -> QuerySet[Any]:
    """The groups with the latest instant of their changes (``last_change_at``): one entry of an index for each."""
    changes = MembershipChange.objects.filter(user_group=OuterRef("pk")).order_by("-at", "-id")
    found: QuerySet[Any] = groups.annotate(last_change_at=Subquery(changes.values("at")[:1]))
    return found


def superseded(group: UserGroup, cutoff: datetime) -> QuerySet[MembershipChange]:
    """The changes that no question from ``cutoff`` on needs: all before it, but for the joining of whoever was in then.

    Delete them in the order of (at, id) only: whoever leaves out the older one of two brings it back to life.
    """
    before = MembershipChange.objects.filter(user_group=group, at__lt=cutoff)
    return before.filter(Exists(_later(until=Q(at__lt=cutoff))) | Q(kind=ChangeKind.REMOVED))


def retention_cutoff(now: datetime) -> datetime | None:
    """Before when the site keeps no history; ``None`` if it keeps all of it."""
    days = settings.get("HISTORY_RETENTION_DAYS")
    return None if days is None else now - timedelta(days=days)


def horizon(group: UserGroup, now: datetime) -> datetime | None:
    """From when on history answers for the group; ``None`` for as long as there is one."""
    limits = [limit for limit in (retention_cutoff(now), group.history_from) if limit is not None]
    return max(limits, default=None)


def _later(until: Q) -> QuerySet[MembershipChange]:
    """Later changes of the same learner in the same group. Serves the index ``user_groups_history_of_user``."""
    same = MembershipChange.objects.filter(user_group=OuterRef("user_group"), user=OuterRef("user"))
    after = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), id__gt=OuterRef("id"))
    return same.filter(after, until)
