"""Where a refresh runs: in a Celery worker when a broker is configured, inline otherwise."""

from __future__ import annotations

from collections.abc import Callable

from celery import current_app
from django.db import transaction

from .models import Refresh

#: The task's name, by which it is sent: the task itself imports what a run needs.
RUN_REFRESH = "openedx_user_groups.run_refresh"


def dispatch(refresh: Refresh, run: Callable[[int], Refresh | None]) -> Refresh:
    """Have ``run`` called with the refresh's key, in a worker once the transaction is committed, or now.

    Returns the refresh as it is then: queued, or as ``run`` left it.
    """
    if not current_app.conf.broker_url or current_app.conf.task_always_eager:
        return run(refresh.pk) or refresh
    transaction.on_commit(lambda: current_app.send_task(RUN_REFRESH, [refresh.pk]))
    return refresh
