"""Previews in every state in which one can be answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.db import DatabaseError

from openedx_user_groups.evaluation import statement

from .exchanges import PREVIEWS, Asker, Exchange, failing_type, preview_of, source_down
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


def _without_an_answer(staff: Asker) -> Iterator[tuple[str, Exchange]]:
    body = preview_of(rule(IN_SPAIN, AWAY, combine="any"))
    with source_down("last_login"):
        yield "source_unavailable", staff.record("A data source that does not answer", "POST", PREVIEWS, body)
    with failing_type("last_login", RuntimeError("a mistake")):
        yield "criterion_failed", staff.record("A mistake in a criterion type", "POST", PREVIEWS, body)
    with mock.patch.object(statement, "count_answers", side_effect=DatabaseError("gone away")):
        yield "evaluation_failed", staff.record("A database that fails", "POST", PREVIEWS, body)
