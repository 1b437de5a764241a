"""Explanations in their main states: learners who match, who do not, who are no learners here, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from openedx_user_groups.data import Scope

from .exchanges import Asker, Exchange, source_down
from .site import INSTANT
from .world import AWAY, COURSE, FAILING, IN_SPAIN, INSTANCE, World, leaf, nested, rule, wire

EXPLANATIONS = "explanations/"

_BOTH = rule(AWAY, FAILING)
_TREE = rule(AWAY, nested(FAILING, IN_SPAIN, combine="any", negated=True), combine="any")


def explanations(world: World) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file."""
    staff, admin = Asker(world), Asker(world, "admin")
    for name, about, body in _bodies():
        yield name, staff.record(about, "POST", EXPLANATIONS, body)
    on_the_site = _about("cleo", rule(IN_SPAIN), INSTANCE)
    yield "instance", admin.record("On the whole site", "POST", EXPLANATIONS, on_the_site)
    yield from _of_saved_groups(world, staff)
    yield from _refused(staff)


def _about(learner: str, definition: Any, scope: Scope = COURSE, **more: Any) -> dict[str, Any]:
    return {"scope": wire(scope), "learner": learner, "rule": definition, **more}


def _bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    yield "in", "A learner who matches", _about("ada", _BOTH)
    yield "out", "A learner who does not match, and would when time passes", _about("ben", rule(AWAY))
    yield "out_one_of_two", "A learner whom one criterion keeps out", _about("eve", _BOTH)
    yield "without_values", "A learner without values", _about("cleo@example.com", _BOTH)
    yield "tree", "Each node of a nested rule", _about("dan", _TREE)
    listed = rule(leaf("learner_list", operator="in", learners=["ada", "ben"]))
    yield "listed", "A list of learners", _about("ada", listed)
    later = (INSTANT + timedelta(days=20)).isoformat().replace("+00:00", "Z")
    yield "as_of", "At another instant: of now, and of today's data", _about("eve", _BOTH, as_of=later)
    yield "outside", "Somebody who is no learner here", _about("outsider", rule(AWAY))


def _of_saved_groups(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    group = world.group(51, "Explained")
    body = {"scope": wire(COURSE), "learner": "dan", "user_group": str(group.uuid)}
    yield "saved_rule", staff.record("The saved rule of a group", "POST", EXPLANATIONS, body)
    body = {**body, "user_group": str(world.manual_group(52, "Explained: mentors", ("dan",)).uuid)}
    yield "no_rule", staff.record("A group without a rule", "POST", EXPLANATIONS, body)


def _refused(staff: Asker) -> Iterator[tuple[str, Exchange]]:
    yield "unknown_learner", staff.record("Nobody", "POST", EXPLANATIONS, _about("nobody", _BOTH))
    with source_down("learner_list"):
        body = _about("ada", rule(leaf("learner_list", operator="in", learners=["ada"])))
        yield "source_unavailable", staff.record("A source that does not answer", "POST", EXPLANATIONS, body)
