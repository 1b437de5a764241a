"""Where Celery looks for tasks."""

from .actions.preview_tasks import run_preview_job
from .outgoing.tasks import deliver_messages
from .refresh.drain_tasks import drain_learner_marks
from .refresh.tasks import keep_up, run_refresh

__all__ = [
    "deliver_messages",
    "drain_learner_marks",
    "keep_up",
    "run_preview_job",
    "run_refresh",
]
