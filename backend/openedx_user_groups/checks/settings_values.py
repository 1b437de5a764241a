"""What the site's settings say of this app: names that are none, and values with which nothing works as meant."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from django.conf import settings as site_settings
from django.core import checks
from django.utils.module_loading import import_string

from openedx_user_groups import settings

#: Numbers that may be 0: none of them, at once, always, or nothing is kept.
_MAY_BE_ZERO = frozenset(
    {
        "BITMAP_PLAN_SHARE", "BRAKE_MINIMUM", "BRAKE_PERCENT", "HEALTH_MAX_WAIT_SECONDS", "HISTORY_RETENTION_DAYS",
        "MAX_AS_OF_DAYS_AHEAD", "MAX_AS_OF_DAYS_BACK", "MAX_MOVED_LEARNERS", "MAX_OVERLAP_GROUPS",
        "MAX_PINNED_EXAMPLES", "MIN_CADENCE", "OUTBOX_RETENTION_DAYS", "OUTGOING_RETRY_SECONDS",
        "PREVIEW_BUDGET_SECONDS", "PREVIEW_ESTIMATE_SECONDS", "PREVIEW_WAIT_SECONDS", "RECONCILE_INTERVAL_HOURS",
        "RECONCILE_SAMPLE_SIZE", "RECONCILE_SCOPES_AT_ONCE", "RECOVERY_LIMIT", "RESEND_SECONDS", "RETRY_MINUTES",
        "RUN_RETENTION_DAYS", "SCHEDULE_LIMIT",
    }
)  # fmt: skip
_MAY_BE_NONE = ("HISTORY_RETENTION_DAYS", "RUN_RETENTION_DAYS")
_MAY_HAVE_A_FRACTION = ("_SECONDS", "_HOURS", "_SHARE", "_PERCENT")
_PATHS = ("CLOCK", "PERMISSION_POLICY", "RERUN_SOURCE")


def check_values() -> Iterator[checks.CheckMessage]:
    """An error for every value that cannot be meant, a warning for every name that is read by nobody."""
    for name in settings.DEFAULTS:
        problem = _problem(name, settings.get(name))
        if problem:
            hint = f"It is {settings.get(name)!r}. The default is {settings.DEFAULTS[name]!r}."
            yield checks.Error(f"{settings.PREFIX}{name} {problem}.", hint=hint, id="openedx_user_groups.E026")
    for name in dir(site_settings):
        short = name.removeprefix(settings.PREFIX)
        if name.startswith(settings.PREFIX) and short not in settings.DEFAULTS:
            (likely, *_others) = *get_close_matches(short, settings.DEFAULTS, 1), ""
            hint = f"Is {settings.PREFIX}{likely} meant?" if likely else "The page for operators lists all settings."
            yield checks.Warning(f"{name} is no setting of user groups.", hint=hint, id="openedx_user_groups.W002")


def _problem(name: str, value: Any) -> str | None:
    """What is wrong with the value of a setting, as the end of a sentence about it."""
    if name in _PATHS:
        return _problem_of_path(value)
    if name == "COPY_ON_RERUN":
        return None if isinstance(value, bool) else "must be True or False"
    if name == "CADENCES":
        return _problem_of_cadences(value)
    if value is None and name in _MAY_BE_NONE:
        return None
    least = 0 if name in _MAY_BE_ZERO else 1
    if not name.endswith(_MAY_HAVE_A_FRACTION):
        return _problem_of_whole_number(value, least)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number"
    enough = value > 0 or (value == least == 0)
    return None if enough else f"must be {'more than 0' if least else '0 or more'}"


def _problem_of_whole_number(value: Any, least: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be a whole number"
    return None if value >= least else f"must be {least} or more"


def _problem_of_path(path: Any) -> str | None:
    try:
        found = import_string(path)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        return f"names nothing that can be imported ({error})"
    return None if callable(found) else "names something that cannot be called"


def _problem_of_cadences(value: Any) -> str | None:
    if not isinstance(value, dict) or not all(isinstance(slug, str) for slug in value):
        return "must be a dictionary of minutes by the slug of a criterion type"
    for slug, minutes in value.items():
        problem = _problem_of_whole_number(minutes, 1)
        if problem:
            return f"has a value for {slug!r} that {problem}"
    return None
