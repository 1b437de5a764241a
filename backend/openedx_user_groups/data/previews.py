"""What a dry run of a rule is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from .groups import ChangeKind, PrecedingGroup
from .rules import LeafData, PlanKind, RuleWarning


class PreviewState(models.TextChoices):
    """How far a preview has come."""

    WAITED_FOR = "waited_for", _("Running while the client waits")
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    OVER_BUDGET = "over_budget", _("Takes too long")


class PreviewDetail(models.TextChoices):
    """How much of a preview is wanted, and paid."""

    COUNT = "count", _("The number of learners")
    FULL = "full", _("The numbers of every part of the rule")


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
