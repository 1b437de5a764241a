"""What static analysis claims of a rule, held against random worlds: a claim that one learner refutes is a bug.

No database: the rules are parsed and analysed without one (a query would fail here), and the oracle says who matches.
``PROOF_WORLDS`` asks for more worlds.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings

from openedx_user_groups.contrib.lms.models import CourseGrade, CourseProgressCriterion
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.facts import Fact
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.data import RuleWarning, Scope
from openedx_user_groups.evaluation import analysis, states
from tests.differential import oracle, tables
from tests.differential.rules import RuleMaker
from tests.differential.worlds import MAIN, Calendar, Scene, make_scene

CHUNKS = 8
WORLDS = int(os.environ.get("PROOF_WORLDS", "10000"))
USERS = 5
SCOPE = tables.Scope("course", MAIN)
#: Types whose configurations can be read without a database; dates, numbers, codes, lists of one value and of several.
TYPES = (
    *("account_age", "certificate", "completed_block", "country", "course_grade", "course_passed", "course_progress"),
    *("email_domain", "enrollment_date", "gender", "last_course_activity", "last_login", "spoken_language"),
    *("subsection_grade", "year_of_birth"),
)
#: Rules of earlier worlds of the same instant that are asked again of each world.
AGAIN = 4
CLAIMS = {
    *("impossible_rule", "impossible_node", "always_true_rule", "always_true_node"),
    *("duplicate_criterion", "subsumed_criterion", "disjoint"),
}


@dataclass(frozen=True)
class Claim:
    """What was said of a rule, or of two, at an instant."""

    as_of: datetime
    rule: tables.Definition
    findings: tuple[RuleWarning, ...] = ()
    disjoint_from: tables.Definition | None = None

    def refuted(self, scene: Scene, at: datetime) -> Iterator[str]:
        """What a world shows to be wrong at an instant."""
        sets = oracle.node_sets(scene.world, SCOPE, self.rule, at, scene.calendar.zone)
        everybody = oracle.universe(scene.world, SCOPE)
        for finding in self.findings:
            claimed = {"impossible": set(), "always": everybody}.get(finding.code.split("_")[0])
            if claimed is not None and sets[finding.pointer] != claimed:
                yield finding.code
        superfluous = {finding.pointer for finding in self.findings if finding.code.endswith("_criterion")}
        if superfluous:
            shorter = _without(self.rule, "/rule", superfluous)
            if shorter is None or oracle.matches(scene.world, SCOPE, shorter, at, scene.calendar.zone) != sets["/rule"]:
                yield "superfluous"
        if self.disjoint_from is not None:
            other = oracle.matches(scene.world, SCOPE, self.disjoint_from, at, scene.calendar.zone)
            if sets["/rule"] & other:
                yield "disjoint"


@dataclass
class Court:
    """Asks the analysis about random rules, and keeps what it claims and what was refuted."""

    types: tuple[str, ...] = TYPES
    made: Counter[str] = field(default_factory=Counter)
    refuted: list[tuple[str, Claim, int]] = field(default_factory=list)
    claims: dict[Calendar, list[Claim]] = field(default_factory=lambda: defaultdict(list))

    def hear(self, number: int) -> None:
        """One world: two rules of its own, and some of earlier ones."""
        rng = Random(f"proofs.{number}")
        scene = make_scene(rng, USERS)
        with _site(scene):
            own = self._claims(rng, scene)
        earlier = self.claims[scene.calendar]
        at = scene.calendar.as_of + rng.choice((timedelta(), timedelta(days=1), timedelta(days=rng.randrange(800))))
        for claim in [*own, *rng.sample(earlier, min(AGAIN, len(earlier)))]:
            self.refuted += [(what, claim, number) for what in claim.refuted(scene, at)]
        earlier.extend(own)

    def _claims(self, rng: Random, scene: Scene) -> list[Claim]:
        zone = ZoneInfo(scene.calendar.zone)
        context = EvaluationContext(Scope.course(MAIN), scene.calendar.as_of, zone)
        types = rng.sample(self.types, min(rng.choice((1, 1, 2)), len(self.types)))
        rules = [_rule(rng, scene, types) for _ in range(2)]
        one, other = (parse_rule(rule, context.scope) for rule in rules)
        claims = [
            Claim(context.as_of, rule, found)
            for rule, tree in zip(rules, (one, other), strict=True)
            if (found := analysis.findings(tree, context))
        ]
        self.made.update(finding.code for claim in claims for finding in claim.findings)
        if analysis.disjoint(one, other, context).proven:
            self.made["disjoint"] += 1
            claims.append(Claim(context.as_of, rules[0], disjoint_from=rules[1]))
        return claims


def _rule(rng: Random, scene: Scene, types: list[str]) -> tables.Definition:
    """Few criteria of few types: they contradict and repeat each other often."""
    maker = RuleMaker(rng, types)
    nodes = [maker.leaf(scene, SCOPE) for _ in range(rng.choice((1, 2, 2, 3, 4)))]
    if len(nodes) > 2 and rng.random() < 0.5:
        inner = {"combine": rng.choice(("all", "any")), "negated": rng.random() < 0.3, "nodes": nodes[:2]}
        nodes = [{"kind": "rule", **inner}, *nodes[2:]]
    if rng.random() < 0.15:
        nodes.append(rng.choice([node for node in nodes if node["kind"] == "criterion"] or nodes))
    return {"combine": rng.choice(("all", "all", "any")), "negated": rng.random() < 0.2, "nodes": nodes}


def _without(node: tables.Definition, pointer: str, removed: set[str]) -> tables.Definition | None:
    if pointer in removed:
        return None
    if node.get("kind") == "criterion":
        return node
    children = (_without(child, f"{pointer}/nodes/{index}", removed) for index, child in enumerate(node["nodes"]))
    nodes = [child for child in children if child is not None]
    return {**node, "nodes": nodes} if nodes else None


@contextmanager
def _site(scene: Scene) -> Iterator[None]:
    with override_settings(TIME_ZONE=scene.calendar.zone, OPENEDX_USER_GROUPS_MAX_CRITERIA=25):
        yield


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_world_refutes_a_claim(chunk):
    court = Court()
    for number in range(chunk, WORLDS, CHUNKS):
        court.hear(number)
    assert court.refuted[:1] == []
    assert court.made.keys() == CLAIMS
    # Each kind of claim is put to the test often.
    assert min(court.made.values()) * CHUNKS >= WORLDS / 100, court.made


def test_a_fact_that_is_wrongly_said_to_have_one_value_is_found(monkeypatch):
    """Planted: speaking Spanish and speaking French would exclude each other."""
    monkeypatch.setattr(Fact, "single_valued", True)
    court = _heard(800, ("spoken_language",))
    assert {what for what, _claim, _number in court.refuted} >= {"always_true_rule", "disjoint"}


def test_values_between_thresholds_that_are_forgotten_are_found(monkeypatch):
    """Planted: only the thresholds themselves are looked at."""
    monkeypatch.setattr(states, "_between", lambda low, high, whole: iter(()))
    assert _heard(400).refuted


def test_learners_without_a_value_that_are_forgotten_are_found(monkeypatch):
    """Planted: everybody has a value."""
    monkeypatch.setattr(states, "_one_at_most", lambda cells, always: ((cell,) for cell in cells))
    assert _heard(400).refuted


def test_a_value_that_only_some_have_is_not_taken_for_granted(monkeypatch):
    """Planted: what is true of every account would be of every row."""
    monkeypatch.setattr(Fact, "everybody_has_one", True)
    assert _heard(400).refuted


def test_claims_about_rules_that_are_too_large_for_a_table(monkeypatch):
    monkeypatch.setattr(analysis, "MAX_COMBINATIONS", 12)
    court = _heard(400)
    assert court.refuted == []
    assert court.made.keys() == CLAIMS


def test_a_range_that_a_source_does_not_keep_is_found(monkeypatch):
    """Planted: no grade would be above 100 %, as no progress is. Platforms store such grades."""
    monkeypatch.setattr(CourseGrade, "operands", CourseProgressCriterion.operands)
    assert _heard(400, ("course_grade",)).refuted


def test_the_range_of_a_source_is_made_use_of():
    """No world has a progress beyond its range, and rules that ask for one are found impossible."""
    court = _heard(400, ("course_progress",))
    assert court.refuted == []
    above = {"kind": "criterion", "type": "course_progress", "config": {"operator": ">", "percent": 100}}
    assert any(above in claim.rule["nodes"] for claims in court.claims.values() for claim in claims)


def _heard(worlds: int, types: tuple[str, ...] = TYPES) -> Court:
    court = Court(types)
    for number in range(worlds):
        court.hear(number)
    return court
