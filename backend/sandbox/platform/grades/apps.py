"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class GradesConfig(AppConfig):
    """Persistent course and subsection grades."""

    name = "sandbox.platform.grades"
    label = "grades"
    default_auto_field = "django.db.models.AutoField"
