"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    """Organizations and their courses."""

    name = "sandbox.platform.organizations"
    label = "organizations"
    default_auto_field = "django.db.models.AutoField"
