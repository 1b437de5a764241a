"""A refresh that waits for a person's word: the run, whom it would move, and the word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.test import override_settings

from openedx_user_groups.models import Refresh

from .exchanges import Asker, Exchange
from .site import INSTANT
from .world import World, fixed_uuid, pinned

#: With these the brake stops a refresh that removes one of two.
_SOON = {"OPENEDX_USER_GROUPS_BRAKE_MINIMUM": 1, "OPENEDX_USER_GROUPS_BRAKE_PERCENT": 10}
_NUMBER = 81


def refreshes(world: World) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file."""
    staff = Asker(world)
    group = world.group(_NUMBER, "About to lose half")
    _sign_in(world, "ada")
    path = f"user_groups/{group.uuid}/refreshes/"
    with override_settings(**_SOON):
        held = staff.record("A refresh that would remove too many", "POST", path, {})
        yield "held", _settled(held, group, last=1)
        run = f"{path}{fixed_uuid(_NUMBER, 301)}/"
        yield "difference", staff.record("Who would leave and join", "GET", f"{run}difference/")
        confirmed = staff.record("The word that they may", "POST", f"{run}confirmation/", {})
        yield "confirmed", _settled(confirmed, group, last=2)


def _sign_in(world: World, name: str) -> None:
    user = world.users[name]
    user.last_login = INSTANT
    user.save()


def _settled(exchange: Exchange, group: Any, *, last: int) -> Exchange:
    """The run that was just made, with an id and times that are the same whenever it is."""
    pinned(group, _NUMBER)
    Refresh.objects.filter(user_group=group).update(requested_at=INSTANT, as_of=INSTANT)
    instant = INSTANT.isoformat().replace("+00:00", "Z")
    times = dict.fromkeys(("requested_at", "started_at", "finished_at", "as_of"), instant)
    found = exchange["response"]
    found |= {"uuid": str(fixed_uuid(_NUMBER, 300 + last)), **{key: times[key] for key in times if found[key]}}
    return exchange
