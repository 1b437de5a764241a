"""Previews that take longer than a request may: what a client is told until there is an answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from openedx_user_groups.data import PreviewState
from openedx_user_groups.models import PreviewJob

from .exchanges import PREVIEWS, Asker, Exchange, preview_of
from .site import INSTANT
from .world import AWAY, COURSE, World, fixed_uuid, rule

#: No time at all, and as much as it takes for the estimate.
_NO_TIME = {"OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS": 0, "OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_SECONDS": 600}
_ESTIMATE = {"value": 1200, "low": 1100, "high": 1320, "universe": 6000, "sample_size": 900}


def previews_that_take_long(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file."""
    with override_settings(**_NO_TIME):
        body = preview_of(rule(AWAY))
        yield "over_budget", staff.record("No time left, and no worker: an estimate", "POST", PREVIEWS, body)
    jobs: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("queued", "Waiting for a worker", {"state": PreviewState.QUEUED}),
        ("running", "In a worker, with an estimate", {"state": PreviewState.RUNNING, "estimate": _ESTIMATE}),
    )
    for number, (name, about, fields) in enumerate(jobs):
        job = _job(world, number, **fields)
        exchange = staff.record(about, "GET", f"{PREVIEWS}{job.uuid}/")
        # The clock goes on while we ask.
        exchange["response"]["progress"]["elapsed_ms"] = 4000
        exchange["response"]["poll_after_ms"] = 1000
        yield name, exchange


def _job(world: World, number: int, **fields: Any) -> PreviewJob:
    """A preview of which a worker has had four of its 300 seconds."""
    created = timezone.now() - timedelta(seconds=4)
    deadline = created + timedelta(seconds=300)
    return PreviewJob.objects.create(
        uuid=fixed_uuid(710 + number),
        user=world.users["staff"],
        scope_type=COURSE.type,
        scope_key=COURSE.key,
        created=created,
        deadline=deadline,
        expires_at=deadline,
        as_of=INSTANT,
        request={"options": {}},
        **fields,
    )
