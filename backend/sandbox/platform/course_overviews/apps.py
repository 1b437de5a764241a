"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class CourseOverviewsConfig(AppConfig):
    """The platform's relational cache of its courses."""

    name = "sandbox.platform.course_overviews"
    label = "course_overviews"
    default_auto_field = "django.db.models.AutoField"
