"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class UserApiConfig(AppConfig):
    """User preferences."""

    name = "sandbox.platform.user_api"
    label = "user_api"
    default_auto_field = "django.db.models.AutoField"
