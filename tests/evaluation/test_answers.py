"""The numbers that follow from the answers. That they are right for any rule is the differential test's."""

from __future__ import annotations

import pytest

from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, NodeCount
from openedx_user_groups.evaluation.answers import Answers, deciding
from openedx_user_groups.sets import IdSet


def tree(combine: str, *nodes, negated: bool = False, at: str = "/rule") -> Node:
    """A rule; a criterion is written as ``None``, a nested one as the arguments of this function."""
    built = []
    for index, node in enumerate(nodes):
        pointer = f"{at}/nodes/{index}"
        built.append(Leaf(pointer, "any", {}) if node is None else tree(*node, at=pointer))
    return Node(at, Combine(combine), negated, tuple(built))


A, B = "/rule/nodes/0", "/rule/nodes/1"


def test_the_numbers_of_two_criteria():
    answers = Answers(tree("all", None, None), IdSet(range(9)), {A: IdSet(range(5)), B: IdSet(range(2))})
    assert answers.nodes() == (
        NodeCount("/rule", 2),
        NodeCount(A, 5, running=5, without=2, redundant=True, decisive=False),
        NodeCount(B, 2, running=2, without=5, redundant=False, decisive=False),
    )


def test_the_only_criterion_leaves_everybody():
    answers = Answers(tree("all", None, negated=True), IdSet(range(5)), {A: IdSet([0, 1, 2])})
    assert answers.nodes() == (NodeCount("/rule", 2), NodeCount(A, 3, 3, 5, False, False))


@pytest.mark.parametrize(
    ("rule", "said", "expected"),
    [
        (tree("all", None, None), (True, True), [A, B]),
        (tree("all", None, None), (True, False), [B]),
        (tree("all", None, None), (False, False), [A, B]),
        (tree("any", None, None), (True, True), [A, B]),
        (tree("any", None, None), (True, False), [A]),
        (tree("any", None, None, negated=True), (True, True), [A, B]),
        # Two and two: the first criterion of each would do; the first choice in reading order.
        (
            tree("all", ("any", None, None), ("any", None, None)),
            (True, True, True, True),
            [f"{A}/nodes/0", f"{A}/nodes/1"],
        ),
        (tree("all", None, ("any", None, None)), (False, False, False), [A, f"{B}/nodes/0"]),
    ],
)
def test_the_criteria_that_decide(rule, said, expected):
    pointers = [leaf.pointer for leaf in rule.leaves()]
    assert deciding(rule, dict(zip(pointers, said, strict=True))) == tuple(expected)
