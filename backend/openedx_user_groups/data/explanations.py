"""Why a rule matches one learner or does not."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .groups import PrecedingGroup
from .rules import DataUsed


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
