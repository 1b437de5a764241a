"""Why a rule matches one learner or does not: every node's answer, and for each criterion the learner's own value.

The answers come from the learner's facts, as in :mod:`.learners`, with the same questions that evaluate the whole rule.
One query a table of each fact, however many criteria ask for it. The texts are made in :mod:`.sentences`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from openedx_user_groups.criteria import changes
from openedx_user_groups.criteria.conditions import Interval
from openedx_user_groups.criteria.facts import ValueTest
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operands import EvaluationContext, Operand
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import (
    Combine,
    DataUsed,
    Distance,
    ExplainedCriterion,
    ExplainedNode,
    Explanation,
    LeafData,
    LearnerValue,
    PrecedingGroup,
)
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.universe import reason_outside
from openedx_user_groups.sets import IdSet

from . import sentences
from .evaluator import Evaluation, database_errors, naming_the_leaf
from .labels import Labels, listed_in
from .learners import answer_from_set

#: Of a learner with more values than these, those that the criterion names come first.
MAX_VALUES = 10

_DAY = timedelta(days=1)
#: A difference that is there and too small to be told.
_TINY = 1e-9


def explain(evaluation: Evaluation, user_id: int, now: datetime) -> Explanation:
    """Why the rule of ``evaluation`` matches this account or does not; ``now`` is what the age of data is seen from.

    Somebody who is no learner of the scope is told so, and nothing of theirs is read. Raises ``Unevaluable`` where the
    database fails.
    """
    with database_errors():
        if not evaluation.universe.restricted_to(IdSet([user_id])):
            outside = reason_outside(evaluation.context.scope, user_id)
            as_of, sentence = evaluation.context.as_of, sentences.outside(outside)
            return Explanation(as_of, None, outside, False, sentence, (), None, True)
        return _Explainer(evaluation, user_id, now).explanation()


def preceded(explanation: Explanation, first: PrecedingGroup, context: EvaluationContext) -> Explanation:
    """The explanation for somebody who matches, where the group that is asked about still does not get them."""
    assert explanation.username is not None
    sentence = sentences.verdict(explanation.username, explanation.matches, explanation.next_change, context, first)
    return replace(explanation, sentence=sentence, preceding_group=first)


def data_used(evaluation: Evaluation) -> tuple[LeafData, ...]:
    """For each criterion, whether it answers for the instant of the evaluation or with the data of today."""
    return tuple(
        LeafData(leaf.pointer, _data_used(leaf.criterion, evaluation))
        for leaf in evaluation.rule.leaves()
        if leaf.criterion is not None
    )


def _data_used(criterion: Criterion, evaluation: Evaluation) -> DataUsed:
    return DataUsed.AS_OF if criterion.answers_for_instant(evaluation.context) else DataUsed.CURRENT_DATA


@dataclass(frozen=True)
class _Answer:
    """One leaf's answer. Without a fact there is no test, and no value."""

    criterion: Criterion
    matches: bool
    test: ValueTest | None = None
    dated: tuple[tuple[Any, datetime | None], ...] = ()

    @property
    def values(self) -> list[Any]:
        return [value for value, _recorded in self.dated]


class _Explainer:
    """One rule for one learner of the universe."""

    def __init__(self, evaluation: Evaluation, user_id: int, now: datetime) -> None:
        self._evaluation, self._user_id, self._now = evaluation, user_id, now
        self._context = evaluation.context
        self._rule = evaluation.rule
        facts: dict[Hashable, tuple[tuple[Any, datetime | None], ...]] = {}
        self._answers = {leaf.pointer: self._answer(leaf, facts) for leaf in self._rule.leaves()}
        asked = ((leaf, self._answers[leaf.pointer]) for leaf in self._rule.leaves())
        self._labels = Labels(self._context, [(leaf, answer.test, answer.values) for leaf, answer in asked])

    def explanation(self) -> Explanation:
        username = accounts.usernames([self._user_id])[self._user_id]
        matches = self._holds(self._rule, self._context.as_of)
        known = self._changes_are_known()
        change = self._next_change() if known else None
        return Explanation(
            as_of=self._context.as_of,
            username=username,
            outside=None,
            matches=matches,
            sentence=sentences.verdict(username, matches, change, self._context),
            nodes=tuple(self._node(node) for node in self._rule.walk()),
            next_change=change,
            next_change_known=known,
        )

    # ---- Answers --------------------------------------------------------------------------------------------------
    def _answer(self, leaf: Leaf, facts: dict[Hashable, tuple[tuple[Any, datetime | None], ...]]) -> _Answer:
        # As where many are asked: whatever a type raises, the rule has no answer and says at which leaf.
        with naming_the_leaf(leaf, self._context.scope):
            return self._asked(leaf, facts)

    def _asked(self, leaf: Leaf, facts: dict[Hashable, tuple[tuple[Any, datetime | None], ...]]) -> _Answer:
        criterion = leaf.criterion
        assert criterion is not None
        context = criterion.answerable(self._context)
        fact = criterion.fact(context)
        if fact is None:
            return _Answer(
                criterion,
                bool(
                    answer_from_set(
                        self._evaluation.sets[leaf.pointer], self._evaluation.universe, IdSet([self._user_id])
                    )
                ),
            )
        key = criterion.fact_key()
        if key not in facts:
            facts[key] = tuple(fact.dated_values_of([self._user_id]).get(self._user_id, ()))
        test = criterion.value_test(context)
        dated = tuple((value, recorded) for value, recorded in facts[key] if value is not None)
        return _Answer(criterion, test.answer(value for value, _recorded in dated), test, dated)

    def _holds(self, node: Node | Leaf, at: datetime) -> bool:
        """The answer of a node at an instant, if the learner's values stay as they are."""
        if isinstance(node, Leaf):
            answer = self._answers[node.pointer]
            if answer.test is None or not answer.test.moves or at == self._context.as_of:
                return answer.matches
            with naming_the_leaf(node, self._context.scope):
                context = answer.criterion.answerable(replace(self._context, as_of=at))
                return answer.criterion.value_test(context).answer(answer.values)
        combined = all if node.combine == Combine.ALL else any
        return combined(self._holds(child, at) for child in node.nodes) != node.negated

    def _next_change(self) -> datetime | None:
        instants = [at for leaf in self._rule.leaves() for at in self._crossings(leaf)]
        return changes.first_change(self._context.as_of, instants, lambda at: self._holds(self._rule, at))

    def _crossings(self, leaf: Leaf) -> list[datetime]:
        answer = self._answers[leaf.pointer]
        if answer.test is None:
            return []
        with naming_the_leaf(leaf, self._context.scope):
            as_of = answer.criterion.answerable(self._context).as_of
            return list(changes.crossings(answer.test, answer.values, as_of))

    def _changes_are_known(self) -> bool:
        return all(
            answer.criterion.is_predictable and (answer.test is not None or not answer.criterion.time_sensitive)
            for answer in self._answers.values()
        )

    # ---- Nodes ----------------------------------------------------------------------------------------------------
    def _node(self, node: Node | Leaf) -> ExplainedNode:
        matches = self._holds(node, self._context.as_of)
        if isinstance(node, Leaf):
            with naming_the_leaf(node, self._context.scope):  # A type may show its values in its own way.
                return self._leaf(node, matches)
        holding = sum(self._holds(child, self._context.as_of) for child in node.nodes)
        return ExplainedNode(node.pointer, matches, sentences.inner_node(node, holding, matches))

    def _leaf(self, leaf: Leaf, matches: bool) -> ExplainedNode:
        answer = self._answers[leaf.pointer]
        criterion, condition = self._criterion(answer), self._labels.condition(answer.criterion)
        sentence = sentences.leaf(criterion, condition, matches, self._context)
        return ExplainedNode(leaf.pointer, matches, sentence, criterion)

    def _criterion(self, answer: _Answer) -> ExplainedCriterion:
        criterion, test = answer.criterion, answer.test
        values = self._values(answer)
        # That there is none is said only where all could be told.
        tells_values = test is not None and (bool(values) or not criterion.shows_only_named_values)
        return ExplainedCriterion(
            type=criterion.type_slug,
            label=self._labels.name(criterion),
            operator=criterion.operator,
            values=tuple(values[:MAX_VALUES]),
            value_count=len(values),
            tells_values=tells_values,
            counts_as=self._shown(criterion, criterion.missing_counts_as) if self._is_counted(answer) else None,
            distance=self._distance(answer),
            uses=_data_used(criterion, self._evaluation),
            next_change=criterion.next_change(answer.values, criterion.answerable(self._context))
            if test is not None
            else None,
            includes_missing=tells_values and self._is_included_without_value(answer),
        )

    def _values(self, answer: _Answer) -> list[LearnerValue]:
        named, only_named = listed_in(answer.test), answer.criterion.shows_only_named_values
        known = [pair for pair in dict.fromkeys(answer.dated) if pair[0] in named or not only_named]
        dated = sorted(known, key=lambda pair: pair[0] not in named)
        return [
            LearnerValue(self._shown(answer.criterion, value), recorded, self._age(recorded))
            for value, recorded in dated
        ]

    def _age(self, recorded: datetime | None) -> float | None:
        return None if recorded is None else max((self._now - recorded) / _DAY, 0.0)

    def _shown(self, criterion: Criterion, value: Any) -> Any:
        return self._labels.shown(criterion, value)

    @staticmethod
    def _is_counted(answer: _Answer) -> bool:
        """Whether a value stands in for the one that the learner does not have."""
        counts = answer.criterion.missing_counts_as is not None and answer.criterion.compared_with is not None
        return counts and answer.test is not None and not answer.test.present(answer.values)

    @classmethod
    def _is_included_without_value(cls, answer: _Answer) -> bool:
        """Whether it matches because the learner has no value to compare, which "has none" says by itself."""
        if answer.test is None or answer.criterion.compared_with is None or cls._is_counted(answer):
            return False
        return answer.matches and not answer.test.present(answer.values)

    def _distance(self, answer: _Answer) -> Distance | None:
        """To the nearest threshold that staff entered, from the nearest value."""
        operand, test = answer.criterion.compared_with, answer.test
        if operand is None or test is None or not isinstance(test.condition, Interval):
            return None
        values = test.present(answer.values)
        if self._is_counted(answer):
            values = [answer.criterion.missing_counts_as]
        ends = {test.condition.lower, test.condition.upper} - {None, test.domain.lower, test.domain.upper}
        distances = (self._between(operand, value, end, answer) for value in values for end in ends)
        found = [distance for distance in distances if distance is not None]
        return min(found, key=lambda distance: abs(distance.difference), default=None)

    def _between(self, operand: Operand, value: Any, end: Any, answer: _Answer) -> Distance | None:
        difference = operand.difference(value, end)
        if difference is None:
            return None
        amount, unit = difference
        if amount == 0 and value != end:  # Too little for what staff enter, and still on one side.
            amount = _TINY if value > end else -_TINY
        threshold = operand.shown(end, answer.criterion, answer.criterion.answerable(self._context))
        return Distance(threshold, amount, unit or threshold.unit)
