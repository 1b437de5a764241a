"""Where work that takes long runs: in a Celery worker when a broker is configured, inline otherwise."""

from __future__ import annotations

from django.db import transaction

from openedx_user_groups.groups.workers import has_workers, send_task

from .models import Refresh, Slot

#: The tasks' names, by which they are sent: a task itself imports what its work needs.
RUN_REFRESH = "openedx_user_groups.run_refresh"
RUN_PREVIEW = "openedx_user_groups.run_preview"


def send(refresh: Refresh) -> None:
    """Have a worker carry out a queued refresh, once the transaction is committed.

    A broker that does not answer is logged and disturbs nobody: the upkeep sends again what nobody took. Without a
    broker nothing is sent: the upkeep carries out what is queued.
    """
    if has_workers():
        transaction.on_commit(lambda: send_task(RUN_REFRESH, refresh.pk), robust=True)


def send_next(group_id: int) -> None:
    """Send the run of the group that waits, if any: it could not start while another ran."""
    waiting = Refresh.objects.filter(user_group=group_id, slot=Slot.QUEUED).first()
    if waiting is not None:
        send(waiting)
