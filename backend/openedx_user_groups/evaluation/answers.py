"""What the learners of a scope answer to the criteria of one rule, and the numbers of a preview that follow from it.

Every count of every node, the funnel and "without this criterion" are set algebra on the learners of each criterion:
nothing is asked of the database again. See ADR 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, NodeCount
from openedx_user_groups.sets import IdSet

from . import bitmaps


class Answers:
    """The answers to one rule.

    Args:
        rule: the tree. everybody: the learners. leaves: by the pointer of a criterion, the learners who match it.
    """

    def __init__(self, rule: Node, everybody: IdSet, leaves: Mapping[str, IdSet]) -> None:
        self.rule, self.everybody = rule, everybody
        self._found: dict[str, IdSet] = dict(leaves)

    def learners(self, node: Node | Leaf) -> IdSet:
        """Who matches ``node``."""
        if node.pointer not in self._found:
            assert isinstance(node, Node)
            found = [self.learners(child) for child in node.nodes]
            self._found[node.pointer] = bitmaps.combine(node, self.everybody, found)
        return self._found[node.pointer]

    def nodes(self) -> tuple[NodeCount, ...]:
        """The numbers of every node in reading order, the rule itself first."""
        whole = NodeCount(self.rule.pointer, len(self.learners(self.rule)))
        return (whole, *self._below(self.rule))

    def _below(self, node: Node) -> Iterator[NodeCount]:
        for child, running in zip(node.nodes, self._running(node), strict=True):
            count, so_far = len(self.learners(child)), len(running)
            if isinstance(child, Node):
                yield NodeCount(child.pointer, count, so_far)
                yield from self._below(child)
            else:
                yield self._criterion(child, count, so_far)

    def _criterion(self, leaf: Leaf, count: int, running: int) -> NodeCount:
        matching = self.learners(self.rule)
        others = self._without(self.rule, leaf)
        without = len(others)
        return NodeCount(leaf.pointer, count, running, without, others == matching, not matching and without > 0)

    def _running(self, node: Node) -> Iterator[IdSet]:
        """Who is left after each node of ``node`` (``all``), or was found up to it (``any``)."""
        so_far = self.learners(node.nodes[0])
        for child in node.nodes:
            own = self.learners(child)
            so_far = so_far & own if node.combine == Combine.ALL else so_far | own
            yield so_far

    def _without(self, node: Node, leaf: Leaf) -> IdSet:
        """Who matches ``node`` once ``leaf`` is taken out of it; everybody, where nothing is left."""
        rest = list(self._rest(node, leaf))
        return bitmaps.combine(node, self.everybody, rest) if rest else self.everybody

    def _rest(self, node: Node, leaf: Leaf) -> Iterator[IdSet]:
        """What the nodes of ``node`` denote without ``leaf``. A node that becomes empty goes with it."""
        for child in node.nodes:
            if isinstance(child, Node) and leaf.pointer.startswith(f"{child.pointer}/"):
                if rest := list(self._rest(child, leaf)):
                    yield bitmaps.combine(child, self.everybody, rest)
            elif child.pointer != leaf.pointer:
                yield self.learners(child)


def holds(node: Node | Leaf, answers: Mapping[str, bool]) -> bool:
    """Whether ``node`` is true for one learner who gives these answers (by pointer of the criterion)."""
    if isinstance(node, Leaf):
        return answers[node.pointer]
    combined = all if node.combine == Combine.ALL else any
    return combined(holds(child, answers) for child in node.nodes) != node.negated


def deciding(rule: Node, answers: Mapping[str, bool]) -> tuple[str, ...]:
    """Which criteria decide whether one learner matches, by pointer in reading order.

    Those whose opposite answer alone would turn the result; where no single one would, the fewest that would turn it
    together (of several such choices the first in reading order).
    """
    whole = holds(rule, answers)
    pointers = [leaf.pointer for leaf in rule.leaves()]
    alone = [one for one in pointers if holds(rule, {**answers, one: not answers[one]}) != whole]
    return tuple(alone or _fewest(rule, not whole, answers))


def _fewest(node: Node | Leaf, wanted: bool, answers: Mapping[str, bool]) -> Sequence[str]:
    """The fewest criteria whose opposite answers make ``node`` what is ``wanted``.

    Exact, because each criterion stands in one place of the tree.
    """
    if isinstance(node, Leaf):
        return [] if answers[node.pointer] == wanted else [node.pointer]
    inside = wanted != node.negated
    choices = [_fewest(child, inside, answers) for child in node.nodes]
    if (node.combine == Combine.ALL) == inside:  # Each of them has to be turned.
        return [pointer for choice in choices for pointer in choice]
    return min(choices, key=len)
