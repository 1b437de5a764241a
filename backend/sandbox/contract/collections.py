"""Collections, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from openedx_user_groups.models import Collection

from .exchanges import Asker, Exchange
from .site import INSTANT
from .world import COURSE, FAILING, World, fixed_uuid, rule, wire

COLLECTIONS = "collections/"


def collections(world: World) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file."""
    staff = Asker(world)
    groups = [world.group(61, "First come"), world.group(62, "Then these", rule(FAILING))]
    created = staff.record("A new one: nobody in two groups", "POST", COLLECTIONS, _of(groups, "Course of action"))
    yield "create", _settled(created, 60)
    path = f"{COLLECTIONS}{fixed_uuid(60)}/"
    yield "retrieve", _settled(staff.record("One with its groups in order", "GET", path), 60)
    listed = staff.record("Those of a course", "GET", f"{COLLECTIONS}?scope_type=course&scope_key={_KEY}")
    yield "list", listed
    body = {"is_exclusive": False, "groups": [str(group.uuid) for group in reversed(groups)]}
    yield "update", _settled(staff.record("Another order, for display alone", "PATCH", path, body), 60)


_KEY = COURSE.key.replace("+", "%2B")


def errors_of_collections(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    """Each by its code."""
    mentors, tutors = (world.manual_group(n, name, ("ada",)) for n, name in ((63, "Ada one"), (64, "Ada two")))
    body = _of([mentors, tutors], "Overlapping")
    yield "collection_not_exclusive", staff.record("Lists that share a learner", "POST", COLLECTIONS, body)
    twice = {**_of([mentors, mentors], "Twice"), "name": "Twice"}
    yield "validation_failed_duplicate_item", staff.record("A group named twice", "POST", COLLECTIONS, twice)
    other = world.manual_group(65, "Nobody yet")
    assert staff.ask("POST", COLLECTIONS, _of([mentors, other], "Taken")).status_code == 201
    taken = _of([mentors], "Second")
    yield "validation_failed_in_other_collection", staff.record("A group of another", "POST", COLLECTIONS, taken)
    members = f"user_groups/{other.uuid}/members/"
    yield "in_other_group", staff.record("A learner of another list", "POST", members, {"learners": ["ada"]})
    again = _of([], "Taken")
    yield "name_taken_collection", staff.record("A name that is taken", "POST", COLLECTIONS, again)


def _of(groups: list[Any], name: str) -> dict[str, Any]:
    return {"scope": wire(COURSE), "name": name, "groups": [str(group.uuid) for group in groups]}


def _settled(exchange: Exchange, number: int) -> Exchange:
    """The collection with an id and times that are the same whenever it is made, in the database too."""
    Collection.objects.filter(uuid=UUID(exchange["response"]["uuid"])).update(
        uuid=fixed_uuid(number), created=INSTANT, modified=INSTANT
    )
    instant = INSTANT.isoformat().replace("+00:00", "Z")
    exchange["response"] |= {"uuid": str(fixed_uuid(number)), "created": instant, "modified": instant}
    return exchange
