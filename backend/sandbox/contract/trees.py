"""Rules: how nodes may stand in each other, and each way in which they may not.

What a criterion's configuration may be is shown elsewhere (:mod:`.configurations`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .cases import Case
from .world import AWAY, COURSE, FAILING, IN_SPAIN, INSTANCE, MISSING_TYPE, ORGANIZATION, fixed_uuid, leaf, nested, rule

_WRONG = leaf("last_login", operator=">", days=-1)
_NODE = "/rule/nodes/0"


def trees() -> Iterator[Case]:
    """Valid and invalid rules."""
    for name, definition in _VALID:
        yield Case(name, COURSE, definition)
    for name, definition, *places in (*_root(), *_nodes(), *_criteria(), *_ids()):
        yield Case(name, COURSE, definition, tuple(places), schema_accepts=False)
    for name, definition, *places in _beyond_the_schema():
        yield Case(name, COURSE, definition, tuple(places))
    for scope in (ORGANIZATION, INSTANCE):
        place = (f"{_NODE}/type", "type_not_in_scope")
        yield Case(f"a type that is not for the {scope.type.label}", scope, rule(FAILING), (place,), False)
        yield Case(f"a rule of the {scope.type.label}", scope, rule(AWAY, nested(IN_SPAIN, negated=True)))


_VALID: tuple[tuple[str, Any], ...] = (
    ("one criterion", rule(AWAY)),
    ("without “negated”", {"combine": "all", "nodes": [AWAY]}),
    ("with its kind", nested(AWAY)),
    ("negated", rule(AWAY, negated=True)),
    ("any of several", rule(AWAY, FAILING, combine="any")),
    ("as many criteria as there may be", rule(AWAY, FAILING, IN_SPAIN)),
    ("the same criterion twice", rule(AWAY, AWAY)),
    ("a rule in a rule", rule(nested(AWAY, combine="any"))),
    ("criteria and rules side by side", rule(AWAY, nested(FAILING, IN_SPAIN, combine="any", negated=True))),
    ("as deep as it may be", rule(nested(nested(AWAY), FAILING, combine="any"), IN_SPAIN)),
    ("negated all the way down", rule(nested(nested(AWAY, negated=True), negated=True), negated=True)),
)

_Wrong = tuple[Any, ...]


def _root() -> Iterator[_Wrong]:
    for what, value in (("null", None), ("a list", [AWAY]), ("a text", "all"), ("a number", 1)):
        yield f"{what} for a rule", value, ("/rule", "wrong_type")
    yield "an empty object", {}, ("/rule/combine", "missing_field"), ("/rule/nodes", "missing_field")
    yield "a field that nobody knows", {**rule(AWAY), "title": "x"}, ("/rule/title", "unknown_field")
    yield "a field to be escaped", {**rule(AWAY), "a/b~c": 1}, ("/rule/a~1b~0c", "unknown_field")
    yield "a criterion for a rule", AWAY, ("/rule/config", "unknown_field"), ("/rule/type", "unknown_field"), _KIND
    yield "another kind", {**rule(AWAY), "kind": "group"}, _KIND
    yield "null for a kind", {**rule(AWAY), "kind": None}, _KIND


_KIND = ("/rule/kind", "unknown_kind")


def _nodes() -> Iterator[_Wrong]:
    yield "no combination", {"nodes": [AWAY]}, ("/rule/combine", "missing_field")
    value: Any
    for value in ("none", "ALL", "", None, ["all"]):
        yield f"the combination {value!r}", {**rule(AWAY), "combine": value}, ("/rule/combine", "invalid_choice")
    for value in ("false", 0, None):
        yield f"negated {value!r}", {**rule(AWAY), "negated": value}, ("/rule/negated", "wrong_type")
    yield "no nodes", {"combine": "all"}, ("/rule/nodes", "missing_field")
    yield "null for nodes", {**rule(), "nodes": None}, ("/rule/nodes", "wrong_type")
    yield "an object for nodes", {**rule(), "nodes": {"0": AWAY}}, ("/rule/nodes", "wrong_type")
    yield "an empty rule", rule(), ("/rule/nodes", "empty_node")
    yield "an empty rule in a rule", rule(AWAY, nested()), ("/rule/nodes/1/nodes", "empty_node")
    for value in (None, "country", [AWAY]):
        yield f"the node {value!r}"[:40], rule(value), (_NODE, "wrong_type")
    unnamed = {key: value for key, value in AWAY.items() if key != "kind"}
    yield "a node without kind", rule(unnamed), (f"{_NODE}/kind", "missing_field")
    yield "a rule in a rule without kind", rule(rule(AWAY)), (f"{_NODE}/kind", "missing_field")
    yield "a node of another kind", rule({**AWAY, "kind": "group"}), (f"{_NODE}/kind", "unknown_kind")
    yield "a combination below", rule(nested(AWAY, combine="one")), (f"{_NODE}/combine", "invalid_choice")
    yield "a negation below", rule({**nested(AWAY), "negated": 1}), (f"{_NODE}/negated", "wrong_type")


def _criteria() -> Iterator[_Wrong]:
    config = AWAY["config"]
    yield "no type", rule({"kind": "criterion", "config": config}), (f"{_NODE}/type", "missing_field")
    yield "no configuration", rule({"kind": "criterion", "type": "country"}), (f"{_NODE}/config", "missing_field")
    yield (
        "neither type nor configuration",
        rule({"kind": "criterion"}),
        (f"{_NODE}/type", "missing_field"),
        (f"{_NODE}/config", "missing_field"),
    )
    for value in (MISSING_TYPE, "", "Last_Login", None, 7, ["country"]):
        definition = rule({"kind": "criterion", "type": value, "config": config})
        yield f"the type {value!r}", definition, (f"{_NODE}/type", "unknown_type")
    yield "a field beside a configuration", rule({**AWAY, "negated": True}), (f"{_NODE}/negated", "unknown_field")
    yield "the configuration of another type", rule({**AWAY, "type": "course_passed"}), _OPERATOR
    yield (
        "mistakes in two criteria",
        rule(_WRONG, nested(leaf("course_grade", operator="<"), negated=True)),
        (f"{_NODE}/config/days", "min_value"),
        ("/rule/nodes/1/nodes/0/config/percent", "missing_field"),
    )
    yield (
        "mistakes in a rule and in a criterion",
        rule(_WRONG, combine="one"),
        ("/rule/combine", "invalid_choice"),
        (f"{_NODE}/config/days", "min_value"),
    )


_OPERATOR = (f"{_NODE}/config/operator", "unknown_operator")


def _ids() -> Iterator[_Wrong]:
    for value in ("1", "", 7, None):
        yield f"the id {value!r}", rule({**AWAY, "id": value}), (f"{_NODE}/id", "wrong_type")
    yield "no id of a rule", {**rule(AWAY), "id": "root"}, ("/rule/id", "wrong_type")


def _beyond_the_schema() -> Iterator[_Wrong]:
    """What depends on limits, on data or on the whole tree: the schemas are the wider ones."""
    unknown = str(fixed_uuid(999))
    twice = ("/rule/nodes/1/id", "duplicate_node")
    node = (f"{_NODE}/id", "unknown_node")
    yield "one criterion too many", rule(AWAY, AWAY, AWAY, AWAY), ("/rule", "too_many_criteria")
    yield (
        "one criterion too many, below",
        rule(AWAY, AWAY, nested(AWAY, AWAY)),
        ("/rule", "too_many_criteria"),
    )
    yield "far too many criteria", rule(*[AWAY] * 40), ("/rule", "too_many_criteria")
    deepest = f"{_NODE}/nodes/0/nodes/0"
    yield "one level too deep", rule(nested(nested(nested(AWAY)))), (deepest, "too_deep")
    yield "an id that the saved rule does not have", rule({**AWAY, "id": unknown}), node
    yield "the same for a rule", {**rule(AWAY), "id": unknown}, ("/rule/id", "unknown_node")
    yield (
        "an id twice",
        rule({**AWAY, "id": unknown}, {**FAILING, "id": unknown}),
        node,
        ("/rule/nodes/1/id", "unknown_node"),
        twice,
    )
    text = leaf("country", operator="in", countries=["E\x00S"])
    yield "a text that cannot be stored", rule(text), (f"{_NODE}/config/countries/0", "invalid_text")
