"""What previews that go on for longer, and tokens of previews, are answered with when something stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.test import override_settings
from django.utils import timezone

from openedx_user_groups.data import PreviewState
from openedx_user_groups.models import PreviewJob
from sandbox.platform.student.models import CourseEnrollment

from .exchanges import PREVIEWS, Asker, Exchange, preview_of
from .world import AWAY, COURSE, World, fixed_uuid, rule, wire

_GROUPS = "user_groups/"
_BODY = preview_of(rule(AWAY))
_BUDGET = {"code": "budget_exceeded", "message": "This takes longer than the time that is allowed for it."}


def errors_of_previews(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    """Each by its code."""
    yield from _in_a_worker(world, staff)
    with override_settings(OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_USER=0, OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS=0):
        yield "too_many_previews", staff.record("Too many previews at once", "POST", PREVIEWS, _BODY)
    yield from _tokens(world, staff)


def _in_a_worker(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    error = {**_BUDGET, "pointer": "/rule", "params": {}}
    jobs: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("preview_cancelled", "A preview that was cancelled", {"state": PreviewState.CANCELLED}),
        ("preview_lost", "A preview that no worker has finished", {"state": PreviewState.RUNNING}),
        ("budget_exceeded", "A preview that a worker had to give up", {"state": PreviewState.FAILED, "error": error}),
    )
    for number, (code, about, fields) in enumerate(jobs):
        job = _job(world, number, **fields)
        yield code, staff.record(about, "GET", f"{PREVIEWS}{job.uuid}/")


def _job(world: World, number: int, **fields: Any) -> PreviewJob:
    """A preview whose time is over."""
    past = timezone.now() - timedelta(hours=1)
    return PreviewJob.objects.create(
        uuid=fixed_uuid(700 + number),
        user=world.users["staff"],
        scope_type=COURSE.type,
        scope_key=COURSE.key,
        created=past,
        deadline=past,
        expires_at=past,
        as_of=past,
        request={"options": {}},
        **fields,
    )


def _tokens(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    body = {"scope": wire(COURSE), "name": "Seen", "rule": rule(AWAY)}
    body["preview_token"] = staff.json("POST", PREVIEWS, {**_BODY, "token": True})["token"]
    other = {**body, "rule": rule(AWAY, negated=True)}
    another = staff.record("The token of another rule's preview", "POST", _GROUPS, other)
    none = staff.record("A token that is none", "POST", _GROUPS, {**body, "preview_token": "made up"})
    yield "validation_failed_invalid_token", none
    enrollment = CourseEnrollment.objects.filter(user=world.users["ada"], course_id=COURSE.course_key)
    enrollment.update(is_active=False)
    moved = staff.record("Learners who moved since the preview", "POST", _GROUPS, body)
    enrollment.update(is_active=True)
    PreviewJob.objects.all().delete()
    expired = staff.record("A preview that is no longer kept", "POST", _GROUPS, body)
    for exchange in (another, moved, expired):  # Every token is another.
        exchange["request"]["body"] = {**exchange["request"]["body"], "preview_token": "the token of the preview"}
    yield "validation_failed_other_preview", another
    yield "preview_moved", moved
    yield "preview_expired", expired
