"""A rule in memory: a tree of nodes and leaves, whether it was read from the database or from a request."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from openedx_user_groups.data import Combine, Unresolved

from .models import Criterion


@dataclass(frozen=True)
class Leaf:
    """One criterion. ``criterion`` is ``None`` where it cannot be evaluated; ``problem`` then says why (a code)."""

    pointer: str
    type: str
    config: dict[str, Any]
    criterion: Criterion | None = None
    id: UUID | None = None
    problem: str | None = None
    #: What a copied criterion refers to and its scope does not have.
    unresolved: tuple[Unresolved, ...] = ()

    @functools.cached_property
    def question(self) -> str:
        """Equal for leaves that ask the same: whatever answers one of them, answers the other.

        One object for all of them, because it is looked up for each leaf of a thousand rules.
        """
        config = json.dumps(self.config, sort_keys=True, default=str)
        return sys.intern("\n".join((self.type, self.problem or "", config)))


@dataclass(frozen=True)
class Node:
    """An inner node."""

    pointer: str
    combine: Combine
    negated: bool
    nodes: tuple[Node | Leaf, ...]
    id: UUID | None = None

    def walk(self) -> Iterator[Node | Leaf]:
        """This node and everything below it, in reading order."""
        yield self
        for node in self.nodes:
            if isinstance(node, Node):
                yield from node.walk()
            else:
                yield node

    def leaves(self) -> list[Leaf]:
        """The criteria, in reading order."""
        return [node for node in self.walk() if isinstance(node, Leaf)]


def meaning(node: Node | Leaf) -> Any:
    """What a rule says, without ids and places of its nodes. A reference that was not resolved says nothing yet."""
    if isinstance(node, Leaf):
        return node.type, node.config, bool(node.unresolved)
    return node.combine, node.negated, [meaning(child) for child in node.nodes]
