"""What is certain about a rule whatever the data: contradictions, what is always true, what changes nothing.

A rule is looked at in every combination of the states of :mod:`.states`, as a truth table whose columns are integers
with one bit a combination. The combinations are at least those that occur, so that a finding is a proof. Where there
are too many of them, criteria that depend on each other are looked at while all others may answer anything. The
database is not asked.
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
#: Later instants at which a counter-example is looked for: a table each.
_MAX_INSTANTS = 50

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
    tables = _tables(rule.leaves(), context)
    decision = _decision(rule, tables)
    if decision is not None:
        truth, core = decision
        return (_warning("always_true_rule" if truth else IMPOSSIBLE_RULE, rule, core),)
    constant = list(_constant_nodes(rule, tables))
    decided = {id(leaf) for node, _finding in constant for leaf in _leaves(node)}
    found = {node.pointer: finding for node, finding in constant}
    found |= {finding.pointer: finding for finding in _superfluous(rule, tables, decided)}
    return tuple(found[node.pointer] for node in rule.walk() if node.pointer in found)


def impossible(rule: Node, context: EvaluationContext) -> RuleWarning | None:
    """The finding that nobody can ever match ``rule``, if that is so."""
    return next((finding for finding in findings(rule, context) if finding.code == IMPOSSIBLE_RULE), None)


@dataclass(frozen=True)
class Disjointness:
    """Whether two rules can match the same learner.

    ``proven`` says that they cannot. Otherwise ``example`` describes, in words, a learner whom both may match; it is
    ``None`` where none could be found.
    """

    proven: bool
    example: str | None = None


def disjoint(rule: Node, other: Node, context: EvaluationContext) -> Disjointness:
    """Whether two rules of one scope exclude each other, now and at every later instant."""
    leaves = [*rule.leaves(), *other.leaves()]
    tables = _tables(leaves, context)
    if not all(table.possible(rule)[0] & table.possible(other)[0] for table in tables):
        return Disjointness(True)
    later = {instant for table in tables for dimension in table.dimensions for instant in dimension.instants}
    for instant in (None, *sorted(later)[:_MAX_INSTANTS]):
        example = _common_example(rule, other, leaves, context, instant)
        if example is not None:
            return Disjointness(False, example)
    return Disjointness(False)


def _common_example(
    rule: Node, other: Node, leaves: Sequence[Leaf], context: EvaluationContext, later: datetime | None
) -> str | None:
    """A learner whom both rules match at one instant, now or ``later``. Different criteria may be so at different
    instants only, so that a combination of all their states is no learner yet."""
    then = context if later is None else replace(context, as_of=later)
    table = _Table.of(states.dimensions(leaves, then, later=False))
    common = table.possible(rule)[0] & table.possible(other)[0] if table else 0
    if table is None or not common:
        return None
    text = table.described((common & -common).bit_length() - 1, then)
    return text if later is None else _seen_from(later, text, context)


# ---- The truth table -------------------------------------------------------------------------------------------------
def _tables(leaves: Sequence[Leaf], context: EvaluationContext) -> list[_Table]:
    """One table of everything or, where that would be too large, one of each dimension. A criterion stands in one table
    at most."""
    dimensions = states.dimensions(leaves, context)
    whole = _Table.of(dimensions)
    each = (_Table.of([dimension]) for dimension in dimensions) if whole is None else [whole]
    return [table for table in each if table is not None]


@dataclass(frozen=True)
class _Table:
    """One bit for each combination of states. ``columns`` are the answers of the criteria, by the identity of the leaf:
    pointers are not unique where two rules are compared. Criteria without a column may answer anything."""

    dimensions: Sequence[Dimension]
    size: int
    columns: dict[int, int]

    @classmethod
    def of(cls, dimensions: Sequence[Dimension]) -> _Table | None:
        """The table, or ``None`` where it would be too large."""
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

    def always(self, node: Node | Leaf) -> bool | None:
        """What a node always answers; ``None`` where that is not certain."""
        may_be_true, may_be_false = self.possible(node)
        return None if may_be_true and may_be_false else bool(may_be_true)

    def core(self, node: Node | Leaf, *, value: bool) -> list[Leaf]:
        """A smallest set of leaves that alone make ``node`` always ``value``, whatever all others answer."""
        free: set[int] = set()
        for leaf in reversed(_leaves(node)):
            may_be_true, may_be_false = self.possible(node, free=free | {id(leaf)})
            if not (may_be_false if value else may_be_true):
                free.add(id(leaf))
        return [leaf for leaf in _leaves(node) if id(leaf) not in free]

    def possible(
        self, node: Node | Leaf, *, free: Collection[int] = (), removed: Collection[int] = ()
    ) -> tuple[int, int]:
        """Where ``node`` may be true, and where false, without the leaves in ``removed`` and if those in ``free`` may
        answer anything. Each leaf stands in the tree once, so that this is exact."""
        if isinstance(node, Leaf):
            column = None if id(node) in free else self.columns.get(id(node))
            return (self.everywhere,) * 2 if column is None else (column, self.everywhere & ~column)
        left = (child for child in node.nodes if _is_left(child, removed))
        true, false = zip(*(self.possible(child, free=free, removed=removed) for child in left), strict=True)
        joins = (operator.and_, operator.or_) if node.combine == Combine.ALL else (operator.or_, operator.and_)
        may_be_true, may_be_false = functools.reduce(joins[0], true), functools.reduce(joins[1], false)
        return (may_be_false, may_be_true) if node.negated else (may_be_true, may_be_false)

    def changed(self, node: Node, leaf: Leaf, removed: Collection[int]) -> int:
        """Where ``node`` may answer otherwise once ``leaf`` is removed too: where the branch does, and none beside it
        decides."""
        neutral = 0 if node.combine == Combine.ALL else 1
        changed = self.everywhere
        for child in node.nodes:
            if all(leaf is not each for each in _leaves(child)):
                if _is_left(child, removed):
                    changed &= self.possible(child, removed=removed)[neutral]
            elif isinstance(child, Node) and _is_left(child, {*removed, id(leaf)}):
                changed &= self.changed(child, leaf, removed)
            else:
                changed &= self.possible(child, removed=removed)[1 - neutral]
        return changed

    def depends(self, leaf: Leaf, other: Leaf) -> bool:
        """Whether the answer of one says something about that of the other."""
        one, two = self.columns[id(leaf)], self.columns[id(other)]
        parts = (one & two, one & ~two, two & ~one, self.everywhere & ~(one | two))
        return not all(parts)

    def described(self, line: int, context: EvaluationContext) -> str:
        """The learner of one line of the table, as seen at the instant of ``context``, in words."""
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
def _decision(node: Node | Leaf, tables: Sequence[_Table]) -> tuple[bool, list[Leaf]] | None:
    """What a node always answers and the criteria that make it so, if that is certain."""
    for table in tables:
        truth = table.always(node)
        if truth is not None:
            return truth, table.core(node, value=truth)
    return None


def _constant_nodes(node: Node, tables: Sequence[_Table]) -> Iterator[tuple[Node | Leaf, RuleWarning]]:
    """The outermost nodes below ``node`` that are never, or always, true."""
    for child in node.nodes:
        decision = _decision(child, tables)
        if decision is not None:
            truth, core = decision
            yield child, _warning("always_true_node" if truth else "impossible_node", child, core)
        elif isinstance(child, Node):
            yield from _constant_nodes(child, tables)


def _superfluous(rule: Node, tables: Sequence[_Table], decided: Collection[int]) -> Iterator[RuleWarning]:
    """Criteria that can all be taken away together; of those that say the same, the later ones."""
    removed: set[int] = set()
    leaves = [leaf for leaf in rule.leaves() if id(leaf) not in decided]
    for table, leaf in ((table, leaf) for leaf in reversed(leaves) for table in tables if id(leaf) in table.columns):
        if not _is_left(rule, removed | {id(leaf)}) or table.changed(rule, leaf, removed):
            continue
        removed.add(id(leaf))
        left = [other for other in leaves if id(other) in table.columns and id(other) not in removed]
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


def _is_left(node: Node | Leaf, removed: Collection[int]) -> bool:
    """Whether there is anything left of a node."""
    return any(id(leaf) not in removed for leaf in _leaves(node))


# ---- In words --------------------------------------------------------------------------------------------------------
def _state_in_words(dimension: Dimension, state: State, context: EvaluationContext) -> Iterator[str]:
    first = dimension.leaves[0]
    criterion_class = registry.find(first.type)
    label = str(criterion_class.label) if criterion_class else first.type
    if state.values is not None:
        texts = [_value_in_words(dimension, value, context) for value in state.values]
        yield _("%(criterion)s: %(value)s") % {"criterion": label, "value": ", ".join(texts) or _("no value")}
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
    if value is not states.OTHER:
        return str(value)
    return _("another value") if dimension.names_values else _("any value")
