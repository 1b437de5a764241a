"""Celery tasks: thin, take ids, safe to run twice."""

from __future__ import annotations

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from . import upkeep
from .dispatch import RUN_REFRESH
from .runs import run


@shared_task(name=RUN_REFRESH)
@set_code_owner_attribute
def run_refresh(refresh_id: int) -> None:
    """Carry out one queued refresh."""
    run(refresh_id)


@shared_task(name="openedx_user_groups.keep_up")
@set_code_owner_attribute
def keep_up() -> None:
    """The periodic work; for Celery beat, every few minutes. Does nothing while another round is at it."""
    upkeep.keep_up()
