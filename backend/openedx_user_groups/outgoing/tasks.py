"""Celery tasks: thin, take ids, safe to run twice."""

from __future__ import annotations

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from .delivery import DELIVER_MESSAGES, deliver_due


@shared_task(name=DELIVER_MESSAGES)
@set_code_owner_attribute
def deliver_messages(group_ids: list[int] | None = None) -> None:
    """Deliver the messages of these groups that are due, or of all."""
    deliver_due(group_ids)
