"""Makes the sandbox an app, so that Django finds its management commands and templates."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """The sandbox site itself; it has no models."""

    name = "sandbox"
