"""Celery tasks: thin, take ids, safe to run twice."""

from __future__ import annotations

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from .dispatch import RUN_REFRESH
from .runs import run


@shared_task(name=RUN_REFRESH)
@set_code_owner_attribute
def run_refresh(refresh_id: int) -> None:
    """Carry out one queued refresh."""
    run(refresh_id)
