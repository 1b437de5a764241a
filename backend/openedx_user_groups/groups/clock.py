"""The instant at which rules are evaluated, unless a caller names one."""

from __future__ import annotations

from datetime import datetime

from django.utils.module_loading import import_string

from openedx_user_groups import settings


def evaluation_instant() -> datetime:
    """Now, as the site sees it: an aware datetime from the callable that the setting ``CLOCK`` names.

    A site whose data stands still (a demo, a rehearsal on a copy of production) names a clock that stands still too, so
    that "more than 10 days ago" keeps its meaning. Records of what happened when always use the real time.
    """
    instant: datetime = import_string(settings.get("CLOCK"))()
    return instant
