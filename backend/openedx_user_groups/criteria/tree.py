"""A rule in memory: a tree of nodes and leaves, whether it was read from the database or from a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from openedx_user_groups.data import Combine

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
