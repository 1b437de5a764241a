"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class StudentConfig(AppConfig):
    """Profiles, enrollments, spoken languages and course roles."""

    name = "sandbox.platform.student"
    label = "student"
    default_auto_field = "django.db.models.AutoField"
