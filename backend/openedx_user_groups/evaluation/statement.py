"""A rule as one condition of one statement, driven by the universe."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, Value
from django.db.models.fields import BigIntegerField

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine
from openedx_user_groups.groups.universe import Universe
from openedx_user_groups.sets import IdSet, fetch_rows
from openedx_user_groups.sources import LearnerSet, UserIds

from . import lookups

#: The most sets whose answers fit one 64-bit integer.
MAX_MASK_LEAVES = 62


def is_relational(node: Node | Leaf, sets: Mapping[str, LearnerSet]) -> bool:
    """Whether the database can answer for everything below ``node``."""
    leaves = node.leaves() if isinstance(node, Node) else [node]
    return all(isinstance(sets[leaf.pointer], UserIds) for leaf in leaves)


def where(node: Node | Leaf, sets: Mapping[str, LearnerSet], universe: Universe) -> Q:
    """The condition on the universe's rows that ``node`` denotes.

    A leaf is ``user IN (subquery over its own table)`` or its negation, unless it is about the very row (the enrollment
    of a course). Nothing of either is NULL, so the negation is the exact complement; see ADR 4 for the forms that were
    measured.
    """
    if isinstance(node, Leaf):
        return condition_of(sets[node.pointer], universe)
    combine = operator.and_ if node.combine == Combine.ALL else operator.or_
    condition = functools.reduce(combine, [where(child, sets, universe) for child in node.nodes])
    return ~condition if node.negated else condition


def read_answers(sets: Sequence[LearnerSet], universe: Universe) -> dict[int, IdSet]:
    """The learners by the combination of their answers: bit i of the key says whether they are in ``sets[i]``.

    One pass over the universe whatever the number of sets. Combinations that nobody gives are left out.
    """
    # The database looks who is in the querysets; complements are turned here.
    turned = sum(1 << index for index, found in enumerate(sets) if isinstance(found, UserIds) and found.complement)
    rows = universe.rows.order_by().annotate(answers=_bits(sets, universe)).values_list(universe.user_field, "answers")
    learners: dict[int, IdSet] = defaultdict(IdSet)
    for some in fetch_rows(rows):
        ids: dict[int, list[int]] = defaultdict(list)
        for user_id, answers in some:
            ids[answers].append(user_id)
        for answers, found in ids.items():
            learners[answers ^ turned].update(found)
    return learners


def _bits(sets: Sequence[LearnerSet], universe: Universe) -> Any:
    """An integer a row: bit i says whether the learner is in the querysets of ``sets[i]``."""
    bits: Any = Value(0, output_field=BigIntegerField())
    tables: dict[lookups.Table, list[tuple[int, UserIds]]] = defaultdict(list)
    for index, found in enumerate(sets):
        assert isinstance(found, UserIds)
        if lookups.is_about_own_row(found, universe):
            bits = bits + lookups.bit_where(lookups.condition(found), 1 << index)
        elif table := lookups.table_of(found):
            tables[table].append((1 << index, found))
        else:
            bits = bits + lookups.bit_where(_in_querysets(found, universe), 1 << index)
    for table, members in tables.items():
        if len(members) > 1:
            bits = bits + lookups.bits_of(table, members, universe)
        else:
            bits = bits + lookups.bit_where(_in_querysets(members[0][1], universe), members[0][0])
    return bits


def condition_of(found: LearnerSet, universe: Universe) -> Q:
    """The condition on the universe's rows that a set of the database denotes."""
    assert isinstance(found, UserIds)
    if lookups.is_about_own_row(found, universe):
        return Q(lookups.says(found, not found.complement))
    if found.complement and (others := lookups.accounts_outside(found)) is not None:
        return Q(**{f"{universe.user_field}__in": others})
    condition = _in_querysets(found, universe)
    return ~condition if found.complement else condition


def _in_querysets(found: UserIds, universe: Universe) -> Q:
    column = f"{universe.user_field}__in"
    return functools.reduce(operator.or_, [Q(**{column: queryset}) for queryset in found.querysets])
