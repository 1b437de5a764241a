"""The app that gives a plugin's test site the platform's tables. Not for production."""

from __future__ import annotations

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class TestingConfig(AppConfig):
    """Creates the tables of unmanaged models after ``migrate``, where nothing else has."""

    name = "openedx_user_groups.testing"
    label = "openedx_user_groups_testing"
    verbose_name = "User groups: helpers for tests"

    def ready(self) -> None:
        """Have the tables made once everybody's migrations have run: what another app creates is left alone."""
        from .tables import create_missing_tables

        core = apps.get_app_config("openedx_user_groups")
        post_migrate.connect(create_missing_tables, sender=core, dispatch_uid=self.label)
