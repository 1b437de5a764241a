"""What is certain about a rule whatever the data: contradictions, what is always true, what changes nothing.

A rule is looked at in every combination of the states of :mod:`.states`, as a truth table whose columns are integers
with one bit a combination. The combinations are at least those that occur, so that a finding is a proof; where there
are too many of them, nothing is said. The database is not asked.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from openedx_user_groups.criteria import registry, showing
from openedx_user_groups.criteria.fields import UserListField, value_field
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, RuleWarning

from . import states
from .states import Dimension, State

IMPOSSIBLE_RULE = "impossible_rule"

#: Combinations of states: a truth table of so many lines is made in milliseconds.
MAX_COMBINATIONS = 2**16

_MESSAGES = {
    IMPOSSIBLE_RULE: gettext_lazy("This rule contradicts itself: nobody can ever match it."),
    "impossible_node": gettext_lazy("This part of the rule contradicts itself: nobody can ever match it."),
    "always_true_rule": gettext_lazy("This rule excludes nobody: every learner matches it, whatever the data."),
    "always_true_node": gettext_lazy("This part of the rule excludes nobody: every learner matches it."),
    "duplicate_criterion": gettext_lazy("This criterion says the same as another one."),
    "subsumed_criterion": gettext_lazy("This criterion changes nothing: the other criteria already decide."),
}


def findings(rule: Node, context: EvaluationContext) -> tuple[RuleWarning, ...]:
    """What can be proved of ``rule`` for the instant of ``context`` and every later one, in reading order.

    Each finding points to its node, and with ``related`` to the other criteria that make it so.
    """
    table = _Table.of(rule.leaves(), context)
    if table is None:
        return ()
    truth = table.truth(rule)
    if truth == 0:
        return (_warning(IMPOSSIBLE_RULE, rule, table.core(rule, value=False)),)
    if truth == table.everywhere:
        return (_warning("always_true_rule", rule, table.core(rule, value=True)),)
    constant = list(_constant_nodes(rule, table))
    decided = {id(leaf) for node, _finding in constant for leaf in _leaves(node)}
    found = {node.pointer: finding for node, finding in constant}
    found |= {finding.pointer: finding for finding in _superfluous(rule, table, decided)}
    return tuple(found[node.pointer] for node in rule.walk() if node.pointer in found)


def impossible(rule: Node, context: EvaluationContext) -> RuleWarning | None:
    """The finding that nobody can ever match ``rule``, if that is so."""
    return next((finding for finding in findings(rule, context) if finding.code == IMPOSSIBLE_RULE), None)


@dataclass(frozen=True)
class Disjointness:
    """Whether two rules can match the same learner.

    ``proven`` says that they cannot. Otherwise ``example`` describes, in words, a learner whom both may match; it is
    ``None`` where the rules are too large to tell.
    """

    proven: bool
    example: str | None = None


def disjoint(rule: Node, other: Node, context: EvaluationContext) -> Disjointness:
    """Whether two rules of one scope exclude each other, now and at every later instant."""
    table = _Table.of([*rule.leaves(), *other.leaves()], context)
    if table is None:
        return Disjointness(False)
    common = table.truth(rule) & table.truth(other)
    if not common:
        return Disjointness(True)
    lowest = (common & -common).bit_length() - 1
    return Disjointness(False, table.described(lowest, context))


# ---- The truth table -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Table:
    """One bit for each combination of states. ``columns`` are the answers of the criteria, by the identity of the leaf:
    pointers are not unique where two rules are compared."""

    dimensions: Sequence[Dimension]
    size: int
    columns: dict[int, int]

    @classmethod
    def of(cls, leaves: Sequence[Leaf], context: EvaluationContext) -> _Table | None:
        """The table, or ``None`` where it would be too large."""
        dimensions = states.dimensions(leaves, context)
        size = 1
        for dimension in dimensions:
            size *= len(dimension.states)
            if size > MAX_COMBINATIONS:
                return None
        columns: dict[int, int] = {}
        stride = 1
        for dimension in dimensions:
            for index, leaf in enumerate(dimension.leaves):
                columns[id(leaf)] = _column([state.answers[index] for state in dimension.states], stride, size)
            stride *= len(dimension.states)
        return cls(dimensions, size, columns)

    @property
    def everywhere(self) -> int:
        """The column of what is always true."""
        return (1 << self.size) - 1

    def truth(self, node: Node | Leaf) -> int:
        """The column of a node."""
        truth = self.truth_without(node, frozenset())
        assert truth is not None
        return truth

    def truth_without(self, node: Node | Leaf, removed: Collection[int]) -> int | None:
        """The column of a node without some leaves; ``None`` where nothing is left of it."""
        if isinstance(node, Leaf):
            return None if id(node) in removed else self.columns[id(node)]
        left = [truth for child in node.nodes if (truth := self.truth_without(child, removed)) is not None]
        if not left:
            return None
        combined = functools.reduce(operator.and_ if node.combine == Combine.ALL else operator.or_, left)
        return self.everywhere & ~combined if node.negated else combined

    def core(self, node: Node, *, value: bool) -> list[Leaf]:
        """A smallest set of leaves that alone make ``node`` always ``value``, whatever all others answer."""
        free: set[int] = set()
        for leaf in reversed(node.leaves()):
            may_be_true, may_be_false = self._possible(node, free | {id(leaf)})
            if not (may_be_false if value else may_be_true):
                free.add(id(leaf))
        return [leaf for leaf in node.leaves() if id(leaf) not in free]

    def _possible(self, node: Node | Leaf, free: Collection[int]) -> tuple[int, int]:
        """Where ``node`` may be true, and where false, if the leaves in ``free`` may answer anything. Each leaf stands
        in the tree once, so that this is exact."""
        if isinstance(node, Leaf):
            column = self.columns[id(node)]
            return (self.everywhere,) * 2 if id(node) in free else (column, self.everywhere & ~column)
        true, false = zip(*(self._possible(child, free) for child in node.nodes), strict=True)
        joins = (operator.and_, operator.or_) if node.combine == Combine.ALL else (operator.or_, operator.and_)
        may_be_true, may_be_false = functools.reduce(joins[0], true), functools.reduce(joins[1], false)
        return (may_be_false, may_be_true) if node.negated else (may_be_true, may_be_false)

    def depends(self, leaf: Leaf, other: Leaf) -> bool:
        """Whether the answer of one says something about that of the other."""
        one, two = self.columns[id(leaf)], self.columns[id(other)]
        parts = (one & two, one & ~two, two & ~one, self.everywhere & ~(one | two))
        return not all(parts)

    def described(self, line: int, context: EvaluationContext) -> str:
        """The learner of one line of the table, in words."""
        words: list[str] = []
        for dimension in self.dimensions:
            line, index = divmod(line, len(dimension.states))
            words.extend(_state_in_words(dimension, dimension.states[index], context))
        return "; ".join(words)


def _column(answers: Sequence[bool], stride: int, size: int) -> int:
    """One answer after the other, each ``stride`` times, and all that again up to ``size`` bits."""
    run = (1 << stride) - 1
    block = sum(run << (index * stride) for index, answer in enumerate(answers) if answer)
    period = stride * len(answers)
    return block * (((1 << size) - 1) // ((1 << period) - 1))


# ---- Findings --------------------------------------------------------------------------------------------------------
def _constant_nodes(node: Node, table: _Table) -> Iterator[tuple[Node | Leaf, RuleWarning]]:
    """The outermost nodes below ``node`` that are never, or always, true."""
    for child in node.nodes:
        truth = table.truth(child)
        if truth in (0, table.everywhere):
            core = table.core(child, value=bool(truth)) if isinstance(child, Node) else []
            yield child, _warning("always_true_node" if truth else "impossible_node", child, core)
        elif isinstance(child, Node):
            yield from _constant_nodes(child, table)


def _superfluous(rule: Node, table: _Table, decided: Collection[int]) -> Iterator[RuleWarning]:
    """Criteria that can all be taken away together; of those that say the same, the later ones."""
    truth = table.truth(rule)
    removed: set[int] = set()
    leaves = [leaf for leaf in rule.leaves() if id(leaf) not in decided]
    for leaf in reversed(leaves):
        if table.truth_without(rule, removed | {id(leaf)}) != truth:
            continue
        removed.add(id(leaf))
        left = [other for other in leaves if id(other) not in removed]
        same = [other for other in left if table.columns[id(other)] == table.columns[id(leaf)]]
        if same:
            yield _warning("duplicate_criterion", leaf, same[:1])
        else:
            yield _warning("subsumed_criterion", leaf, [other for other in left if table.depends(leaf, other)] or left)


def _warning(code: str, node: Node | Leaf, related: Sequence[Leaf]) -> RuleWarning:
    others = tuple(leaf.pointer for leaf in related if leaf.pointer != node.pointer)
    return RuleWarning(node.pointer, code, _MESSAGES[code], others)


def _leaves(node: Node | Leaf) -> list[Leaf]:
    return node.leaves() if isinstance(node, Node) else [node]


# ---- In words --------------------------------------------------------------------------------------------------------
def _state_in_words(dimension: Dimension, state: State, context: EvaluationContext) -> Iterator[str]:
    first = dimension.leaves[0]
    criterion_class = registry.find(first.type)
    label = str(criterion_class.label) if criterion_class else first.type
    if state.values is not None:
        then = context if state.as_of is None else replace(context, as_of=state.as_of)
        texts = [_value_in_words(dimension, value, then) for value in state.values]
        text = _("%(criterion)s: %(value)s") % {"criterion": label, "value": ", ".join(texts) or _("no value")}
        yield text if state.as_of is None else _seen_from(state.as_of, text, context)
        return
    offered = criterion_class.operator_named(str(first.config.get("operator"))) if criterion_class else None
    params = {"criterion": label, "operator": str(offered.label) if offered else first.config.get("operator", "")}
    if state.answers[0]:
        yield _("“%(criterion)s %(operator)s …” holds") % params
    else:
        yield _("“%(criterion)s %(operator)s …” does not hold") % params


def _seen_from(instant: datetime, text: str, context: EvaluationContext) -> str:
    """What will be so at a later instant, before which no learner can be such."""
    written = showing.instant(instant, context.time_zone)
    return _("%(example)s, seen from %(instant)s") % {"example": text, "instant": written}


def _value_in_words(dimension: Dimension, value: Any, context: EvaluationContext) -> str:
    criteria = [leaf.criterion for leaf in dimension.leaves if leaf.criterion is not None]
    operands = [(criterion.compared_with, criterion) for criterion in criteria]
    for compared_with, criterion in operands:
        if compared_with is None:
            continue
        if isinstance(value_field(criterion, compared_with.field), UserListField):
            return _("somebody else") if value is states.OTHER else _("somebody who is listed")
        if value is not states.OTHER:
            return compared_with.shown(value, criterion, context).text
    return _("another value") if value is states.OTHER else str(value)
