"""Explanations on random worlds: for every learner the verdict is membership, and the next change is when it happens.

The oracle says who matches at any instant, so that an announced change is looked at a second before and after.
``DIFFERENTIAL_WORLDS`` and ``DIFFERENTIAL_SEED`` ask for more worlds, or for others.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from openedx_user_groups.criteria.changes import TICK
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import Explanation, Outside, Scope
from openedx_user_groups.evaluation import analysis
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.explanations import explain
from openedx_user_groups.evaluation.next_change import is_predictable, next_change
from tests.differential import oracle, tables
from tests.differential.catalogue import Question
from tests.differential.rules import RuleMaker
from tests.differential.test_differential import CHUNKS, SEED, WORLDS, site
from tests.differential.worlds import MAIN, Scene, make_scene
from tests.differential.writer import stored

USERS = 40
SCOPES = (
    *(tables.Scope("course", MAIN),) * 3,
    tables.Scope("organization", "OrgA"),
    tables.Scope("instance"),
)
SECOND = timedelta(seconds=1)
#: Beside the instants at which values are exactly so many days old: "between 10 and 10 days" holds only then.
BESIDE = timedelta(microseconds=7)
#: Types whose answers change with time: most rules of the whole catalogue hold still.
MOVING = ("account_age", "enrollment_date", "last_course_activity", "last_login", "course_grade", "country")

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_learner_is_explained_as_the_oracle_says(chunk):
    seen: Counter[str] = Counter()
    for number in range(chunk, WORLDS, CHUNKS):
        rng = Random(f"{SEED}.{number}.explanations")
        scene = make_scene(rng, USERS)
        with site(scene), stored(scene.world):
            for scope in SCOPES:
                maker = RuleMaker(rng, rng.choice(((), MOVING)))
                rule = maker.rule(scene, scope)
                _ask(scene, scope, rule, seen)
                _ask_whole_rule(scene, scope, rule, seen)
    assert seen["explained"] >= 300
    assert min(seen[reason] for reason in Outside) > 0
    assert seen["changes"] >= 30
    assert seen["changes of a rule"] >= 3


def _ask(scene: Scene, scope: tables.Scope, rule: tables.Definition, seen: Counter[str]) -> None:
    """Everybody in the world, learner of the scope or not."""
    as_of = scene.calendar.as_of
    place = Scope.parse(scope.type, scope.key)
    evaluation = Evaluation(parse_rule(rule, place), place, as_of)
    sets = oracle.node_sets(scene.world, scope, rule, as_of, scene.calendar.zone)
    everybody = oracle.universe(scene.world, scope)
    for user in scene.world.users:
        explanation = explain(evaluation, user.id, as_of)
        assert explanation.matches == (user.id in sets["/rule"]), (user, rule)
        if user.id not in everybody:
            assert explanation == replace(explanation, username=None, nodes=(), next_change=None)
            assert explanation.outside == _reason(scene.world, scope, user)
            seen[explanation.outside] += 1
            continue
        assert (explanation.outside, explanation.username) == (None, user.username)
        assert {node.pointer: node.matches for node in explanation.nodes} == {
            pointer: user.id in found for pointer, found in sets.items()
        }
        seen["explained"] += 1
        _check_change(scene, scope, rule, user, explanation, seen)


def _reason(world: tables.World, scope: tables.Scope, user: tables.User) -> Outside:
    retired = user.username.startswith(tables.RETIRED_PREFIX)
    if scope.type == "instance":
        return Outside.RETIRED_ACCOUNT if retired else Outside.INACTIVE_ACCOUNT
    courses = tables.courses_of(world, scope)
    here = [row.is_active for row in world.enrollments if row.user == user.id and row.course in courses]
    if not here:
        return Outside.NOT_ENROLLED
    return Outside.RETIRED_ACCOUNT if any(here) else Outside.INACTIVE_ENROLLMENT


def _check_change(
    scene: Scene,
    scope: tables.Scope,
    rule: tables.Definition,
    user: tables.User,
    explanation: Explanation,
    seen: Counter[str],
) -> None:
    """The rule's own change, and that of each criterion."""
    nodes: list[tuple[Any, datetime | None]] = [(rule, explanation.next_change)]
    for node in explanation.nodes:
        if node.criterion is not None:
            nodes.append((_at(rule, node.pointer), node.criterion.next_change))
    assert explanation.next_change_known
    for definition, change in nodes:

        def answer(at: datetime, definition: Any = definition) -> bool:
            return _answer(Question(scene.world, scope, at, ZoneInfo(scene.calendar.zone), user), definition)

        as_of = scene.calendar.as_of
        now = answer(as_of)
        if change is None:
            later = (as_of + timedelta(days=days) + BESIDE for days in (0.5, 3, 40, 400, 40_000))
            assert {answer(at) for at in later} == {now}
            continue
        seen["changes"] += 1
        assert change >= as_of
        assert answer(change + TICK) != now
        if change - SECOND > as_of:
            assert answer(change - SECOND) == now
        if change - SECOND > as_of:
            assert answer(as_of + (change - as_of) / 2 + BESIDE) == now
        # A second later another criterion may have turned the answer back; not so for a single one.
        if definition is not rule:
            assert answer(change + SECOND) != now


def _answer(question: Question, node: tables.Definition) -> bool:
    if node.get("kind") == "criterion":
        return oracle.criterion_matches(question, node)
    combined = all if node["combine"] == "all" else any
    return combined(_answer(question, child) for child in node["nodes"]) != bool(node.get("negated"))


def _at(rule: tables.Definition, pointer: str) -> tables.Definition:
    for index in pointer.removeprefix("/rule").split("/nodes/")[1:]:
        rule = rule["nodes"][int(index)]
    return rule


def _ask_whole_rule(scene: Scene, scope: tables.Scope, rule: tables.Definition, seen: Counter[str]) -> None:
    """When any criterion's answer changes for anybody; and nothing that the analysis claims is wrong."""
    as_of, place = scene.calendar.as_of, Scope.parse(scope.type, scope.key)
    tree = parse_rule(rule, place)
    assert is_predictable(tree)

    def sets(at: datetime) -> dict[str, set[int]]:
        return oracle.node_sets(scene.world, scope, rule, at, scene.calendar.zone)

    now, change = sets(as_of), next_change(tree, place, as_of)
    if change is None:
        assert sets(as_of + timedelta(days=40_000) + BESIDE) == now
    else:
        seen["changes of a rule"] += 1
        assert sets(change + TICK) != now
        if change - SECOND > as_of:
            before = (change - SECOND, as_of + (change - as_of) / 2 + BESIDE)
            assert [sets(at) == now for at in before] == [True, True]
    for finding in analysis.findings(tree, Evaluation(tree, place, as_of).context):
        if finding.code.startswith("impossible"):
            assert now[finding.pointer] == set()
        elif finding.code.startswith("always_true"):
            assert now[finding.pointer] == oracle.universe(scene.world, scope)
