"""Previews in every state in which one can be answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.db import DatabaseError

from openedx_user_groups import api
from openedx_user_groups.evaluation import statement

from .exchanges import PREVIEWS, Asker, Exchange, failing_type, preview_of, source_down
from .preview_states import previews_that_take_long
from .world import AWAY, EMPTY_COURSE, FAILING, IN_SPAIN, INSTANCE, ORGANIZATION, World, leaf, nested, rule

_IN_ANTARCTICA = leaf("country", operator="in", countries=["AQ"])
_HERE_OR_NOT = (leaf("country", operator="exists"), leaf("country", operator="not_exists"))
_NOT_OFFERED = rule(leaf("last_login", operator="!=", days=10))


def previews(world: World) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file."""
    staff, admin = Asker(world), Asker(world, "admin")
    for name, about, body in _bodies():
        asker = admin if body["scope"]["type"] == "instance" or body["scope"]["key"] == "DemoX" else staff
        yield name, asker.record(about, "POST", PREVIEWS, body)
    yield from _of_saved_groups(world, staff)
    yield from previews_that_take_long(world, staff)
    yield from _without_an_answer(staff)


def _bodies() -> Iterator[tuple[str, str, dict[str, Any]]]:
    both = rule(AWAY, FAILING)
    yield "succeeded", "Who matches, with a sample", preview_of(both)
    yield "succeeded_without_sample", "Counts only", preview_of(both, sample_size=0)
    yield (
        "succeeded_next_sample",
        "The next learners of a sample",
        preview_of(rule(FAILING), sample_size=2, sample_offset=2),
    )
    yield "count_only", "The count and nothing else", preview_of(both, detail="count", sample_size=0)
    yield "redundant_criterion", "Warned: a criterion that says nothing new", preview_of(rule(AWAY, AWAY))
    yield "succeeded_past_the_sample", "A sample past the end", preview_of(rule(FAILING), sample_offset=10)
    tree = rule(AWAY, nested(FAILING, IN_SPAIN, combine="any", negated=True), combine="any")
    yield "succeeded_tree", "A count for each node of a nested rule", preview_of(tree)
    yield "succeeded_organization", "In an organization", preview_of(rule(IN_SPAIN), ORGANIZATION)
    yield "succeeded_instance", "On the whole site", preview_of(rule(IN_SPAIN), INSTANCE)
    yield "empty_universe", "A course without learners", preview_of(rule(AWAY), EMPTY_COURSE)
    yield "matches_nobody", "Warned: nobody, because of one criterion", preview_of(rule(AWAY, _IN_ANTARCTICA))
    yield "matches_everybody", "Warned: everybody", preview_of(rule(*_HERE_OR_NOT, combine="any"))
    everybody = leaf("enrollment_track", operator="in", modes=["audit", "verified"])
    yield "node_matches_everybody", "Warned: a criterion that decides nothing", preview_of(rule(AWAY, everybody))
    low, high = (leaf("course_grade", operator="<", percent=limit) for limit in (30, 60))
    yield "subsumed_criterion", "Warned: another criterion decides", preview_of(rule(low, high))
    always = nested(*_HERE_OR_NOT, combine="any")
    yield "always_true_node", "Warned: a part that excludes nobody", preview_of(rule(AWAY, always))
    above = leaf("course_grade", operator=">", percent=60)
    yield "impossible_rule", "Warned: a rule that contradicts itself", preview_of(rule(low, above))
    never = rule(AWAY, nested(low, above), combine="any")
    yield "impossible_node", "Warned: a part that contradicts itself", preview_of(never)
    yield "as_of", "Another instant than now", preview_of(both, as_of="2026-01-25T12:00:00Z")
    yield "invalid", "A rule that is not valid", preview_of(rule(leaf("last_login", operator=">", days=-1)))
    stale = preview_of(_NOT_OFFERED, contract_revision="0000000000000000")
    yield "contract_stale", "A rule that an outdated form has made", stale
    yield (
        "outdated_but_valid",
        "An outdated form, a rule that is valid all the same",
        preview_of(rule(AWAY), contract_revision="0000000000000000"),
    )


def _of_saved_groups(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    groups = (
        ("edited_group", "The saved rule of a group, by its node ids", world.group(11, "Preview: saved")),
        ("type_missing", "A type that is not installed", world.group_with_missing_type(12, "Preview: missing")),
    )
    for name, about, group in groups:
        saved = staff.json("GET", f"user_groups/{group.uuid}/")
        yield name, staff.record(about, "POST", PREVIEWS, preview_of(saved["rule"], user_group=saved["uuid"]))
    yield from _of_an_edit(world, staff)


def _of_an_edit(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    group = world.group(13, "Preview: edited")
    world.manual_group(14, "Preview: mentors", ("ada",))
    edited = staff.json("GET", f"user_groups/{group.uuid}/")["rule"]
    edited["nodes"] = [{**edited["nodes"][0], "config": {"operator": ">", "days": 25}}, FAILING]
    for kind, about, definition in (
        ("removed", "Who would leave, and because of which criterion", edited),
        ("added", "Who would join", rule(FAILING)),
    ):
        body = preview_of(definition, user_group=str(group.uuid), sample_size=0, difference={"kind": kind})
        yield f"difference_{kind}", staff.record(about, "POST", PREVIEWS, body)
    pinned = world.group(15, "Preview: pinned")
    api.pin_learner(pinned, "eve", expected=True, acting_user=world.users["staff"])
    body = preview_of(rule(AWAY), user_group=str(pinned.uuid))
    yield "pinned_example_missed", staff.record("Warned: a pinned learner is missed", "POST", PREVIEWS, body)
    body = preview_of(rule(FAILING), overlap=True, sample_size=0)
    yield "overlap", staff.record("Other groups with the same learners", "POST", PREVIEWS, body)


def _without_an_answer(staff: Asker) -> Iterator[tuple[str, Exchange]]:
    body = preview_of(rule(IN_SPAIN, AWAY, combine="any"))
    with source_down("last_login"):
        yield "source_unavailable", staff.record("A data source that does not answer", "POST", PREVIEWS, body)
    with failing_type("last_login", RuntimeError("a mistake")):
        yield "criterion_failed", staff.record("A mistake in a criterion type", "POST", PREVIEWS, body)
    with mock.patch.object(statement, "read_answers", side_effect=DatabaseError("gone away")):
        yield "evaluation_failed", staff.record("A database that fails", "POST", PREVIEWS, body)
