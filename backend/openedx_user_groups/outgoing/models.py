"""The outbox: what has to be told, written in the transaction of the change itself."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import OutboxState
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.groups.models import UserGroup


class OutboxMessage(models.Model):
    """One change to tell of: a run that changed members, or a change of a group's definition. It refers to the record
    of the change and holds no data of its own, so that writing it costs one row, however many learners moved.

    .. no_pii:
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="+", db_index=False)
    # By name: runs are made by the layer above. Exactly one of the two is set.
    refresh = models.ForeignKey("openedx_user_groups.Refresh", models.CASCADE, null=True, blank=True, related_name="+")
    definition_change = models.ForeignKey(DefinitionChange, models.CASCADE, null=True, blank=True, related_name="+")
    created = models.DateTimeField(_("created"))
    state = models.CharField(_("state"), max_length=16, choices=OutboxState.choices, default=OutboxState.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # While it is being delivered: when somebody else may try, should this process have died.
    next_attempt_at = models.DateTimeField(_("next attempt"))
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=255, blank=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        indexes = [
            # What is due; what was delivered long ago; how many were given up.
            models.Index(fields=["state", "next_attempt_at"], name="user_groups_outbox_due"),
            # The first message of a group that was not delivered: the others wait for it.
            models.Index(fields=["user_group", "state", "id"], name="user_groups_outbox_of_group"),
        ]

    def __str__(self) -> str:
        return f"{self.uuid} {self.state}"
