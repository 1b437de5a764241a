"""Where a refresh runs: in a Celery worker when a broker is configured, inline otherwise."""

from __future__ import annotations

from celery import current_app
from django.db import transaction

from .models import Refresh

#: The task's name, by which it is sent: the task itself imports what a run needs.
RUN_REFRESH = "openedx_user_groups.run_refresh"


def has_workers() -> bool:
    """Whether a broker takes refreshes to a worker."""
    return bool(current_app.conf.broker_url) and not current_app.conf.task_always_eager


def send(refresh: Refresh) -> None:
    """Have a worker carry out a queued refresh, once the transaction is committed."""
    transaction.on_commit(lambda: current_app.send_task(RUN_REFRESH, [refresh.pk]))
