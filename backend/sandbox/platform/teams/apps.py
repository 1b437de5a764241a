"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """Legacy teams."""

    name = "sandbox.platform.teams"
    label = "teams"
    default_auto_field = "django.db.models.AutoField"
