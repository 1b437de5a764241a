"""Whether there are Celery workers, and sending them tasks by name."""

from __future__ import annotations

from typing import Any

from celery import current_app


def has_workers() -> bool:
    """Whether a broker takes tasks to a worker."""
    conf = current_app.conf  # Once: requests ask, and finding it is not free.
    return bool(conf.broker_url) and not conf.task_always_eager


def send_task(name: str, *arguments: Any, delay_seconds: float = 0) -> None:
    """Have a worker run the task ``name``, not before so many seconds from now."""
    current_app.send_task(name, list(arguments), countdown=delay_seconds or None)
