"""Criteria over one table that stand side by side, asked as one.

Country, gender and year of birth are columns of one row. As three sets they are three look-ups a learner, or three
passes over the profiles of the whole site; as one condition on that row they are one. See ADR 4 for what that saves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db.models import Q

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine
from openedx_user_groups.sources import LearnerSet, UserIds

from . import lookups


def merged(rule: Node, sets: Mapping[str, LearnerSet]) -> tuple[Node, dict[str, LearnerSet]]:
    """A rule that the same learners match, of fewer criteria, and what its criteria denote.

    Args:
        rule: the tree. sets: by the pointer of a criterion, what it denotes.

    What is left of ``rule`` keeps its pointers; a criterion that was made of others has one that no rule has.
    """
    merging = _Merging(sets)
    whole = merging.simplest(rule)
    return (replace(rule, negated=False, nodes=(whole,)) if isinstance(whole, Leaf) else whole), merging.sets


class _Merging:
    """The sets of one rule's criteria, to which those of merged ones are added."""

    def __init__(self, sets: Mapping[str, LearnerSet]) -> None:
        self.sets = dict(sets)

    def simplest(self, node: Node | Leaf) -> Node | Leaf:
        """What matches the same learners as ``node``."""
        if isinstance(node, Leaf):
            return node
        together: dict[lookups.Table | str, list[Node | Leaf]] = {}
        for child in map(self.simplest, node.nodes):
            together.setdefault(self._table_of(child) or child.pointer, []).append(child)
        nodes = tuple(
            same[0] if isinstance(table, str) or len(same) == 1 else self._one_leaf(table, node, same)
            for table, same in together.items()
        )
        only = self.sets.get(nodes[0].pointer) if len(nodes) == 1 else None
        if not isinstance(only, UserIds):
            return replace(node, nodes=nodes)
        return self._leaf(f"{node.pointer}#", only.inverted()) if node.negated else nodes[0]

    def _table_of(self, node: Node | Leaf) -> lookups.Table | None:
        return lookups.table_of(self.sets[node.pointer]) if isinstance(node, Leaf) else None

    def _one_leaf(self, table: lookups.Table, node: Node, leaves: Sequence[Node | Leaf]) -> Leaf:
        """These nodes of ``node``, which are over ``table``, as one."""
        sets = [found for leaf in leaves if isinstance(found := self.sets[leaf.pointer], UserIds)]
        return self._leaf(f"{node.pointer}#{leaves[0].pointer}", _one_set(table, node.combine, sets))

    def _leaf(self, pointer: str, found: UserIds) -> Leaf:
        self.sets[pointer] = found
        return Leaf(pointer, type="", config={})


def _one_set(table: lookups.Table, combine: Combine, sets: Sequence[UserIds]) -> UserIds:
    """The learners who are in all, or in any, of these sets over one table.

    A learner without a row is in the complements alone. So the result is a complement itself (of the rows that say no)
    where one complement makes it (``any``), or nothing else is there.
    """
    listed = [found for found in sets if not found.complement]
    outside = [found for found in sets if found.complement]
    if combine == Combine.ALL and listed:
        return lookups.rows_where(table, _all_of(listed, outside))
    if combine == Combine.ANY and outside:
        return lookups.rows_where(table, _all_of(outside, listed)).inverted()
    either = lookups.rows_where(table, Q(*map(lookups.condition, sets), _connector=Q.OR))
    return either.inverted() if outside else either


def _all_of(yes: Sequence[UserIds], no: Sequence[UserIds]) -> Q:
    return Q(*(lookups.condition(found) for found in yes), *(lookups.says(found, False) for found in no))
