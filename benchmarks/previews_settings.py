"""Settings of the web server and the worker of previews_under_load.py: with a broker (REDIS_URL) and tight limits."""

from __future__ import annotations

import os

from .settings import *  # noqa: F403

CELERY_BROKER_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_DEFAULT_QUEUE = "user_groups_previews_under_load"

OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 1
OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_SCOPE = 4
