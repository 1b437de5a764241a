"""What is said of user groups and of what happens to them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

#: The longest time between two refreshes of a group by the schedule, in minutes: a year.
MAX_REFRESH_INTERVAL = 366 * 24 * 60


class MembershipSource(models.TextChoices):
    """What decides who is in a group."""

    CRITERIA = "criteria", _("Criteria")
    MANUAL = "manual", _("List of learners")


class GroupState(models.TextChoices):
    """What staff are told about a group's members."""

    FRESH = "fresh", _("Up to date")
    REFRESHING = "refreshing", _("Refreshing")
    STALE = "stale", _("Out of date")
    HELD = "held", _("Waiting for confirmation")
    UNEVALUABLE = "unevaluable", _("Cannot be evaluated")
    FROZEN = "frozen", _("Frozen")
    DISABLED = "disabled", _("Disabled")


class RefreshTrigger(models.TextChoices):
    """Why a refresh ran."""

    MANUAL = "manual", _("By hand")
    SCHEDULE = "schedule", _("Schedule")
    EVENT = "event", _("Event")
    RULE_CHANGE = "rule_change", _("Rule changed")
    IMPORT = "import", _("Import")
    RERUN = "rerun", _("Course re-run")
    RECONCILE = "reconcile", _("Check against the rule")


class RefreshState(models.TextChoices):
    """How far a refresh has come."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    HELD = "held", _("Waiting for confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    DISCARDED = "discarded", _("Discarded")


class ChangeKind(models.TextChoices):
    """What a row of membership history says."""

    ADDED = "added", _("Joined")
    REMOVED = "removed", _("Left")


@dataclass(frozen=True)
class HeldChange:
    """One learner who would join or leave. ``username`` is ``None`` where the account is gone."""

    user_id: int
    username: str | None
    kind: ChangeKind


class DefinitionChangeKind(models.TextChoices):
    """What happened to the definition of a group."""

    CREATED = "created", _("Created")
    COPIED = "copied", _("Created as a copy")
    CHANGED = "changed", _("Changed")
    ARCHIVED = "archived", _("Archived")


class OutboxState(models.TextChoices):
    """How far an outgoing message has come."""

    PENDING = "pending", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    DEAD = "dead", _("Given up")


@dataclass(frozen=True)
class PrecedingGroup:
    """The user group that has or gets a learner before another one of the same exclusive ``collection`` (its name)."""

    uuid: UUID
    name: str
    collection: str


@dataclass(frozen=True)
class PinnedMiss:
    """A learner pinned to a group who is not where staff expect them: in (``expected``) or out of it."""

    username: str
    expected: bool
