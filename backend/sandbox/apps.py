"""Makes the sandbox an app, so that Django finds its commands, its templates and its clock."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """The sandbox site itself, and the signals of the platform that it stands in for."""

    name = "sandbox"

    def import_models(self) -> None:
        """Put the platform's signals in place before any app is ready and looks for them."""
        from .platform import signals

        super().import_models()
        signals.put_in_place()

    def ready(self) -> None:
        """Have the stand-ins send them."""
        from .platform import signals

        signals.connect()
