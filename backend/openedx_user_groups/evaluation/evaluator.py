"""The evaluation of one rule at one instant."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.storage import TYPE_MISSING, TYPE_UNREADABLE
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, NodeCount, PlanKind, SampleLearner, Scope
from openedx_user_groups.exceptions import SourceUnavailable, Unevaluable
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import LearnerSet

from . import bitmaps, statement
from .planner import choose_plan

log = logging.getLogger(__name__)


class Evaluation:
    """One rule, one scope, one instant: who matches, how many, who for example.

    Args:
        rule: the tree. scope: whose universe. as_of: the one instant that every leaf uses.
        plan: force a plan (tests, benchmarks); by default the cheaper one is chosen.

    Every method raises ``Unevaluable`` where any leaf has no answer; no short-cut hides that.
    """

    def __init__(self, rule: Node, scope: Scope, as_of: datetime, plan: PlanKind | None = None) -> None:
        self.rule = rule
        self.context = EvaluationContext(scope, as_of, timezone.get_default_timezone())
        self.universe = universe_of(scope)
        self.sets = {leaf.pointer: _learners(leaf, self.context) for leaf in rule.leaves()}
        self._forced_plan = plan

    @functools.cached_property
    def plan(self) -> PlanKind:
        """How relational leaves are evaluated."""
        return self._forced_plan or choose_plan(self.universe)

    def ids(self) -> IdSet:
        """The learners that match."""
        with _database_errors():
            return self._found(self.rule)

    def count(self) -> int:
        """How many match. Where one statement can answer, only a count is paid."""
        with _database_errors():
            if not self._one_statement:
                return len(self._found(self.rule))
            return self.universe.ids(self._where(self.rule)).count()

    def counts(self) -> tuple[int, tuple[NodeCount, ...]]:
        """The size of the universe, and the count of every node in reading order (the root's first)."""
        with _database_errors():
            if self._one_statement and len(self.sets) <= statement.MAX_MASK_LEAVES:
                return self._counts_by_answers()
            nodes = tuple(NodeCount(node.pointer, len(self._found(node))) for node in self.rule.walk())
            return len(self._universe_ids), nodes

    def sample(self, size: int, offset: int = 0) -> tuple[SampleLearner, ...]:
        """Up to ``size`` learners that match, in the order of their ids, after the first ``offset``."""
        with _database_errors():
            if self._one_statement:
                ids = self.universe.ids(self._where(self.rule)).order_by(self.universe.user_field)
                chosen = list(ids[offset : offset + size])
            else:
                chosen = list(self._found(self.rule)[offset : offset + size])
            names = accounts.usernames(chosen)
            return tuple(SampleLearner(pk, names[pk]) for pk in chosen if pk in names)

    @functools.cached_property
    def _one_statement(self) -> bool:
        # Leaves first: asking for the plan costs queries.
        return statement.is_relational(self.rule, self.sets) and self.plan == PlanKind.STATEMENT

    @functools.cached_property
    def _universe_ids(self) -> IdSet:
        return fetch_ids(self.universe.ids())

    def _where(self, node: Node | Leaf) -> Q:
        return statement.where(node, self.sets, self.universe)

    @functools.cached_property
    def _found(self) -> Callable[[Node | Leaf], IdSet]:
        """The learners of a node, each fetched once: counts and sample of the bitmap plan share them."""
        fetched: dict[str, IdSet] = {}

        def found(node: Node | Leaf) -> IdSet:
            if node.pointer not in fetched:
                fetched[node.pointer] = self._fetch(node)
            return fetched[node.pointer]

        return found

    def _fetch(self, node: Node | Leaf) -> IdSet:
        if statement.is_relational(node, self.sets) and self.plan == PlanKind.STATEMENT:
            return fetch_ids(self.universe.ids(self._where(node)))
        if isinstance(node, Leaf):
            return bitmaps.resolve(self.sets[node.pointer], self._universe_ids)
        return bitmaps.combine(self._with_statements_merged(node), self._universe_ids, self._found)

    def _with_statements_merged(self, node: Node) -> Node:
        """The same node with its relational children as one, so that they cost one statement and not one each."""
        relational = tuple(child for child in node.nodes if statement.is_relational(child, self.sets))
        if len(relational) < 2 or self.plan != PlanKind.STATEMENT:
            return node
        others = tuple(child for child in node.nodes if child not in relational)
        merged = Node(f"{node.pointer}#relational", node.combine, False, relational)
        return replace(node, nodes=(merged, *others))

    def _counts_by_answers(self) -> tuple[int, tuple[NodeCount, ...]]:
        leaves = self.rule.leaves()
        bits = {leaf.pointer: 1 << index for index, leaf in enumerate(leaves)}
        answers = statement.count_answers(leaves, self.sets, self.universe)
        nodes = (
            NodeCount(node.pointer, sum(n for mask, n in answers.items() if _holds(node, mask, bits)))
            for node in self.rule.walk()
        )
        return sum(answers.values()), tuple(nodes)


def _holds(node: Node | Leaf, mask: int, bits: dict[str, int]) -> bool:
    """Whether ``node`` is true where the leaves answer as the bits of ``mask`` say."""
    if isinstance(node, Leaf):
        return bool(mask & bits[node.pointer])
    combined = all if node.combine == Combine.ALL else any
    return combined(_holds(child, mask, bits) for child in node.nodes) != node.negated


def _learners(leaf: Leaf, context: EvaluationContext) -> LearnerSet:
    """What a leaf denotes. Whatever a plugin raises, the rule is unevaluable and says at which leaf."""
    if leaf.criterion is None:
        raise Unevaluable(leaf.problem or TYPE_MISSING, problem_message(leaf), leaf.pointer, type=leaf.type)
    try:
        return leaf.criterion.learner_set(context)
    except SourceUnavailable as error:
        raise Unevaluable(error.code, error.message, leaf.pointer, type=leaf.type) from error
    except Exception as error:
        log.exception("Criterion type %s failed for %s.", leaf.type, context.scope)
        message = _("The criterion “%(type)s” failed. Its owner can find the error in the log.") % {"type": leaf.type}
        raise Unevaluable("criterion_failed", message, leaf.pointer, type=leaf.type) from error


def problem_message(leaf: Leaf) -> str:
    """Why a leaf cannot be evaluated, in words for staff."""
    if leaf.problem == TYPE_MISSING:
        return _("The criterion type “%(type)s” is not installed.") % {"type": leaf.type}
    if leaf.problem == TYPE_UNREADABLE:
        return _("The data of the criterion type “%(type)s” cannot be read. Has its app been migrated?") % {
            "type": leaf.type
        }
    return _("The saved configuration of the criterion “%(type)s” is no longer valid. Edit it.") % {"type": leaf.type}


@contextmanager
def _database_errors() -> Iterator[None]:
    """An error of the database leaves the caller's transaction usable and makes the rule unevaluable."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        log.exception("A rule could not be evaluated.")
        message = _("The database could not evaluate this rule. Try again; if it happens again, tell an operator.")
        raise Unevaluable("evaluation_failed", message) from error
