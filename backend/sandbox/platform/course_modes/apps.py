"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class CourseModesConfig(AppConfig):
    """Enrollment tracks that a course offers."""

    name = "sandbox.platform.course_modes"
    label = "course_modes"
    default_auto_field = "django.db.models.AutoField"
