"""Runs of refreshes, the differences that wait for a confirmation, and who keeps up the schedule."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup


class Slot(models.TextChoices):
    """What a group has one of at most: a run that waits for a worker, one that runs, one that waits for a person."""

    QUEUED = "queued", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    HELD = "held", _("Waiting for a person")


class Refresh(models.Model):
    """One run: why it ran, how it went, how many it added and removed.

    .. no_pii:
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # Without a constraint in the database: checking one takes a shared lock on the group's row, and two that request
    # a refresh and then write would wait for each other. Groups are archived, not deleted.
    user_group = models.ForeignKey(
        UserGroup, models.CASCADE, related_name="refreshes", db_index=False, db_constraint=False
    )
    trigger = models.CharField(_("trigger"), max_length=16, choices=RefreshTrigger.choices)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    #: The held run that this one was asked for to carry out.
    confirms = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False)
    state = models.CharField(_("state"), max_length=16, choices=RefreshState.choices, default=RefreshState.QUEUED)
    requested_at = models.DateTimeField(_("requested at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    as_of = models.DateTimeField(_("data as of"), null=True, blank=True)
    rule_version = models.PositiveIntegerField(_("rule version"))
    added_count = models.PositiveIntegerField(_("added"), default=0)
    removed_count = models.PositiveIntegerField(_("removed"), default=0)
    member_count = models.PositiveIntegerField(_("members afterwards"), null=True, blank=True)
    pinned_missed_count = models.PositiveIntegerField(
        _("pinned examples missed"), default=0, help_text=_("Pinned learners who were not where they are expected.")
    )
    plan = models.CharField(_("plan"), max_length=16, blank=True)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)
    error_message = models.TextField(_("error"), blank=True)

    # Who works on it (``leases``). NULL once the run is over: NULLs are distinct in a unique index on every database.
    slot = models.CharField(max_length=8, choices=Slot.choices, null=True, blank=True, editable=False)  # noqa: DJ001
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)

    class Meta:
        verbose_name = _("refresh")
        verbose_name_plural = _("refreshes")
        constraints = [
            models.UniqueConstraint(fields=["user_group", "slot"], name="user_groups_one_run_a_slot"),
        ]
        indexes = [
            # A group's runs, newest first.
            models.Index(fields=["user_group", "requested_at"], name="user_groups_runs"),
            # Runs that died, and runs that wait.
            models.Index(fields=["slot", "lease_until"], name="user_groups_open_runs"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger} {self.state} {self.requested_at:%Y-%m-%d %H:%M}"


def finished_run(group: UserGroup, trigger: RefreshTrigger, now: datetime, **values: Any) -> Refresh:
    """The record, not saved, of something that has changed members at once, at ``now``: no worker ever takes it.

    ``values`` are other columns, and take the place of what is said of time and data here.
    """
    at_once = {"requested_at": now, "started_at": now, "finished_at": now, "as_of": now}
    return Refresh(
        user_group=group,
        trigger=trigger,
        state=RefreshState.SUCCEEDED,
        rule_version=group.rule_version,
        **{**at_once, **values},
    )


class HeldDifference(models.Model):
    """Who would join and leave if a held run were carried out: two compressed bitmaps of user ids.

    .. no_pii: accounts' ids only
    """

    refresh = models.OneToOneField(Refresh, models.CASCADE, primary_key=True, related_name="difference")
    added = models.BinaryField()
    removed = models.BinaryField()

    def __str__(self) -> str:
        return f"difference of {self.refresh_id}"


class UpkeepLease(models.Model):
    """Who does the periodic work now, so that two never do it at the same time. One row.

    .. no_pii:
    """

    name = models.CharField(max_length=32, primary_key=True)
    claim_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
