"""The Celery task that drains the marks: thin, safe to run twice and side by side."""

from __future__ import annotations

import time

from celery import shared_task
from edx_django_utils.monitoring import set_code_owner_attribute

from .drain import drain
from .waking import DRAIN_LEARNER_MARKS

#: A drain waits so long for more marks to come: a storm is answered in few large batches. In seconds.
_GATHERING = 0.1


@shared_task(name=DRAIN_LEARNER_MARKS)
@set_code_owner_attribute
def drain_learner_marks() -> None:
    """Answer for everybody who is marked."""
    time.sleep(_GATHERING)
    drain()
