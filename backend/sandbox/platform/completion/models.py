"""Table of edx-completion: one row per learner and completed leaf block."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from opaque_keys.edx.django.models import LearningContextKeyField, UsageKeyField

from sandbox.platform.fields import TimeStamped


class BlockCompletion(TimeStamped):
    """How far a learner has completed a block, 0.0 to 1.0; un-completing sets 0.0 and keeps the row."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    context_key = LearningContextKeyField(max_length=255, db_column="course_key")
    block_key = UsageKeyField(max_length=255)
    block_type = models.CharField(max_length=64)
    completion = models.FloatField()

    class Meta:
        unique_together = (("context_key", "block_key", "user"),)
        indexes = [
            models.Index(fields=["context_key", "block_type", "user"]),
            models.Index(fields=["user", "context_key", "modified"]),
        ]
