"""The instant at which rules are evaluated, unless a caller names one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput


def evaluation_instant() -> datetime:
    """Now, as the site sees it: an aware datetime from the callable that the setting ``CLOCK`` names.

    A site whose data stands still (a demo, a rehearsal on a copy of production) names a clock that stands still too, so
    that "more than 10 days ago" keeps its meaning. Records of what happened when always use the real time.
    """
    instant: datetime = import_string(settings.get("CLOCK"))()
    return instant


def instant_asked_for(as_of: datetime | None) -> datetime:
    """The instant that a person asks for, or now where they name none.

    Raises ``InvalidInput`` where it is further away than the settings allow: the data of today says less and less about
    other days.
    """
    now = evaluation_instant()
    if as_of is None:
        return now
    back, ahead = settings.get("MAX_AS_OF_DAYS_BACK"), settings.get("MAX_AS_OF_DAYS_AHEAD")
    if not timedelta(days=-back) <= as_of - now <= timedelta(days=ahead):
        message = _("Choose an instant at most %(back)s days back and %(ahead)s days ahead.")
        params = {"back": back, "ahead": ahead}
        raise InvalidInput([Violation("/as_of", "as_of_out_of_range", message % params, params)])
    return as_of
