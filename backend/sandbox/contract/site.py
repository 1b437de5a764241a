"""What a site could have set differently, set the same everywhere: the contract must not depend on who generates it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from celery import current_app
from django.test.utils import override_settings
from django.utils import translation

from openedx_user_groups import settings
from openedx_user_groups.criteria import registry

#: The instant at which the world stands.
INSTANT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

#: The limits that a client is told, at their defaults.
_LIMITS = (
    *("MAX_CRITERIA", "MAX_DEPTH", "MAX_LIST_ITEMS", "MAX_SAMPLE_SIZE", "MAX_BODY_BYTES", "BITMAP_PLAN_SHARE"),
    *("MAX_AS_OF_DAYS_AHEAD", "MAX_AS_OF_DAYS_BACK", "MAX_OVERLAP_GROUPS", "MAX_PINNED_EXAMPLES"),
    *("PREVIEW_BUDGET_SECONDS", "PREVIEW_JOB_SECONDS", "PREVIEW_TOKEN_SECONDS"),
)

#: Django's own list has a hundred languages and grows.
_LANGUAGES = [("ar", "Arabic"), ("de", "German"), ("en", "English"), ("es", "Spanish"), ("fr", "French")]


def now() -> datetime:
    """The clock that the rules are evaluated by."""
    return INSTANT


@contextmanager
def fixed_site() -> Iterator[None]:
    """Fixed settings, English texts, the types that ship with the product and no plugin's; nothing in the log."""
    fixed: dict[str, Any] = {settings.PREFIX + name: settings.DEFAULTS[name] for name in _LIMITS}
    fixed |= {
        f"{settings.PREFIX}CLOCK": f"{__name__}.now",
        f"{settings.PREFIX}PERMISSION_POLICY": "sandbox.permissions.CourseAccessRolePolicy",
        "ALL_LANGUAGES": _LANGUAGES,
        "LANGUAGE_CODE": "en",
        "TIME_ZONE": "UTC",
    }
    with ExitStack() as stack:
        stack.enter_context(override_settings(**fixed))
        stack.enter_context(translation.override("en"))
        for criterion_class in registry.installed():
            if not criterion_class.__module__.startswith("openedx_user_groups."):
                stack.enter_context(registry.without(criterion_class.criterion_type))
        stack.enter_context(_silence())
        stack.enter_context(_refreshes_at_once())
        yield


@contextmanager
def _silence() -> Iterator[None]:
    """Errors are provoked on purpose here; nobody needs to read about them."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _refreshes_at_once() -> Iterator[None]:
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    try:
        yield
    finally:
        current_app.conf.task_always_eager = before
