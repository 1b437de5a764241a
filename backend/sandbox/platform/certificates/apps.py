"""App configuration that gives the stand-in the platform's app label."""

from __future__ import annotations

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    """Certificates that courses have generated."""

    name = "sandbox.platform.certificates"
    label = "certificates"
    default_auto_field = "django.db.models.AutoField"
