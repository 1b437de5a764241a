"""Celery tasks of previews: thin, take ids, safe to run twice."""

from __future__ import annotations

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from openedx_user_groups.refresh.dispatch import RUN_PREVIEW

from .preview_jobs import run_job


@shared_task(name=RUN_PREVIEW, ignore_result=True)
@set_code_owner_attribute
def run_preview_job(job_id: int) -> None:
    """Compute one preview that took too long for a request."""
    run_job(job_id)
