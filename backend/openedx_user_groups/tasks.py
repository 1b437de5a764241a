"""Where Celery looks for tasks."""

from .refresh.tasks import run_refresh

__all__ = ["run_refresh"]
