"""Settings of what runs in processes of its own (previews_under_load.py, events_under_load.py): with a broker
(REDIS_URL), and tight limits for previews."""

from __future__ import annotations

import os

from .settings import *  # noqa: F403

CELERY_BROKER_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_DEFAULT_QUEUE = "user_groups_benchmark"
# What wakes the workers is noted in a cache that all processes share.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CELERY_BROKER_URL,
        "KEY_PREFIX": CELERY_TASK_DEFAULT_QUEUE,
    }
}

OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 1
OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_SCOPE = 4
OPENEDX_USER_GROUPS_PREVIEW_ENTRANCE_SIZE = 2
