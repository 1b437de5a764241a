"""Plain, frozen values that cross the doors of the app. No database access, no behaviour beyond their own shape."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

#: The version of what clients are given: the REST API and the metadata document. Clients ignore keys that they do not
#: know and refuse another major version.
CONTRACT_VERSION = "1.0"

#: The longest time between two refreshes of a group by the schedule, in minutes: a year.
MAX_REFRESH_INTERVAL = 366 * 24 * 60


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


class PreviewState(models.TextChoices):
    """How far a preview has come."""

    WAITED_FOR = "waited_for", _("Running while the client waits")
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    OVER_BUDGET = "over_budget", _("Takes too long")


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
class Unresolved:
    """Something that a copied criterion refers to and that does not exist in its new scope.

    ``field`` is a field of the configuration, or empty where the whole criterion has no place there; ``value`` is what
    the configuration holds, ``label`` what staff read in the scope that it came from.
    """

    field: str
    value: str
    label: str


@dataclass(frozen=True)
class Rebound:
    """A criterion's configuration for another scope, with what could not be carried over."""

    config: dict[str, Any]
    unresolved: tuple[Unresolved, ...] = ()


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
    """Something staff should know about a rule that is valid all the same. ``related`` are other nodes involved."""

    pointer: str
    code: str
    message: Any
    related: tuple[str, ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


class DataUsed(enum.StrEnum):
    """What a criterion's answer at another instant is made from."""

    AS_OF = "as_of"
    CURRENT_DATA = "current_data"


@dataclass(frozen=True)
class LeafData:
    """What one criterion of an evaluation used: it answers for the instant asked for, or with the data of today."""

    pointer: str
    uses: DataUsed


@dataclass(frozen=True)
class ShownValue:
    """A value as staff read it: plain JSON, its unit (``"%"``, ``"days"``), and a text in the active language."""

    value: Any
    unit: str | None
    text: str


@dataclass(frozen=True)
class LearnerValue:
    """One value of a learner. ``recorded`` is when it was written, ``age_days`` how long ago that was, if known."""

    shown: ShownValue
    recorded: datetime | None = None
    age_days: float | None = None


@dataclass(frozen=True)
class Distance:
    """How far a learner's value is from where the answer changes: ``difference`` is the value minus ``threshold``."""

    threshold: ShownValue
    difference: float
    unit: str | None


@dataclass(frozen=True)
class ExplainedCriterion:
    """Why one criterion matches a learner or does not.

    ``values`` are at most a few of the learner's ``value_count`` values; ``counts_as`` stands in where there are none.
    ``tells_values`` is false for a type that only answers yes or no, and where none of the values may be told.
    ``next_change`` is the instant right after which the answer is another, if nothing but time passes.
    ``includes_missing``: it matches because the learner has no value to compare, and those without one are included.
    """

    type: str
    label: str
    operator: str
    values: tuple[LearnerValue, ...]
    value_count: int
    tells_values: bool
    counts_as: ShownValue | None
    distance: Distance | None
    uses: DataUsed
    next_change: datetime | None
    includes_missing: bool = False


@dataclass(frozen=True)
class ExplainedNode:
    """One node of a rule for one learner. ``criterion`` is ``None`` for inner nodes."""

    pointer: str
    matches: bool
    sentence: str
    criterion: ExplainedCriterion | None = None


class Outside(enum.StrEnum):
    """Why somebody is no learner of a scope."""

    NOT_ENROLLED = "not_enrolled"
    INACTIVE_ENROLLMENT = "inactive_enrollment"
    RETIRED_ACCOUNT = "retired_account"
    INACTIVE_ACCOUNT = "inactive_account"


@dataclass(frozen=True)
class PrecedingGroup:
    """The user group that has or gets a learner before another one of the same exclusive ``collection`` (its name)."""

    uuid: UUID
    name: str
    collection: str


@dataclass(frozen=True)
class Explanation:
    """Why a rule matches one learner or does not.

    For somebody who is no learner of the scope, ``outside`` says why, and nothing else is told: no name, no nodes.
    ``next_change`` is when the rule's answer changes if nothing but time passes; ``next_change_known`` is false where a
    criterion cannot tell. ``preceding_group`` is why somebody who matches is still not in the group that is asked
    about.
    """

    as_of: datetime
    username: str | None
    outside: Outside | None
    matches: bool
    sentence: str
    nodes: tuple[ExplainedNode, ...]
    next_change: datetime | None
    next_change_known: bool
    preceding_group: PrecedingGroup | None = None


class PlanKind(enum.StrEnum):
    """How a rule is evaluated. Every plan gives the same set; they differ in cost."""

    STATEMENT = "statement"
    BITMAPS = "bitmaps"


class PreviewDetail(models.TextChoices):
    """How much of a preview is wanted, and paid."""

    COUNT = "count", _("The number of learners")
    FULL = "full", _("The numbers of every part of the rule")


@dataclass(frozen=True)
class NodeCount:
    """What one node of a rule does to the number of learners.

    ``count``: learners of the universe who match the node. ``running``: those whom its parent has after this node, in
    the order of the rule (left over by ``all``, found by ``any``; before the parent is negated); ``None`` for the rule
    itself. Of criteria only: ``without``: how many match the rule once the criterion is removed, ``redundant``: whether
    exactly the same learners then match, ``decisive``: whether the criterion alone empties the group.
    """

    pointer: str
    count: int
    running: int | None = None
    without: int | None = None
    redundant: bool | None = None
    decisive: bool | None = None


@dataclass(frozen=True)
class SampleLearner:
    """One learner of a preview's sample."""

    user_id: int
    username: str


@dataclass(frozen=True)
class DifferencePage:
    """Which part of the difference to a group's members is to be shown with its learners."""

    kind: ChangeKind
    size: int
    offset: int = 0


class MoveCause(models.TextChoices):
    """Why a learner would join or leave a group."""

    RULE = "rule", _("The rule differs from the saved one")
    DATA = "data", _("The learner's data, or the time, moved on")
    UNIVERSE = "universe", _("No longer an active learner here")
    COLLECTION = "collection", _("Another user group of the collection comes first")
    UNKNOWN = "unknown", _("The saved rule cannot be evaluated")


@dataclass(frozen=True)
class CriterionFlip:
    """A criterion that answers for a learner otherwise than its saved form does, both asked now.

    ``pointer`` is its place in the rule that is previewed, ``saved_pointer`` in the saved one; ``None`` where it does
    not stand there, and then there is no answer either.
    """

    pointer: str | None
    saved_pointer: str | None
    saved_answer: bool | None
    answer: bool | None


@dataclass(frozen=True)
class LearnerMove:
    """One learner who would join or leave.

    ``decided_by``: the criteria of the previewed rule that decide about this learner (their pointers).
    ``flips``: what the change of the rule did, where that is the cause.
    ``preceding_group``: which group comes first, where that is the cause.
    """

    user_id: int
    username: str
    cause: MoveCause
    decided_by: tuple[str, ...]
    flips: tuple[CriterionFlip, ...]
    preceding_group: PrecedingGroup | None = None


@dataclass(frozen=True)
class Difference:
    """What a refresh with the previewed rule would do to a group's present members. ``sample``: those asked for.

    ``elsewhere``: who matches and still is not in the group afterwards, because other groups of its collection come
    first.
    """

    added: int
    removed: int
    unchanged: int
    page: DifferencePage | None = None
    sample: tuple[LearnerMove, ...] = ()
    elsewhere: int = 0


@dataclass(frozen=True)
class GroupOverlap:
    """How many of the learners who match are members of another group."""

    uuid: UUID
    name: str
    member_count: int
    learners: int


@dataclass(frozen=True)
class Overlap:
    """The overlap with the other groups of a scope, the largest first; groups without any are left out.

    ``compared`` groups were looked at, those with the most members; ``left_out`` were not.
    """

    groups: tuple[GroupOverlap, ...]
    compared: int
    left_out: int


@dataclass(frozen=True)
class HeldChange:
    """One learner who would join or leave. ``username`` is ``None`` where the account is gone."""

    user_id: int
    username: str | None
    kind: ChangeKind


@dataclass(frozen=True)
class Preview:
    """The answer of a dry run. ``nodes`` follows the rule in reading order, the root first.

    Where only the count was wanted, ``nodes`` has the rule alone and ``universe`` is ``None``. ``difference`` needs a
    saved group, ``overlap`` has to be asked for.
    """

    as_of: datetime
    count: int
    universe: int | None
    plan: PlanKind
    nodes: tuple[NodeCount, ...]
    sample: tuple[SampleLearner, ...]
    warnings: tuple[RuleWarning, ...]
    difference: Difference | None = None
    overlap: Overlap | None = None
    leaves: tuple[LeafData, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """How many match, from a random sample: with 95 % confidence no fewer than ``low`` and no more than ``high``.

    ``sample_size`` learners of the scope were looked at; ``universe`` is how many there are, exact only where all are
    known.
    """

    value: int
    low: int
    high: int
    universe: int
    sample_size: int


@dataclass(frozen=True)
class PreviewOptions:
    """What a preview is asked for beside the rule; see ``actions.previews.preview``."""

    detail: PreviewDetail = PreviewDetail.FULL
    sample_size: int = 0
    sample_offset: int = 0
    difference: DifferencePage | None = None
    overlap: bool = False
    as_of: datetime | None = None


@dataclass(frozen=True)
class PreviewAnswer:
    """What may be said of a preview now: the result, or how far it is, with an estimate where one could be made.

    ``id`` names what goes on in a worker. ``token`` stands for the learners of the result and may be named on saving.
    ``options`` are those that the preview was asked with.
    """

    state: PreviewState
    as_of: datetime
    options: PreviewOptions
    id: UUID | None = None
    preview: Preview | None = None
    token: str | None = None
    estimate: Estimate | None = None
    elapsed_ms: int = 0
    limit_ms: int = 0


@dataclass(frozen=True)
class PinnedMiss:
    """A learner pinned to a group who is not where staff expect them: in (``expected``) or out of it."""

    username: str
    expected: bool
