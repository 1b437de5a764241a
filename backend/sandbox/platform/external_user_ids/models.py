"""Tables of the platform's `external_user_ids` app: the ids by which analytics know a learner."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import User
from django.db import models

from sandbox.platform.fields import TimeStamped


class ExternalIdType(TimeStamped):
    """What an external id is for, such as `xapi`."""

    name = models.CharField(max_length=32, unique=True, db_index=True)
    description = models.TextField()


class ExternalId(TimeStamped):
    """The id of a learner for one purpose."""

    external_user_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    external_id_type = models.ForeignKey(ExternalIdType, db_index=True, on_delete=models.CASCADE)
    user = models.ForeignKey(User, db_index=True, on_delete=models.CASCADE)

    class Meta:
        unique_together = (("user", "external_id_type"),)
