"""What operators ask: which groups are in trouble, and whether the machinery keeps up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from openedx_user_groups.data import GroupState, MembershipSource
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.refresh import brake
from openedx_user_groups.refresh.health import Health, look

from .descriptions import describe

_PAGE = 200

#: Codes of states that are no trouble: they pass by themselves, or a person has decided so.
_NO_TROUBLE = frozenset({"", "awaiting_refresh", brake.DISCARDED})


@dataclass(frozen=True)
class Trouble:
    """A group that cannot be brought up to date, and why."""

    group: UserGroup
    state: GroupState
    code: str
    message: str
    pointer: str


def health(now: datetime | None = None) -> dict[str, Health]:
    """The state of each part of the machinery."""
    return look(now or timezone.now())


def groups_in_trouble(groups: QuerySet[Any, Any] | None = None) -> Iterator[Trouble]:
    """Live groups that cannot be evaluated, or whose last refresh failed, from what is stored and installed now.

    ``groups`` narrows them; by default all are looked at, a few hundred at a time.
    """
    wanted = UserGroup.objects.live() if groups is None else groups
    wanted = wanted.filter(membership_source=MembershipSource.CRITERIA).order_by("pk")
    last = 0
    while page := list(wanted.filter(pk__gt=last)[:_PAGE]):
        last = page[-1].pk
        for detail in describe(page):
            reason = detail.state_reason or {}
            if detail.state in (GroupState.UNEVALUABLE, GroupState.STALE) and reason.get("code") not in _NO_TROUBLE:
                yield Trouble(
                    detail.group,
                    detail.state,
                    reason.get("code", ""),
                    reason.get("message", ""),
                    reason.get("pointer", ""),
                )
