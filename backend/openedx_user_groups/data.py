"""Plain, frozen values that cross the doors of the app. No database access, no behaviour beyond their own shape."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey


class ScopeType(models.TextChoices):
    """How far a group reaches."""

    COURSE = "course", _("Course")
    ORGANIZATION = "organization", _("Organization")
    INSTANCE = "instance", _("Whole site")


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


class Combine(models.TextChoices):
    """How an inner node of a rule combines its nodes."""

    ALL = "all", _("all of these")
    ANY = "any", _("any of these")


class RefreshTrigger(models.TextChoices):
    """Why a refresh ran."""

    MANUAL = "manual", _("By hand")
    SCHEDULE = "schedule", _("Schedule")
    EVENT = "event", _("Event")
    RULE_CHANGE = "rule_change", _("Rule changed")
    IMPORT = "import", _("Import")
    RERUN = "rerun", _("Course re-run")


class RefreshState(models.TextChoices):
    """How far a refresh has come."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class ChangeKind(models.TextChoices):
    """What a row of membership history says."""

    ADDED = "added", _("Joined")
    REMOVED = "removed", _("Left")


@dataclass(frozen=True)
class Scope:
    """The place a group belongs to: one course, one organization or the whole instance.

    ``key`` is the course key, the organization's short name, or ``""`` for the instance.
    """

    type: ScopeType
    key: str = ""

    @classmethod
    def parse(cls, scope_type: str, key: str = "") -> Scope:
        """Build a scope from text. Raises ``ValueError`` with the name of the bad part: ``"type"`` or ``"key"``."""
        if scope_type not in ScopeType.values:
            raise ValueError("type")
        scope_type = ScopeType(scope_type)
        if scope_type == ScopeType.COURSE:
            key = _course_run(key)
        elif (scope_type == ScopeType.INSTANCE) == bool(key):
            raise ValueError("key")
        if len(key) > 255 or not key.isprintable():
            raise ValueError("key")
        return cls(scope_type, key)

    @classmethod
    def course(cls, key: str | CourseKey) -> Scope:
        """The scope of one course."""
        return cls.parse(ScopeType.COURSE, str(key))

    @property
    def course_key(self) -> CourseKey:
        """The parsed course key. Raises ``ValueError`` for other scopes."""
        if self.type != ScopeType.COURSE:
            raise ValueError(f"A {self.type} scope has no course key.")
        return CourseKey.from_string(self.key)

    def __str__(self) -> str:
        return f"{self.type}:{self.key}" if self.key else str(self.type)


def _course_run(text: str) -> str:
    """The key of one course run; not of a library, nor of a branch or version of a course, which have no learners."""
    try:
        key = CourseKey.from_string(text)
    except InvalidKeyError:
        raise ValueError("key") from None
    if not key.is_course or getattr(key, "branch", None) or getattr(key, "version_guid", None):
        raise ValueError("key")
    return str(key)


@dataclass(frozen=True)
class Violation:
    """One broken rule of the input: where (JSON pointer into the request), which (stable code), in words, with
    numbers."""

    pointer: str
    code: str
    message: Any
    params: Mapping[str, Any] = field(default_factory=dict)

    def under(self, prefix: str) -> Violation:
        """The same violation, seen from an enclosing document."""
        return Violation(prefix + self.pointer, self.code, self.message, self.params)


@dataclass(frozen=True)
class RuleWarning:
    """Something staff should know about a rule that is valid all the same."""

    pointer: str
    code: str
    message: Any


class PlanKind(enum.StrEnum):
    """How a rule is evaluated. Every plan gives the same set; they differ in cost."""

    STATEMENT = "statement"
    BITMAPS = "bitmaps"


@dataclass(frozen=True)
class NodeCount:
    """How many learners of the universe one node of a rule matches."""

    pointer: str
    count: int


@dataclass(frozen=True)
class SampleLearner:
    """One learner of a preview's sample."""

    user_id: int
    username: str


@dataclass(frozen=True)
class Preview:
    """The answer of a dry run. ``nodes`` follows the rule in reading order, the root first."""

    as_of: datetime
    count: int
    universe: int
    plan: PlanKind
    nodes: tuple[NodeCount, ...]
    sample: tuple[SampleLearner, ...]
    warnings: tuple[RuleWarning, ...]
