"""The headings under which the builder lists criterion types."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Category(models.TextChoices):
    """The headings that the core names. A plugin may have one of its own: a slug and a ``category_label``."""

    ACTIVITY = "activity", _("Activity")
    ENROLLMENT = "enrollment", _("Enrollment")
    GROUPS = "groups", _("Cohorts and teams")
    OTHER = "other", _("Other")
    PEOPLE = "people", _("People")
    PERFORMANCE = "performance", _("Performance")
    PROFILE = "profile", _("Profile")
    PROGRESS = "progress", _("Progress")


def label(category: str, own_label: Any = "") -> str:
    """What staff read for a category: the type's own label, that of the core, or the slug as a word."""
    if str(own_label):
        return str(own_label)
    return str(Category(category).label) if category in Category.values else category.replace("_", " ").capitalize()
