"""Called by the platform when it loads this app as a plugin (edx-django-utils ``settings_config``)."""

from __future__ import annotations

from typing import Any

from . import DEFAULTS, PREFIX


def plugin_settings(settings: Any) -> None:
    """Give every setting its default where the platform's settings do not name it, so that operators can see them."""
    for name, value in DEFAULTS.items():
        if not hasattr(settings, PREFIX + name):
            setattr(settings, PREFIX + name, value)
