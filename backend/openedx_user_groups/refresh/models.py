"""One run of a refresh."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup


class Refresh(models.Model):
    """One run: why it ran, how it went, how many it added and removed.

    .. no_pii:
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="refreshes", db_index=False)
    trigger = models.CharField(_("trigger"), max_length=16, choices=RefreshTrigger.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=16, choices=RefreshState.choices, default=RefreshState.QUEUED)
    requested_at = models.DateTimeField(_("requested at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    as_of = models.DateTimeField(_("data as of"), null=True, blank=True)
    rule_version = models.PositiveIntegerField(_("rule version"))
    added_count = models.PositiveIntegerField(_("added"), default=0)
    removed_count = models.PositiveIntegerField(_("removed"), default=0)
    member_count = models.PositiveIntegerField(_("members afterwards"), null=True, blank=True)
    plan = models.CharField(_("plan"), max_length=16, blank=True)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)
    error_message = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("refresh")
        verbose_name_plural = _("refreshes")
        indexes = [
            # A group's runs, newest first.
            models.Index(fields=["user_group", "requested_at"], name="user_groups_runs"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.state} {self.requested_at:%Y-%m-%d %H:%M}"
