"""The app of the LMS criterion types."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LmsCriteriaConfig(AppConfig):
    """Criterion types over the platform's own tables."""

    name = "openedx_user_groups.contrib.lms"
    label = "openedx_user_groups_lms"
    verbose_name = _("User groups: LMS criteria")
    default_auto_field = "django.db.models.BigAutoField"

    # No URLs, settings or signals of its own: being installed is all that it takes.
    plugin_app: ClassVar[dict[str, Any]] = {}

    def ready(self) -> None:
        """Have the system check filed."""
        from . import checks  # noqa: F401
