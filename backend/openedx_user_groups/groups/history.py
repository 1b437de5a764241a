"""The history of groups' definitions: what was changed, when and by whom."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import DefinitionChangeKind

from .models import UserGroup


class DefinitionChange(models.Model):
    """One change of a group's definition, with the whole definition before and after. Never changed, never deleted.

    Learners whom a rule lists stand in it by the ids of their accounts, which mean nothing once an account is retired;
    ``names_learners`` finds the rows from which such an id has to go.

    .. no_pii: ids of accounts only
    """

    id = models.BigAutoField(primary_key=True)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="definition_changes", db_index=False)
    kind = models.CharField(_("change"), max_length=8, choices=DefinitionChangeKind.choices)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    rule_version = models.PositiveIntegerField(_("rule version"))
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    names_learners = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("definition change")
        verbose_name_plural = _("definition changes")
        indexes = [
            # A group's changes, newest first, page by page.
            models.Index(fields=["user_group", "at", "id"], name="user_groups_definitions"),
        ]

    def __str__(self) -> str:
        return f"{self.user_group_id} {self.kind} {self.at:%Y-%m-%d %H:%M}"

    @property
    def changed_fields(self) -> list[str]:
        """The parts of the definition that differ."""
        before, after = self.before or {}, self.after or {}
        return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
