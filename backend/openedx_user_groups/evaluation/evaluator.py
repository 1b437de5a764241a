"""The evaluation of one rule at one instant."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, models
from django.db.models import Q
from django.db.models.expressions import Col
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria.models import PastContext
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.storage import TYPE_MISSING, TYPE_UNREADABLE, UNRESOLVED_REFERENCE
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import PlanKind, SampleLearner, Scope
from openedx_user_groups.exceptions import (
    BudgetExceeded,
    PreviewCancelled,
    SourceUnavailable,
    Unevaluable,
    UserGroupsError,
)
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.universe import remembering, universe_of
from openedx_user_groups.sets import IdSet
from openedx_user_groups.sources import LearnerSet, UserIds

from . import bitmaps, budget, merging, statement
from .answers import Answers
from .planner import choose_plan
from .savepoints import one_read

log = logging.getLogger(__name__)


class Evaluation:
    """One rule, one scope, one instant: who matches, how many, who for example.

    Args:
        rule: the tree. scope: whose universe. as_of: the one instant that every leaf uses.
        asked_at: now, where somebody asks about another instant. Leaves whose source does not keep the past answer for
            now then, if ``as_of`` is earlier.
        plan: force a plan (tests, benchmarks); by default the cheaper one is chosen.

    Every method raises ``Unevaluable`` where any leaf has no answer; no short-cut hides that.
    """

    def __init__(
        self,
        rule: Node,
        scope: Scope,
        as_of: datetime,
        plan: PlanKind | None = None,
        *,
        asked_at: datetime | None = None,
    ) -> None:
        self.rule = rule
        self.asked_at = asked_at or as_of
        self.context = context_of(scope, as_of, asked_at)
        self.universe = universe_of(self.context.scope)
        self.sets = {leaf.pointer: learners_of(leaf, self.context) for leaf in rule.leaves()}
        self._forced_plan = plan
        self._fetched: dict[str, IdSet] = {}

    @functools.cached_property
    def plan(self) -> PlanKind:
        """How relational leaves are evaluated."""
        return self._forced_plan or choose_plan(self.universe, self.sets.values())

    def ids(self) -> IdSet:
        """The learners that match."""
        with database_errors():
            return self._found(self._whole)

    def count(self) -> int:
        """How many match. Where one statement can answer, only a count is paid; after ``ids()``, nothing."""
        with database_errors():
            if not self._one_statement or self.rule.pointer in self._fetched:
                return len(self._found(self._whole))
            return self.universe.ids(self._where(self._whole)).count()

    def answers(self) -> Answers:
        """What every learner answers to every criterion: all other numbers, ids and samples follow without a query.

        Relational criteria are read in one pass over the universe; for bitmaps, each in one over its own table.
        """
        with database_errors():
            relational = {pointer: found for pointer, found in self.sets.items() if isinstance(found, UserIds)}
            if relational and self.plan == PlanKind.STATEMENT:
                everybody, leaves = statement.read_answers(relational, self.universe)
            else:
                everybody, leaves = self._universe_ids, {}
            others = {pointer: found for pointer, found in self.sets.items() if pointer not in leaves}
            leaves |= {pointer: bitmaps.resolve(found, everybody) for pointer, found in others.items()}
            answers = Answers(self.rule, everybody, leaves)
            self._fetched[self.rule.pointer] = answers.learners(self.rule)
            return answers

    def sample(self, size: int, offset: int = 0) -> tuple[SampleLearner, ...]:
        """Up to ``size`` learners that match, in the order of their ids, after the first ``offset``."""
        with database_errors():
            if self._one_statement and self.rule.pointer not in self._fetched:
                ids = self.universe.ids(self._where(self._whole)).order_by(self.universe.user_field)
                chosen = list(ids[offset : offset + size])
            else:
                chosen = list(self._found(self._whole)[offset : offset + size])
            names = accounts.usernames(chosen)
            return tuple(SampleLearner(pk, names[pk]) for pk in chosen if pk in names)

    @functools.cached_property
    def _merged(self) -> tuple[Node, dict[str, LearnerSet]]:
        return merging.merged(self.rule, self.sets)

    @property
    def _whole(self) -> Node:
        """The rule, for those who ask for its learners and not for those of each criterion."""
        return self._merged[0]

    @property
    def _sets(self) -> dict[str, LearnerSet]:
        """What the criteria denote, those of the rule and of :attr:`_whole`."""
        return self._merged[1]

    @functools.cached_property
    def _one_statement(self) -> bool:
        # Leaves first: asking for the plan costs queries.
        return statement.is_relational(self.rule, self.sets) and self.plan == PlanKind.STATEMENT

    @functools.cached_property
    def _universe_ids(self) -> IdSet:
        return self.universe.learners()

    def _where(self, node: Node | Leaf) -> Q:
        return statement.where(node, self._sets, self.universe)

    def _found(self, node: Node | Leaf) -> IdSet:
        """The learners of a node, fetched once: counts and sample of the bitmap plan share them."""
        if node.pointer not in self._fetched:
            self._fetched[node.pointer] = self._fetch(node)
        return self._fetched[node.pointer]

    def _fetch(self, node: Node | Leaf) -> IdSet:
        if statement.is_relational(node, self._sets) and self.plan == PlanKind.STATEMENT:
            return self.universe.learners(self._where(node))
        if isinstance(node, Leaf):
            return bitmaps.resolve(self._sets[node.pointer], self._universe_ids)
        found = [self._found(child) for child in self._with_relational_as_one(node).nodes]
        return bitmaps.combine(node, self._universe_ids, found)

    def _with_relational_as_one(self, node: Node) -> Node:
        """The same node with its relational children as one, so that they cost one statement and not one each."""
        relational = tuple(child for child in node.nodes if statement.is_relational(child, self._sets))
        if len(relational) < 2 or self.plan != PlanKind.STATEMENT:
            return node
        others = tuple(child for child in node.nodes if child not in relational)
        one = Node(f"{node.pointer}#relational", node.combine, False, relational)
        return replace(node, nodes=(one, *others))


def context_of(scope: Scope, as_of: datetime, asked_at: datetime | None = None) -> EvaluationContext:
    """What the criteria of an evaluation take as given. ``asked_at`` as for :class:`Evaluation`."""
    given = remembering(scope), as_of, timezone.get_default_timezone()
    return EvaluationContext(*given) if asked_at is None or as_of >= asked_at else PastContext(*given, asked_at)


def learners_of(leaf: Leaf, context: EvaluationContext) -> LearnerSet:
    """What a leaf denotes. Whatever a plugin raises, the rule is unevaluable and says at which leaf."""
    with naming_the_leaf(leaf, context.scope):
        assert leaf.criterion is not None
        return _checked(leaf.criterion.learner_set(leaf.criterion.answerable(context)))


@contextmanager
def naming_the_leaf(leaf: Leaf, scope: Scope) -> Iterator[None]:
    """Ask a leaf. A leaf without a criterion, and whatever its criterion raises, is ``Unevaluable`` at that leaf."""
    if leaf.criterion is None:
        raise Unevaluable(leaf.problem or TYPE_MISSING, problem_message(leaf), leaf.pointer, type=leaf.type)
    try:
        yield
    except Unevaluable:
        raise
    except SourceUnavailable as error:
        raise Unevaluable(error.code, error.message, leaf.pointer, type=leaf.type) from error
    except (BudgetExceeded, PreviewCancelled):
        raise
    except Exception as error:
        if isinstance(error, DatabaseError) and (stopped := budget.stopped_by(error)):
            raise stopped from error
        log.exception("Criterion type %s failed for %s.", leaf.type, scope)
        message = _("The criterion “%(type)s” failed. Its owner can find the error in the log.") % {"type": leaf.type}
        raise Unevaluable("criterion_failed", message, leaf.pointer, type=leaf.type) from error


def _checked(found: LearnerSet) -> LearnerSet:
    """What a plugin answered. Raises ``TypeError`` for what is no set of learners: other columns than ids would compare
    with ids without an error on some databases, and empty the group."""
    if isinstance(found, UserIds):
        if not found.querysets:
            raise TypeError("learner_set() selects nothing at all. A queryset of nobody is none().")
        for queryset in found.querysets:
            if (columns := _selected(queryset)) != 1:
                raise TypeError(f"learner_set() selects {columns} columns. Select the one of user ids: values_list().")
            column = queryset.query.output_field
            column = getattr(column, "target_field", column)  # What a foreign key points at.
            if column is not None and not isinstance(column, models.IntegerField):
                raise TypeError(f"learner_set() selects {column}, which is no column of user ids.")
        return replace(found, querysets=tuple(map(_without_nulls, found.querysets)))
    if not isinstance(found, IdSet):
        raise TypeError(f"learner_set() returned {type(found).__name__}, which is no set of learners.")
    return found


def _without_nulls(queryset: models.QuerySet[Any, Any]) -> models.QuerySet[Any, Any]:
    """The same without NULLs, if there can be any: to SQL, nobody is outside a set with a NULL in it."""
    query = queryset.query
    if query.is_sliced or query.combinator or query.extra_select or query.default_cols:
        return queryset  # Not to be filtered any more, or a column of the caller's own.
    column = query.select[0] if query.select else None
    if isinstance(column, Col) and column.alias == query.get_initial_alias() and not column.target.null:
        return queryset
    (name,) = query.values_select or query.annotation_select
    return queryset.filter(**{f"{name}__isnull": False})


def _selected(queryset: models.QuerySet[Any, Any]) -> int:
    """How many columns a queryset yields."""
    query = queryset.query
    columns = len(query.get_meta().concrete_fields) if query.default_cols else len(query.select)
    return columns + len(query.annotation_select) + len(query.extra_select)


def problem_message(leaf: Leaf) -> str:
    """Why a leaf cannot be evaluated, in words for staff."""
    if leaf.problem == TYPE_MISSING:
        return _("The criterion type “%(type)s” is not installed.") % {"type": leaf.type}
    if leaf.problem == TYPE_UNREADABLE:
        return _("The data of the criterion type “%(type)s” cannot be read. Has its app been migrated?") % {
            "type": leaf.type
        }
    if leaf.problem == UNRESOLVED_REFERENCE:
        return _("The criterion “%(type)s” was copied and refers to something that does not exist here. Edit it.") % {
            "type": leaf.type
        }
    return _("The saved configuration of the criterion “%(type)s” is no longer valid. Edit it.") % {"type": leaf.type}


@contextmanager
def database_errors() -> Iterator[None]:
    """An error of the database leaves the caller's transaction usable and makes the rule unevaluable. So does a recipe
    of a plugin that cannot be made a statement."""
    try:
        with one_read():
            yield
    except UserGroupsError:
        raise
    except Exception as error:
        if isinstance(error, DatabaseError) and (stopped := budget.stopped_by(error)):
            raise stopped from error
        log.exception("A rule could not be evaluated.")
        message = _("The database could not evaluate this rule. Try again; if it happens again, tell an operator.")
        raise Unevaluable("evaluation_failed", message) from error
