"""What the numbers of a preview mean, by brute force: one learner and one rule at a time.

A learner is what they answer to each criterion (by its pointer in the rule as it was written); the numbers of a rule
are those of other rules, written out: the first nodes alone, or all but one criterion.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tests.differential.tables import Definition

#: What one learner answers to each criterion of a rule.
Says = dict[str, bool]


def marked(node: Definition, pointer: str = "/rule") -> Definition:
    """Return a rule whose nodes say where they stand, so that it can be cut up."""
    nodes = [marked(child, f"{pointer}/nodes/{index}") for index, child in enumerate(node.get("nodes", ()))]
    return {**node, "at": pointer, **({"nodes": nodes} if nodes else {})}


def learners(rule: Definition, everybody: set[int], sets: dict[str, set[int]]) -> dict[int, Says]:
    """Return what each learner answers, from the sets of the criteria."""
    return {who: {leaf["at"]: who in sets[leaf["at"]] for leaf in leaves(marked(rule))} for who in everybody}


def leaves(node: Definition) -> list[Definition]:
    """Return the criteria of a marked rule, in reading order."""
    if node.get("kind") == "criterion":
        return [node]
    return [leaf for child in node["nodes"] for leaf in leaves(child)]


def verdict(node: Definition, says: Says) -> bool:
    """Return whether one learner matches a marked node."""
    if node.get("kind") == "criterion":
        return says[node["at"]]
    verdicts = [verdict(child, says) for child in node["nodes"]]
    return (all(verdicts) if node["combine"] == "all" else any(verdicts)) != bool(node.get("negated"))


def node_numbers(rule: Definition, people: dict[int, Says]) -> dict[str, tuple[Any, ...]]:
    """Return count, running, without, redundant and decisive of every node, by its pointer."""
    whole = marked(rule)
    matching = who(whole, people)
    found: dict[str, tuple[Any, ...]] = {"/rule": (len(matching), None, None, None, None)}
    for parent in _inner(whole):
        for index, child in enumerate(parent["nodes"]):
            first = {**parent, "negated": False, "nodes": parent["nodes"][: index + 1]}
            numbers: tuple[Any, ...] = (len(who(child, people)), len(who(first, people)))
            if child.get("kind") == "criterion":
                rest = without(whole, child["at"])
                others = who(rest, people) if rest else set(people)
                numbers += (len(others), others == matching, not matching and len(others) > 0)
            else:
                numbers += (None, None, None)
            found[child["at"]] = numbers
    return found


def who(node: Definition, people: dict[int, Says]) -> set[int]:
    """Return the learners who match a marked node."""
    return {learner for learner, says in people.items() if verdict(node, says)}


def without(node: Definition, pointer: str) -> Definition | None:
    """Return a marked rule without one criterion, and without the nodes that are empty then; ``None`` for no rule."""
    nodes = []
    for child in node["nodes"]:
        kept = (
            None if child["at"] == pointer else child if child.get("kind") == "criterion" else without(child, pointer)
        )
        nodes += [kept] if kept else []
    return {**node, "nodes": nodes} if nodes else None


def deciding(rule: Definition, says: Says) -> tuple[set[str], int]:
    """Return the criteria whose opposite answer alone turns the result, and how many it takes at the least."""
    whole = marked(rule)
    before = verdict(whole, says)
    for size in range(1, len(says) + 1):
        turning = [
            set(turned)
            for turned in itertools.combinations(says, size)
            if verdict(whole, says | {pointer: not says[pointer] for pointer in turned}) != before
        ]
        if turning:
            return (set.union(*turning) if size == 1 else set()), size
    raise AssertionError("Some answers turn any rule.")


def _inner(node: Definition) -> Iterator[Definition]:
    yield node
    for child in node["nodes"]:
        if child.get("kind") != "criterion":
            yield from _inner(child)
