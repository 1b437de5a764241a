"""A rule as one condition of one statement, driven by the universe."""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Value
from django.db.models.fields import BigIntegerField

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine
from openedx_user_groups.groups.universe import Universe
from openedx_user_groups.sets import IdSet, chunks, fetch_rows
from openedx_user_groups.sources import LearnerSet, UserIds

from . import lookups

#: The most sets whose answers fit one 64-bit integer.
_MAX_BITS = 62


def is_relational(node: Node | Leaf, sets: Mapping[str, LearnerSet]) -> bool:
    """Whether the database can answer for everything below ``node``."""
    leaves = node.leaves() if isinstance(node, Node) else [node]
    return all(isinstance(sets[leaf.pointer], UserIds) for leaf in leaves)


def where(node: Node | Leaf, sets: Mapping[str, LearnerSet], universe: Universe, *, joined: bool = True) -> Q:
    """The condition on the universe's rows that ``node`` denotes.

    A leaf is ``user IN (subquery over its own table)`` or its negation, unless it is about the very row (the enrollment
    of a course). Nothing below OR and NOT is ever NULL, so the negation is the exact complement; see ADR 4 for the
    forms that were measured. ``joined``: nothing but AND is around the condition, so that a database can join what is
    in it.
    """
    if isinstance(node, Leaf):
        return condition_of(sets[node.pointer], universe, joined=joined)
    joined = joined and node.combine == Combine.ALL and not node.negated
    combine = operator.and_ if node.combine == Combine.ALL else operator.or_
    condition = functools.reduce(combine, [where(child, sets, universe, joined=joined) for child in node.nodes])
    return ~condition if node.negated else condition


def read_answers(sets: Mapping[str, UserIds], universe: Universe) -> tuple[IdSet, dict[str, IdSet]]:
    """The learners of the universe, and those of them who are in each of ``sets``, by the same names.

    One pass over the universe, whatever the number of sets (up to 62).
    """
    everybody, answers = IdSet(), dict[str, IdSet]()
    for some in chunks(sets.items(), _MAX_BITS):
        by_bits = _read([found for _name, found in some], universe)
        everybody.update(*by_bits.values())
        for index, (name, found) in enumerate(some):
            inside = IdSet.union(IdSet(), *(ids for bits, ids in by_bits.items() if bits >> index & 1))
            # The database looks who is in the querysets; complements are turned here.
            answers[name] = everybody - inside if found.complement else inside
    return everybody, answers


def _read(sets: Sequence[UserIds], universe: Universe) -> dict[int, IdSet]:
    """The learners by an integer: bit i says whether they are in the querysets of ``sets[i]``."""
    rows = universe.rows.order_by().annotate(answers=_bits(sets, universe)).values_list(universe.user_field, "answers")
    learners: dict[int, IdSet] = defaultdict(IdSet)
    for some in fetch_rows(rows):
        ids: dict[int, list[int]] = defaultdict(list)
        for user_id, answers in some:
            ids[answers].append(user_id)
        for answers, found in ids.items():
            learners[answers].update(found)
    return learners


def _bits(sets: Sequence[UserIds], universe: Universe) -> Any:
    """That integer, as an expression over the rows of the universe."""
    bits: Any = Value(0, output_field=BigIntegerField())
    tables: dict[lookups.Table, list[tuple[int, UserIds]]] = defaultdict(list)
    for index, found in enumerate(sets):
        if lookups.is_about_own_row(found, universe):
            bits = bits + lookups.bit_where(lookups.condition(found), 1 << index)
        elif table := lookups.table_of(found):
            tables[table].append((1 << index, found))
        else:
            bits = bits + lookups.bit_where(_in_querysets(found, universe, joined=False), 1 << index)
    for table, members in tables.items():
        if len(members) > 1:
            bits = bits + lookups.bits_of(table, members, universe)
        else:
            bits = bits + lookups.bit_where(_in_querysets(members[0][1], universe, joined=False), members[0][0])
    return bits


def condition_of(found: LearnerSet, universe: Universe, *, joined: bool = True) -> Q:
    """The condition on the universe's rows that a set of the database denotes. ``joined`` as for :func:`where`."""
    assert isinstance(found, UserIds)
    if lookups.is_about_own_row(found, universe):
        # Where NULL does as well as "no", an index may serve the condition itself.
        plainly = joined and not found.complement
        return Q(lookups.condition(found)) if plainly else Q(lookups.says(found, not found.complement))
    if not found.complement:
        return _in_querysets(found, universe, joined)
    others = lookups.accounts_outside(found)
    return ~_in_querysets(found, universe, joined=False) if others is None else _in_querysets(others, universe, joined)


def _in_querysets(found: UserIds, universe: Universe, joined: bool) -> Q:
    joined = joined and len(found.querysets) == 1
    return functools.reduce(operator.or_, [_is_in(queryset, universe, joined) for queryset in found.querysets])


def _is_in(queryset: QuerySet[Any, Any], universe: Universe, joined: bool) -> Q:
    # What it cannot join, PostgreSQL reads as a whole, from the whole site.
    reads_all = connection.vendor == "postgresql" and not joined
    if reads_all and universe.is_known_to_be_small and lookups.is_plain(queryset):
        return Q(lookups.has_row(queryset, universe))
    return Q(**{f"{universe.user_field}__in": queryset})
