"""Copies of groups: with everything they refer to, and without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from openedx_user_groups import api

from .exchanges import Asker, Exchange
from .site import INSTANT
from .world import COURSE, EMPTY_COURSE, FAILING, World, leaf, pinned, rule, wire


def copies(world: World) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file."""
    admin = Asker(world, "admin")
    group = world.group(71, "To be copied")
    yield "same_scope", _copied(admin, group, 72, "Within the course", {"scope": wire(COURSE)})
    cohort = world.group(73, "In the morning", rule(FAILING, leaf("cohort", operator="in", cohorts=["101"])))
    body = {"scope": wire(EMPTY_COURSE), "name": "In the morning, in Art"}
    yield "unresolved", _copied(admin, cohort, 74, "Where something does not exist", body)
    mentors = world.manual_group(75, "Copied mentors")
    path = f"user_groups/{mentors.uuid}/copies/"
    yield "manual", admin.record("A list is not copied", "POST", path, {"scope": wire(COURSE)})


def _copied(asker: Asker, group: Any, number: int, about: str, body: dict[str, Any]) -> Exchange:
    """A copy with ids and times that are the same whenever it is made."""
    exchange = asker.record(about, "POST", f"user_groups/{group.uuid}/copies/", body)
    copy = api.get_user_group(UUID(exchange["response"]["user_group"]["uuid"]))
    times: dict[str, Any] = {"next_refresh_at": INSTANT + timedelta(hours=6)}
    copy = pinned(copy, number, **times)
    exchange["response"]["user_group"] = asker.json("GET", f"user_groups/{copy.uuid}/")
    return exchange
