"""Current members and the history of membership."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import ChangeKind, RefreshTrigger
from openedx_user_groups.groups.models import Collection, UserGroup


def _account(**options: Any) -> models.ForeignKey[Any, Any]:
    """A link to an account without a constraint in the database.

    Checking one would lock the account's row until the transaction ends: while a large group is written, sign-ins of
    its learners would wait. Rows are only ever written for accounts that exist, and go when Django deletes an account.
    """
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False, **options)


class Membership(models.Model):
    """One learner's present membership of one group.

    .. no_pii: an account's id only
    """

    id = models.BigAutoField(primary_key=True)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="memberships", db_index=False)
    user = _account()
    joined_at = models.DateTimeField(_("joined at"))
    origin = models.CharField(_("origin"), max_length=16, choices=RefreshTrigger.choices)
    # The group's collection while that is exclusive, else NULL: NULLs are distinct in a unique index.
    exclusive_collection = models.ForeignKey(
        Collection, models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            # Also serves the two reads of a group: all its member ids, and its members page by page.
            models.UniqueConstraint(fields=["user_group", "user"], name="user_groups_one_membership"),
            # At most one group of an exclusive collection, whoever writes.
            models.UniqueConstraint(fields=["exclusive_collection", "user"], name="user_groups_one_in_collection"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.user_group_id}"


class PinnedExample(models.Model):
    """A learner who, staff say, must be in a group or must not be. Says when a rule is wrong; never changes members.

    .. pii: An account's id with a note of staff about it.
    .. pii_types: other
    .. pii_retirement: local_api
    """

    id = models.BigAutoField(primary_key=True)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="pinned_examples", db_index=False)
    user = _account()
    expected = models.BooleanField(_("must be in the group"))
    note = models.CharField(_("note"), max_length=255, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("pinned example")
        verbose_name_plural = _("pinned examples")
        constraints = [
            # Also serves the one read: the examples of a group.
            models.UniqueConstraint(fields=["user_group", "user"], name="user_groups_one_pinned_example"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {'in' if self.expected else 'out of'} {self.user_group_id}"


class MembershipChange(models.Model):
    """One learner joined or left one group. Never changed, never deleted with the rule that caused it.

    .. no_pii: an account's id only
    """

    id = models.BigAutoField(primary_key=True)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="membership_changes", db_index=False)
    user = _account()
    kind = models.CharField(_("change"), max_length=8, choices=ChangeKind.choices)
    at = models.DateTimeField(_("at"))
    rule_version = models.PositiveIntegerField(_("rule version"))
    # Also on the run, but runs are deleted earlier than history.
    trigger = models.CharField(_("trigger"), max_length=16, choices=RefreshTrigger.choices)
    # By name: runs are made by the layer above.
    refresh = models.ForeignKey(
        "openedx_user_groups.Refresh", models.SET_NULL, null=True, blank=True, related_name="changes"
    )

    class Meta:
        verbose_name = _("membership change")
        verbose_name_plural = _("membership changes")
        indexes = [
            # A group's history, newest first, page by page; and what retention deletes, oldest first.
            models.Index(fields=["user_group", "at", "id"], name="user_groups_history"),
            # "Who was in the group on day X", in the order of user ids: the next change of the same learner.
            models.Index(fields=["user_group", "user", "at", "id"], name="user_groups_history_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.user_group_id}"
