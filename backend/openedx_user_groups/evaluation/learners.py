"""The answers of many rules for a few learners, from the learners' facts.

One query a fact, whatever the number of rules; the comparisons are made in Python from the same operator table that the
database's conditions come from. Leaves without a fact ask their source for these learners, or are answered by their
set, restricted to them.

Within a batch the learners are numbered, and a set of them is the bits of an integer: a thousand rules cost
milliseconds then. Leaves that ask the same question, in whatever rule, are answered once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any, Generic, Self, TypeVar

from django.db.models import Q

from openedx_user_groups.criteria.facts import ValueTest
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, Scope
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups.universe import Universe, universe_of
from openedx_user_groups.sets import IdSet
from openedx_user_groups.sources import LearnerSet, UserIds

from . import statement
from .answers import Answers
from .evaluator import Evaluation, context_of, learners_of, naming_the_leaf
from .savepoints import SharedSavepoint

Key = TypeVar("Key", bound=Hashable)
_ALL = Combine.ALL  # Looking it up in its class takes longer than all else that a node does.


@dataclass
class RuleAnswers(Generic[Key]):
    """What some rules of one scope say of a few learners.

    ``present`` are those who are learners of the scope; ``matching`` has who matches, by rule, in sets that rules share
    and that are not to be changed; ``failed`` has the rules without an answer, which say nothing of anybody. ``waits``
    has, by the question of a leaf, how long it takes until time alone may change its answer for one of the learners.
    """

    present: IdSet
    matching: dict[Key, IdSet] = field(default_factory=dict)
    failed: dict[Key, Unevaluable] = field(default_factory=dict)
    waits: Mapping[str, timedelta] = field(default_factory=dict)


def answer_rules(
    rules: Mapping[Key, Node],
    scope: Scope,
    as_of: datetime,
    user_ids: IdSet,
    *,
    asked_at: datetime | None = None,
    from_facts: bool = True,
) -> RuleAnswers[Key]:
    """What each of ``rules`` says of ``user_ids``. A rule that cannot be evaluated takes no other one down.

    Call inside a transaction. ``asked_at`` as for an ``Evaluation``. ``from_facts=False`` answers every leaf from its
    set restricted to these learners (the other way to the same answer).
    """
    context = context_of(scope, as_of, asked_at)
    with _Batch(context, universe_of(context.scope), user_ids, from_facts) as batch:
        answers: RuleAnswers[Key] = RuleAnswers(batch.present, waits=batch.waits)
        for key, rule in rules.items():
            try:
                answers.matching[key] = batch.matching(rule)
            except Unevaluable as error:
                answers.failed[key] = error
    return answers


def matching_whatever(
    rule: Node, scope: Scope, as_of: datetime, user_ids: IdSet, free: Callable[[Leaf], bool]
) -> tuple[IdSet, IdSet]:
    """Which of ``user_ids`` a rule may match, and which it may not, if leaves that are ``free`` may answer anything.

    Free leaves are not asked. Whoever is no learner of the scope is in the second set only. Raises ``Unevaluable``.
    """
    with _Batch(context_of(scope, as_of), universe_of(scope), user_ids, from_facts=True) as batch:
        may, may_not = batch.bounds(rule, free)
    return may, may_not | (user_ids - batch.present)


def matching(evaluations: Mapping[Key, Evaluation], user_ids: IdSet, *, from_facts: bool = True) -> dict[Key, IdSet]:
    """Which of ``user_ids`` each rule matches. All evaluations must have the same scope and instant.

    Raises ``Unevaluable`` where any of them has no answer. ``from_facts`` as above.
    """
    if not evaluations:
        return {}
    first = next(iter(evaluations.values()))
    with _Batch(first.context, first.universe, user_ids, from_facts) as batch:
        return {key: batch.matching(evaluation.rule) for key, evaluation in evaluations.items()}


def answers_of(evaluations: Mapping[Key, Evaluation], user_ids: IdSet) -> dict[Key, Answers]:
    """What those of ``user_ids`` who are learners of the scope answer to each rule, criterion by criterion.

    All evaluations must have the same scope and instant. Raises ``Unevaluable``.
    """
    first = next(iter(evaluations.values()))
    with _Batch(first.context, first.universe, user_ids, from_facts=True) as batch:
        return {key: batch.answers(evaluation.rule) for key, evaluation in evaluations.items()}


def answer_from_set(found: LearnerSet, universe: Universe, present: IdSet) -> IdSet:
    """Which of a few learners of the universe a leaf matches, from the set that it denotes."""
    if not isinstance(found, UserIds):
        return present & found
    few = Q(**{f"{universe.user_field}__in": list(present)})
    # Not the complement: a database would read all that is left out of it, from the whole site.
    listed = IdSet(list(universe.ids(few & statement.condition_of(replace(found, complement=False), universe))))
    return present - listed if found.complement else listed


class _Column:
    """A fact's values of the learners of a batch: which values there are, and the bits of those who have them."""

    def __init__(self, learners: Sequence[int], values: Mapping[int, Sequence[Any]]) -> None:
        bits = ((tuple(values.get(pk, ())), 1 << number) for number, pk in enumerate(learners))
        try:
            merged: dict[tuple[Any, ...], int] = {}
            for held, bit in bits:
                merged[held] = merged.get(held, 0) | bit
            self._rows = list(merged.items())
        except TypeError:  # Values of a plugin that cannot be hashed.
            self._rows = [(tuple(values.get(pk, ())), 1 << number) for number, pk in enumerate(learners)]

    def matching(self, test: ValueTest) -> int:
        """The bits of those whose values satisfy ``test``."""
        found = 0
        for values, bits in self._rows:
            if test.answer(values):
                found |= bits
        return found

    def wait(self, test: ValueTest) -> timedelta | None:
        """How long a moving bound of ``test`` takes to the next value in its way."""
        if not test.moves:
            return None
        places = ((bisect_left(self._in_order, bound), bound) for bound in test.bounds)
        waits = (self._in_order[place] - bound for place, bound in places if place < len(self._in_order))
        return min(waits, default=None)

    @cached_property
    def _in_order(self) -> list[Any]:
        return sorted(value for values, _bits in self._rows for value in values if value is not None)


class _Batch:
    """A few learners of one universe at one instant, and what is known of them so far. Use in a ``with`` statement."""

    def __init__(self, context: EvaluationContext, universe: Universe, user_ids: IdSet, from_facts: bool) -> None:
        self._context, self._universe, self._from_facts = context, universe, from_facts
        self.present = universe.restricted_to(user_ids)
        self._learners = list(self.present)
        self._everybody = (1 << len(self._learners)) - 1
        self._answers: dict[str, int] = {}
        self._unanswered: dict[str, Unevaluable] = {}
        self._sets: dict[int, IdSet] = {}
        self._columns: dict[Hashable, _Column | Unevaluable | None] = {}
        self.waits: dict[str, timedelta] = {}
        self._reading = SharedSavepoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is None:
            self._reading.release()

    def matching(self, rule: Node) -> IdSet:
        """The learners that ``rule`` matches. Raises ``Unevaluable``."""
        return self._ids(self._node(rule))

    def bounds(self, rule: Node, free: Callable[[Leaf], bool]) -> tuple[IdSet, IdSet]:
        """The learners that ``rule`` may match, and those that it may not, whatever ``free`` leaves answer."""
        may, may_not = self._bounds(rule, free)
        return self._ids(may), self._ids(may_not)

    def answers(self, rule: Node) -> Answers:
        """What the learners answer to each criterion of ``rule``. Raises ``Unevaluable``."""
        leaves = {leaf.pointer: self._ids(self._leaf(leaf)) for leaf in rule.leaves()}
        return Answers(rule, self.present, leaves)

    def _ids(self, bits: int) -> IdSet:
        """The learners of ``bits``: one set for all rules that the same learners match, so nobody may change it."""
        ids = self._sets.get(bits)
        if ids is None:
            ids = self._sets[bits] = IdSet(self._numbered(bits))
        return ids

    def _numbered(self, bits: int) -> Iterator[int]:
        while bits:
            lowest = bits & -bits
            yield self._learners[lowest.bit_length() - 1]
            bits ^= lowest

    def _node(self, node: Node) -> int:
        every = node.combine == _ALL
        found = self._everybody if every else 0
        # No short-cut: a leaf without an answer leaves the rule without one, wherever it stands.
        for child in node.nodes:
            bits = self._leaf(child) if isinstance(child, Leaf) else self._node(child)
            found = found & bits if every else found | bits
        return found ^ self._everybody if node.negated else found

    def _bounds(self, node: Node | Leaf, free: Callable[[Leaf], bool]) -> tuple[int, int]:
        if isinstance(node, Leaf):
            if free(node):
                return self._everybody, self._everybody
            bits = self._leaf(node)
            return bits, bits ^ self._everybody
        may, may_not = zip(*(self._bounds(child, free) for child in node.nodes), strict=True)
        joins = (and_, or_) if node.combine == _ALL else (or_, and_)
        found = reduce(joins[0], may), reduce(joins[1], may_not)
        return (found[1], found[0]) if node.negated else found

    def _leaf(self, leaf: Leaf) -> int:
        question = leaf.question
        answer = self._answers.get(question)
        if answer is None:
            answer = self._answers[question] = self._asked(leaf)
        return answer

    def _asked(self, leaf: Leaf) -> int:
        error = self._unanswered.get(leaf.question)
        if error is None:
            try:
                with naming_the_leaf(leaf, self._context.scope):
                    return self._ask(leaf)
            except Unevaluable as raised:
                error = self._unanswered[leaf.question] = raised
        raise Unevaluable(error.code, error.message, leaf.pointer, **error.params)

    def _ask(self, leaf: Leaf) -> int:
        assert leaf.criterion is not None
        if not self._from_facts:
            return self._bits(self._restricted(leaf))
        context = leaf.criterion.answerable(self._context)
        column = self._column(leaf)
        if column is not None:
            test = leaf.criterion.value_test(context)
            wait = column.wait(test)
            if wait is not None:
                self.waits[leaf.question] = wait
            return column.matching(test)
        with self._reading:
            found = leaf.criterion.matching_among(context, self.present)
        if found is not None and not isinstance(found, IdSet):  # Nobody is in a list of something else.
            raise TypeError(f"matching_among() returned {type(found).__name__}, which is no set of learners.")
        return self._bits(found if found is not None else self._restricted(leaf))

    def _column(self, leaf: Leaf) -> _Column | None:
        """The values that ``leaf`` asks for, read once for all rules; ``None`` for a type without a fact."""
        assert leaf.criterion is not None
        key = leaf.criterion.fact_key()
        if key not in self._columns:
            try:
                self._columns[key] = self._read(leaf)
            except Unevaluable as error:
                self._columns[key] = error
        column = self._columns[key]
        if isinstance(column, Unevaluable):
            raise column
        return column

    def _read(self, leaf: Leaf) -> _Column | None:
        assert leaf.criterion is not None
        with naming_the_leaf(leaf, self._context.scope), self._reading:
            fact = leaf.criterion.fact(leaf.criterion.answerable(self._context))
            return None if fact is None else _Column(self._learners, fact.values_of(self._learners))

    def _restricted(self, leaf: Leaf) -> IdSet:
        with self._reading:
            return answer_from_set(learners_of(leaf, self._context), self._universe, self.present)

    def _bits(self, ids: IdSet) -> int:
        return sum(1 << number for number, pk in enumerate(self._learners) if pk in ids)
