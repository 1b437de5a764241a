"""The app, as the platform loads it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SampleCriteriaConfig(AppConfig):
    """Criteria over the newsletter."""

    name = "sample_criteria"
    verbose_name = _("User groups: newsletter")
    default_auto_field = "django.db.models.BigAutoField"

    # The platform installs an app that has this attribute. No URLs, settings or signals: nothing else to say.
    plugin_app = {}
