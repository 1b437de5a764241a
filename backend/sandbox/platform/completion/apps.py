"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class CompletionConfig(AppConfig):
    """Which learner has completed which block."""

    name = "sandbox.platform.completion"
    label = "completion"
    default_auto_field = "django.db.models.AutoField"
