"""Pinned examples: learners of whom staff say that they must be in a group, or must not be.

They are looked at whenever somebody is told who is in the group, and change nothing. Those of an account that the
platform has retired, or deleted, go with the account.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from openedx_user_groups.data import PinnedMiss
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.sets import IdSet

from .models import Membership, PinnedExample


@dataclass(frozen=True)
class Pinned:
    """One pinned learner as the checks need it."""

    id: int
    user_id: int
    username: str
    expected: bool


def examples_of(group: UserGroup) -> QuerySet[Any, Any]:
    """The pinned examples with their accounts and whether each is a member now (``is_member``), oldest first."""
    own = PinnedExample.objects.filter(user_group=group).exclude(user__username__startswith=accounts.retired_prefix())
    return own.annotate(is_member=_is_member()).select_related("user", "created_by").order_by("pk")


def pinned_learners(group: UserGroup) -> list[Pinned]:
    """Who is pinned, in the order in which they were."""
    rows = PinnedExample.objects.filter(user_group=group).order_by("pk")
    return [Pinned(*row) for row in rows.values_list("pk", "user_id", "user__username", "expected")]


def missed(pinned: Iterable[Pinned], members: IdSet) -> list[PinnedMiss]:
    """Those who are not where they are expected if exactly ``members`` are in the group."""
    return [
        PinnedMiss(example.username, example.expected)
        for example in pinned
        if (example.user_id in members) != example.expected and not accounts.is_retired(example.username)
    ]


def forget_retired(pinned: Iterable[Pinned]) -> None:
    """Delete the examples of accounts that the platform has retired."""
    retired = [example.id for example in pinned if accounts.is_retired(example.username)]
    if retired:
        PinnedExample.objects.filter(pk__in=retired).delete()


def missed_counts(groups: Collection[UserGroup]) -> dict[int, int]:
    """How many pinned learners are not where they are expected, by group; those without any are left out."""
    pinned = PinnedExample.objects.filter(user_group__in=[group.pk for group in groups])
    pinned = pinned.exclude(user__username__startswith=accounts.retired_prefix()).annotate(is_member=_is_member())
    missed = pinned.filter(Q(expected=True, is_member=False) | Q(expected=False, is_member=True))
    counts = missed.order_by().values("user_group").annotate(number=Count("pk"))
    return dict(counts.values_list("user_group", "number"))


def _is_member() -> Exists:
    return Exists(Membership.objects.filter(user_group=OuterRef("user_group"), user=OuterRef("user")))
