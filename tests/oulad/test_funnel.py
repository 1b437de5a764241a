"""Every number of a preview, for ten rules over five courses, against what the CSV files say."""

from __future__ import annotations

import pytest

from tests.differential import preview_numbers

from .questions import BBB, QUESTIONS, criterion, post, staff_of

COURSES = [
    "course-v1:OULAD+AAA+2013J",
    BBB,
    "course-v1:OULAD+CCC+2014B",
    "course-v1:OULAD+DDD+2013J",
    "course-v1:OULAD+FFF+2014J",
]


def every(*nodes, negated=False):
    """All of these: numbers of questions, or nested rules."""
    return "all", negated, nodes


def some(*nodes, negated=False):
    """Any of these."""
    return "any", negated, nodes


#: Of questions by their number: 0 and 1 ask for the last login, 6 and 7 for the grade, 13 for Ireland ...
RULES = {
    "idle and behind": every(0, 6, 18),
    "idle, behind, abroad, older": every(0, 6, 13, 17),
    "two that exclude each other": every(0, 1, 6),
    "one that says nothing new": every(6, 10, 0, 9),
    "a criterion twice": every(0, 0, 15),
    "idle or never here, or behind": some(3, 6, 13),
    "nobody of these": some(0, 6, 15, negated=True),
    "women who are idle, or not both behind and graded": every(15, some(0, every(6, 11, negated=True))),
    "neither in either of two": some(every(0, 6, negated=True), every(13, 17, negated=True)),
    "ten criteria": every(3, 6, 9, 14, some(15, 16), some(17, 18, 19), some(20, 21, negated=True)),
}


def definition(rule):
    """A rule on the wire."""
    if isinstance(rule, int):
        return criterion(QUESTIONS[rule])
    combine, negated, nodes = rule
    return {"kind": "rule", "combine": combine, "negated": negated, "nodes": [definition(node) for node in nodes]}


def questions_of(rule) -> list[int]:
    """The numbers of the questions of a rule, in reading order."""
    return [rule] if isinstance(rule, int) else [number for node in rule[2] for number in questions_of(node)]


def expected_numbers(rule, students):
    """The numbers of every node by brute force."""
    wire = definition(rule)
    pointers = [leaf["at"] for leaf in preview_numbers.leaves(preview_numbers.marked(wire))]
    tests = dict(zip(pointers, (QUESTIONS[number][2] for number in questions_of(rule)), strict=True))
    people = {
        who: {pointer: test(student) for pointer, test in tests.items()}
        for who, student in enumerate(students.values())
    }
    return preview_numbers.node_numbers(wire, people)


@pytest.mark.parametrize("name", list(RULES))
def test_the_funnel_is_that_of_the_files(oulad, expected, settings, name):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 12
    decided = set()
    for course in COURSES:
        body = {"scope": {"type": "course", "key": course}, "rule": definition(RULES[name]), "sample_size": 0}
        preview = post(staff_of(course), "previews/", body)
        assert preview["count"]["universe"] == len(expected[course])
        found = {
            node["pointer"]: tuple(node[key] for key in ("count", "running", "without", "redundant", "decisive"))
            for node in preview["nodes"]
        }
        assert found == expected_numbers(RULES[name], expected[course]), course
        decided |= {numbers[3:] for numbers in found.values()}
    if name in ("a criterion twice", "one that says nothing new"):
        assert (True, False) in decided
    if name == "two that exclude each other":
        assert (False, True) in decided


def test_the_example_of_the_readme_step_by_step(oulad):
    body = {"scope": {"type": "course", "key": BBB}, "rule": definition(every(0, 6, 18)), "sample_size": 0}
    track = {"operator": "not_in", "modes": ["audit"]}
    body["rule"]["nodes"][2]["config"] = track
    nodes = post(staff_of(BBB), "previews/", body)["nodes"]
    assert [node["running"] for node in nodes] == [None, 1508, 232, 179]
    assert [node["without"] for node in nodes] == [None, 268, 1299, 232]
