"""Whether the machinery keeps up: what waits, how long, and what failed.

A probe is a function that looks at one part. Parts that are added later register their own with :func:`register`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min

from openedx_user_groups import settings
from openedx_user_groups.data import GroupState, OutboxState, RefreshState
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.outgoing.models import OutboxMessage

from . import marks
from .models import Refresh
from .schedule import due_groups

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """The state of one part: numbers and instants for people and graphs, and what is wrong, as stable codes."""

    figures: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


Probe = Callable[[datetime], Health]

_probes: dict[str, Probe] = {}


def register(name: str, probe: Probe) -> None:
    """Have ``probe`` asked too; it is called with the present instant."""
    _probes[name] = probe


def look(now: datetime) -> dict[str, Health]:
    """Ask every probe. One that raises is a part that is not well."""
    return {name: _ask(name, probe, now) for name, probe in sorted(_probes.items())}


def is_late(since: datetime | None, now: datetime) -> bool:
    """Whether something that has waited since then has waited too long."""
    return since is not None and now - since > timedelta(seconds=settings.get("HEALTH_MAX_WAIT_SECONDS"))


def _ask(name: str, probe: Probe, now: datetime) -> Health:
    try:
        return probe(now)
    except Exception:
        log.exception("The health of %s could not be found out.", name)
        return Health(problems=("probe_failed",))


def _groups(now: datetime) -> Health:
    """Groups by their stored state. Some that cannot be evaluated are no failure of the machinery."""
    rows = UserGroup.objects.live().order_by().values("state").annotate(groups=Count("pk"))
    return Health(dict.fromkeys(GroupState.values, 0) | {row["state"]: row["groups"] for row in rows})


def _refreshes(now: datetime) -> Health:
    open_runs = Refresh.objects.filter(state__in=(RefreshState.QUEUED, RefreshState.RUNNING))
    rows = open_runs.order_by().values("state")
    # Each state counts from its own beginning: a run has not been running while it waited.
    rows = rows.annotate(runs=Count("pk"), queued=Min("requested_at"), running=Min("started_at"))
    found = {row["state"]: row for row in rows}
    oldest = {state: found[state][state] if state in found else None for state in ("queued", "running")}
    return Health(
        {
            "queued": found["queued"]["runs"] if "queued" in found else 0,
            "running": found["running"]["runs"] if "running" in found else 0,
            "oldest_queued_at": oldest["queued"],
            "oldest_running_at": oldest["running"],
        },
        tuple(f"{state}_too_long" for state, since in oldest.items() if is_late(since, now)),
    )


def _outbox(now: datetime) -> Health:
    unsettled = OutboxMessage.objects.exclude(state=OutboxState.DELIVERED)
    rows = unsettled.order_by().values("state").annotate(messages=Count("pk"), oldest=Min("created"))
    found = {row["state"]: row for row in rows}
    oldest = found["pending"]["oldest"] if "pending" in found else None
    dead = found["dead"]["messages"] if "dead" in found else 0
    problems = (("messages_given_up",) if dead else ()) + (("delivery_late",) if is_late(oldest, now) else ())
    pending = found["pending"]["messages"] if "pending" in found else 0
    return Health({"pending": pending, "dead": dead, "oldest_pending_at": oldest}, problems)


def _marks(now: datetime) -> Health:
    """Learners with new data who have not been answered for."""
    oldest = marks.oldest_pending()
    problems = ("draining_late",) if is_late(oldest, now) else ()
    return Health({"pending": marks.pending_count(), "oldest_pending_at": oldest}, problems)


def _schedule(now: datetime) -> Health:
    """Groups that are due and have no refresh under way."""
    found = due_groups(now).order_by().aggregate(groups=Count("pk"), oldest=Min("next_refresh_at"))
    problems = ("schedule_late",) if is_late(found["oldest"], now) else ()
    return Health({"due": found["groups"], "oldest_due_at": found["oldest"]}, problems)


register("groups", _groups)
register("marks", _marks)
register("schedule", _schedule)
register("refreshes", _refreshes)
register("outbox", _outbox)
