"""The answers of many rules for a few learners, from the learners' facts.

One query a fact, whatever the number of rules; the comparisons are made in Python from the same operator table that the
database's conditions come from. Leaves without a fact are answered by their set, restricted to these learners.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from django.db.models import Q

from openedx_user_groups.criteria.facts import ValueTest
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import UserIds

from . import statement
from .evaluator import Evaluation

Key = TypeVar("Key", bound=Hashable)
Values = dict[int, list[Any]]


def matching(evaluations: Mapping[Key, Evaluation], user_ids: IdSet, *, from_facts: bool = True) -> dict[Key, IdSet]:
    """Which of ``user_ids`` each rule matches. All evaluations must have the same scope and instant.

    ``from_facts=False`` answers every leaf from its set restricted to these learners (the other way to the same
    answer).
    """
    if not evaluations:
        return {}
    present = next(iter(evaluations.values())).universe.restricted_to(user_ids)
    facts: dict[Hashable, Values] = {}
    return {key: _Few(evaluation, present, facts, from_facts).rule() for key, evaluation in evaluations.items()}


class _Few:
    """One rule for a few learners of the universe."""

    def __init__(self, evaluation: Evaluation, present: IdSet, facts: dict[Hashable, Values], from_facts: bool) -> None:
        self._evaluation, self._present, self._facts, self._from_facts = evaluation, present, facts, from_facts

    def rule(self) -> IdSet:
        return self._node(self._evaluation.rule)

    def _node(self, node: Node | Leaf) -> IdSet:
        if isinstance(node, Leaf):
            return self._leaf(node)
        found = [self._node(child) for child in node.nodes]
        combined = IdSet.intersection(*found) if node.combine == Combine.ALL else IdSet.union(*found)
        return self._present - combined if node.negated else combined

    def _leaf(self, leaf: Leaf) -> IdSet:
        assert leaf.criterion is not None
        if self._from_facts:
            fact = leaf.criterion.fact(self._evaluation.context)
            if fact is not None:
                key = leaf.criterion.fact_key()
                if key not in self._facts:
                    self._facts[key] = fact.values_of(self._present)
                return self._compare(self._facts[key], leaf.criterion.value_test(self._evaluation.context))
        return self._restricted(leaf)

    def _compare(self, values: Values, test: ValueTest) -> IdSet:
        return IdSet([pk for pk in self._present if test.answer(values.get(pk, ()))])

    def _restricted(self, leaf: Leaf) -> IdSet:
        found = self._evaluation.sets[leaf.pointer]
        if not isinstance(found, UserIds):
            return self._present & found
        universe = self._evaluation.universe
        few = Q(**{f"{universe.user_field}__in": list(self._present)})
        return fetch_ids(universe.ids(few & statement.where(leaf, self._evaluation.sets, universe)))
