"""Makes the sandbox an app, so that Django finds its commands, its templates and its clock."""

from __future__ import annotations

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """The sandbox site itself."""

    name = "sandbox"
