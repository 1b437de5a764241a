"""Table of the platform's `user_api` app: preferences such as the language of the interface."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models


class UserPreference(models.Model):
    """One setting of one user; no row means that it was never set."""

    user = models.ForeignKey(User, related_name="preferences", on_delete=models.CASCADE)
    key = models.CharField(max_length=255, db_index=True)
    value = models.TextField()

    class Meta:
        unique_together = (("user", "key"),)
