"""A rule as one condition of one statement, driven by the universe."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from typing import Any

from django.db.models import Case, Count, Q, Value, When
from django.db.models.fields import BigIntegerField

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine
from openedx_user_groups.groups.universe import Universe
from openedx_user_groups.sources import LearnerSet, UserIds

#: The most leaves whose answers fit one 64-bit integer.
MAX_MASK_LEAVES = 62


def is_relational(node: Node | Leaf, sets: Mapping[str, LearnerSet]) -> bool:
    """Whether the database can answer for everything below ``node``."""
    leaves = node.leaves() if isinstance(node, Node) else [node]
    return all(isinstance(sets[leaf.pointer], UserIds) for leaf in leaves)


def where(node: Node | Leaf, sets: Mapping[str, LearnerSet], universe: Universe) -> Q:
    """The condition on the universe's rows that ``node`` denotes.

    A leaf is ``user IN (subquery over its own table)`` or its negation. Both columns are never NULL, so the negation is
    the exact complement; see ADR 4 for the forms that were measured.
    """
    if isinstance(node, Leaf):
        return _leaf(sets[node.pointer], universe)
    combine = operator.and_ if node.combine == Combine.ALL else operator.or_
    condition = functools.reduce(combine, [where(child, sets, universe) for child in node.nodes])
    return ~condition if node.negated else condition


def count_answers(leaves: list[Leaf], sets: Mapping[str, LearnerSet], universe: Universe) -> dict[int, int]:
    """How many learners give each combination of leaf answers: bit i of the key is the answer of leaf i.

    One pass over the universe whatever the number of leaves. Every count of every node follows from it.
    """
    mask: Any = Value(0, output_field=BigIntegerField())
    for index, leaf in enumerate(leaves):
        bit, no = (Value(value, output_field=BigIntegerField()) for value in (1 << index, 0))
        mask = mask + Case(When(_leaf(sets[leaf.pointer], universe), then=bit), default=no)
    rows = universe.rows.order_by().annotate(answers=mask).values("answers")
    counted = rows.annotate(learners=Count(universe.user_field, distinct=universe.repeats))
    return dict(counted.values_list("answers", "learners"))


def _leaf(found: LearnerSet, universe: Universe) -> Q:
    assert isinstance(found, UserIds)
    column = f"{universe.user_field}__in"
    condition = functools.reduce(operator.or_, [Q(**{column: queryset}) for queryset in found.querysets])
    return ~condition if found.complement else condition
