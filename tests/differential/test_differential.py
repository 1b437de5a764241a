"""Random worlds and random rules: every way of asking the product gives the answer of the brute-force tables.

One world serves many rules. Every rule is previewed, evaluated under both plans, with one leaf turned into a bitmap,
answered for all learners at once and for one learner (from facts and from its set), and split against the complement of
one of its criteria; every tenth rule is also saved and refreshed, and previewed and saved in the place of another one,
which costs as much as all the rest. The numbers of the nodes, the funnel and the difference are compared too. The
database is the one that DATABASE_URL names, so that the same tests run on SQLite, MariaDB and PostgreSQL.

``DIFFERENTIAL_WORLDS`` asks for more worlds, ``DIFFERENTIAL_SEED`` for others. A failure names its seed and shows the
smallest world and rule that could be found.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from django.db import connection
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openedx_user_groups.criteria import registry
from tests.differential import tables
from tests.differential.rules import CATALOGUE, SCOPE_LETTERS, RuleMaker
from tests.differential.shrink import reproduction
from tests.differential.ways import Clock, Disagreement, Inquiry
from tests.differential.worlds import MAIN, Scene, make_scene
from tests.differential.writer import stored

CHUNKS = 8
WORLDS = int(os.environ.get("DIFFERENTIAL_WORLDS", "24"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
USERS = 60
RULES_BY_SCOPE = (
    (tables.Scope("course", MAIN), 28),
    (tables.Scope("organization", "OrgA"), 5),
    (tables.Scope("organization", "Or_g"), 2),
    (tables.Scope("organization", "OrXg"), 2),
    (tables.Scope("instance"), 7),
)
RULES = sum(rules for _, rules in RULES_BY_SCOPE)
#: How often each rule is evaluated at the least: nine rules of ten are not refreshed, and some have no complement.
WAYS = 10
#: How often each chunk asks each operator of each type, at the least; the first is that of a course.
TIMES = {"c": 2, "o": 1, "i": 1}
EVALUATIONS = 10_000

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def site(scene: Scene, bitmap_share: float = 0.1) -> override_settings:
    """Return the settings under which a scene is asked."""
    Clock.instant = scene.calendar.as_of
    return override_settings(
        TIME_ZONE=scene.calendar.zone,
        OPENEDX_USER_GROUPS_CLOCK="tests.differential.ways.clock",
        OPENEDX_USER_GROUPS_MAX_CRITERIA=25,
        OPENEDX_USER_GROUPS_BITMAP_PLAN_SHARE=bitmap_share,
    )


def ask_again(scene: Scene, scope: tables.Scope, rule: tables.Definition) -> list[Disagreement]:
    """Ask one rule in every way, in a database that holds nothing else."""
    inquiry = Inquiry()
    with site(scene), stored(scene.world):
        inquiry.ask(scene, scope, [rule], thorough=True)
    return inquiry.disagreements


def fail_on(scene: Scene, found: list[Disagreement], origin: str) -> None:
    """Fail with the smallest example of the first disagreement, and the ways of all of them."""
    if found:
        ways = ", ".join(sorted({disagreement.way for disagreement in found}))
        example = reproduction(scene, found[0], ask_again)
        pytest.fail(f"{connection.vendor}, {origin}: {len(found)} answers differ ({ways}).\n{example}", pytrace=False)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_way_agrees_with_the_oracle(chunk):
    inquiry, maker = Inquiry(), RuleMaker(Random(f"{SEED}.{chunk}.rules"))
    worlds = range(chunk, WORLDS, CHUNKS)
    for number in worlds:
        rng = Random(f"{SEED}.{number}")
        scene = make_scene(rng, USERS)
        with site(scene, rng.choice((0.0, 0.1))), stored(scene.world):
            for scope, rules in RULES_BY_SCOPE:
                inquiry.ask(scene, scope, [maker.rule(scene, scope) for _ in range(rules)])
                letter = SCOPE_LETTERS[scope.type]
                while number == worlds[-1] and maker.fewest(letter) < TIMES[letter]:
                    inquiry.ask(scene, scope, [maker.rule(scene, scope)])
        origin = f"DIFFERENTIAL_SEED={SEED} DIFFERENTIAL_WORLDS={WORLDS}, chunk {chunk}, world {number}"
        fail_on(scene, inquiry.disagreements, origin)

    assert inquiry.evaluations >= len(worlds) * RULES * WAYS
    assert {type_ for _, type_, _ in maker.dealt} == set(CATALOGUE)
    assert all(maker.fewest(letter) >= times for letter, times in TIMES.items())


def test_the_chunks_together_are_large_enough():
    """Each chunk asserts its share; here is that the shares add up."""
    assert WORLDS * RULES * WAYS >= EVALUATIONS
    assert WORLDS >= CHUNKS


def test_the_catalogue_is_what_is_installed():
    """A type or an operator that nobody put into the differential test would go unproved."""
    installed = {
        criterion_class.criterion_type: (
            {operator.id for operator in criterion_class.operators},
            {SCOPE_LETTERS[scope] for scope in criterion_class.scopes},
        )
        for criterion_class in registry.installed()
        if criterion_class.__module__.startswith("openedx_user_groups.contrib.lms.")
    }
    assert installed == {type_: (set(offered.split()), set(letters)) for type_, (offered, letters) in CATALOGUE.items()}


@given(rng=st.randoms(use_true_random=False), scope=st.sampled_from([scope for scope, _ in RULES_BY_SCOPE]))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_small_worlds_of_any_shape(rng, scope):
    """Few users, one rule, drawn by hypothesis: it looks for odd draws that plain chance does not make."""
    scene = make_scene(rng, 4)
    rule = RuleMaker(rng).rule(scene, scope)
    fail_on(scene, ask_again(scene, scope, rule), "drawn by hypothesis")
