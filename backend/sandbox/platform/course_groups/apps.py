"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class CourseGroupsConfig(AppConfig):
    """Legacy cohorts."""

    name = "sandbox.platform.course_groups"
    label = "course_groups"
    default_auto_field = "django.db.models.AutoField"
