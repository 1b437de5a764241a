"""A rule by set algebra on bitmaps of user ids."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import LearnerSet, UserIds


def resolve(found: LearnerSet, universe: IdSet) -> IdSet:
    """The learners of ``universe`` that a leaf denotes."""
    if not isinstance(found, UserIds):
        return universe & found
    ids = functools.reduce(operator.or_, (fetch_ids(queryset) for queryset in found.querysets))
    return universe - ids if found.complement else universe & ids


def combine(node: Node, universe: IdSet, resolve_child: Callable[[Node | Leaf], IdSet]) -> IdSet:
    """The learners that an inner node denotes, given those of its nodes."""
    operation = operator.and_ if node.combine == Combine.ALL else operator.or_
    found = functools.reduce(operation, [resolve_child(child) for child in node.nodes])
    return universe - found if node.negated else found
