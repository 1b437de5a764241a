"""User groups in each state, as the API shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openedx_user_groups.codes import MESSAGES
from openedx_user_groups.data import GroupState
from openedx_user_groups.exceptions import SourceUnavailable

from .exchanges import Asker, unreadable_table
from .world import AWAY, FAILING, IN_SPAIN, INSTANCE, World, leaf, nested, rule

_HELD = "A refresh would remove 60 of 100 members. Confirm or discard it."


def user_groups(world: World) -> Iterator[tuple[str, Any]]:
    """Each body by the name of its file."""
    admin = Asker(world, "admin")
    for name, group in _groups(world):
        yield name, admin.json("GET", f"user_groups/{group.uuid}/")


def _groups(world: World) -> Iterator[tuple[str, Any]]:
    tree = rule(AWAY, nested(FAILING, IN_SPAIN, combine="any", negated=True), combine="any")
    listed = rule(leaf("learner_list", operator="in", learners=["ada", "ben@example.com"]))
    down: dict[str, Any] = {
        "state_code": SourceUnavailable.code,
        "state_message": str(SourceUnavailable.message),
        "state": GroupState.STALE,
    }
    yield "fresh", world.group(31, "Away or doing well", tree, description="For the first e-mail.")
    yield "fresh_listed_learners", world.group(32, "Two learners", listed)
    yield "fresh_instance", world.group(33, "In Spain", rule(IN_SPAIN), INSTANCE)
    yield "manual", world.manual_group(34, "Mentors", ("ada", "dan"))
    yield "stale", world.group(35, "Stale", **down)
    for number, code in enumerate(("abandoned", "awaiting_refresh", "difference_discarded"), start=44):
        reason: dict[str, Any] = {"state_code": code, "state_message": str(MESSAGES[code]), "state": GroupState.STALE}
        yield f"stale_{code}", world.group(number, f"Stale: {code}", **reason)
    yield "refreshing", world.group(36, "Refreshing", state=GroupState.REFRESHING)
    held: dict[str, Any] = {"state_code": "removes_too_many", "state_message": _HELD, "next_refresh_at": None}
    yield "held", world.group(43, "Held", state=GroupState.HELD, **held)
    yield "frozen", world.group(37, "Frozen", state=GroupState.FROZEN, is_frozen=True)
    yield "disabled", world.group(38, "Disabled", state=GroupState.DISABLED, is_enabled=False)
    yield "unevaluable_type_missing", world.group_with_missing_type(39, "Attendance")
    yield "unevaluable_configuration", world.group_with_invalid_configuration(40, "Old operator")
    yield "unevaluable_unresolved_reference", world.group_with_unresolved_reference(42, "Copied")
    unreadable = world.group(41, "Not migrated")
    with unreadable_table("last_login"):
        yield "unevaluable_type_unreadable", unreadable
