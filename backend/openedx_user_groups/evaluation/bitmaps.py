"""A rule by set algebra on bitmaps of user ids."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import Combine
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import LearnerSet, UserIds


def resolve(found: LearnerSet, universe: IdSet) -> IdSet:
    """The learners of ``universe`` that a leaf denotes."""
    if not isinstance(found, UserIds):
        return universe & found
    ids = functools.reduce(operator.or_, (fetch_ids(queryset) for queryset in found.querysets))
    return universe - ids if found.complement else universe & ids


def combine(node: Node, universe: IdSet, found: Sequence[IdSet]) -> IdSet:
    """What an inner node denotes, given what its nodes do."""
    combined = IdSet.intersection(*found) if node.combine == Combine.ALL else IdSet.union(*found)
    return universe - combined if node.negated else combined
