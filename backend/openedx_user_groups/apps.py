"""The Django app, and how the platform loads it as a plugin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

_SERVICES = ("lms.djangoapp", "cms.djangoapp")


class UserGroupsConfig(AppConfig):
    """User groups: the core app. It knows no criterion type; those come with other apps."""

    name = "openedx_user_groups"
    verbose_name = _("User groups")
    default_auto_field = "django.db.models.BigAutoField"

    plugin_app: ClassVar[dict[str, Any]] = {
        "url_config": {
            service: {"namespace": "openedx_user_groups", "regex": r"^", "relative_path": "urls"}
            for service in _SERVICES
        },
        "settings_config": {service: {"common": {"relative_path": "settings.common"}} for service in _SERVICES},
    }

    def ready(self) -> None:
        """Have the system checks filed, and the platform's signals received."""
        from . import checks, receivers  # noqa: F401
        from .refresh import intake

        intake.connect()
        receivers.connect()
