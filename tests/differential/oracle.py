"""The brute-force oracle: what a rule means, by the definition of its semantics, one learner and one row at a time.

It knows nothing of the product: no database, no model, no shared helper. A world is a bag of plain rows, a rule is its
wire definition, and the answer is a set of user ids. It is slow on purpose and as literal as it can be, so that a
mistake in it is unlikely to be the same mistake as one in the product. Rows are in ``tables``, comparisons in
``comparing``, the criterion types in ``catalogue``; here they become sets.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.differential.catalogue import TYPES, Question
from tests.differential.tables import RETIRED_PREFIX, Definition, Scope, World, courses_of

COMPLEMENT_OF = {"!=": "=", "not_in": "in", "not_exists": "exists"}


def universe(world: World, scope: Scope) -> set[int]:
    """Return whom any rule of the scope may speak of."""
    living = {user.id: user for user in world.users if not user.username.startswith(RETIRED_PREFIX)}
    if scope.type == "instance":
        return {user.id for user in living.values() if user.is_active}
    active = {row.user for row in world.enrollments if row.is_active and row.course in courses_of(world, scope)}
    return active & living.keys()


def matches(world: World, scope: Scope, rule: Definition, as_of: datetime, time_zone: str) -> set[int]:
    """Return the learners whom a rule describes."""
    return node_sets(world, scope, rule, as_of, time_zone)["/rule"]


def node_sets(world: World, scope: Scope, rule: Definition, as_of: datetime, time_zone: str) -> dict[str, set[int]]:
    """Return the set of each node of a rule, by the JSON pointer to it."""
    everybody = universe(world, scope)
    people = [user for user in world.users if user.id in everybody]
    zone = ZoneInfo(time_zone)
    sets: dict[str, set[int]] = {}

    def visit(node: Definition, pointer: str) -> set[int]:
        if node.get("kind") == "criterion":
            asked = (Question(world, scope, as_of, zone, user) for user in people)
            found = {question.user.id for question in asked if criterion_matches(question, node)}
        else:
            parts = [visit(child, f"{pointer}/nodes/{index}") for index, child in enumerate(node["nodes"])]
            found = set.intersection(*parts) if node["combine"] == "all" else set.union(*parts)
            found = everybody - found if node.get("negated") else found
        sets[pointer] = found
        return found

    visit(rule, "/rule")
    return sets


def criterion_matches(question: Question, node: Definition) -> bool:
    """Return whether a learner meets a positive operator, or fails the one that the operator is the complement of."""
    operator = node["config"]["operator"]
    decide = TYPES[node["type"]]
    if operator in COMPLEMENT_OF:
        return not decide(question, COMPLEMENT_OF[operator], node["config"])
    return decide(question, operator, node["config"])
