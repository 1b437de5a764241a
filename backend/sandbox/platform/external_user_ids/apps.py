"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class ExternalUserIdsConfig(AppConfig):
    """Ids under which learners are known outside of the platform."""

    name = "sandbox.platform.external_user_ids"
    label = "external_user_ids"
    default_auto_field = "django.db.models.AutoField"
