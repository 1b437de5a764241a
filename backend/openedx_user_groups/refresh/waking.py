"""Having marks drained soon: a task is sent for the first mark, and not for those that come before it has begun.

Losing a task is no harm: the upkeep drains too.
"""

from __future__ import annotations

import logging

from celery import current_app
from django.core.cache import cache

from openedx_user_groups.groups.workers import has_workers

log = logging.getLogger(__name__)

#: The task's name, by which it is sent.
DRAIN_LEARNER_MARKS = "openedx_user_groups.drain_learner_marks"

_SENT = "openedx_user_groups.drain_sent"
#: After so long a task that has not begun counts as lost. In seconds.
_LOST_AFTER = 30


def wake_drain() -> None:
    """Have a worker drain the marks, unless a task for that is on its way. Without workers, the upkeep drains."""
    if not has_workers():
        return
    try:
        if cache.add(_SENT, True, _LOST_AFTER):
            # Not retried: somebody's request waits here.
            current_app.send_task(DRAIN_LEARNER_MARKS, retry=False)
    except Exception:
        log.exception("No task could be sent; marks wait for the upkeep.")


def drain_begins() -> None:
    """Whoever marks a learner from now on sends a task of their own. Call before the marks are read."""
    try:
        cache.delete(_SENT)
    except Exception:
        log.exception("The cache does not answer; a task too many may be sent, or one too few.")
