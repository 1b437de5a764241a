"""Outgoing messages: what waits, what was delivered lately, what was given up and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.refresh.models import Refresh

from .links import change_url, link
from .records import GroupFilter, RecordAdmin, as_uuid, group_with_uuid


@admin.register(OutboxMessage)
class OutboxMessageAdmin(RecordAdmin):
    """Messages, newest first. Those that were given up are revived with ``deliver_user_group_messages``."""

    search_help_text = _("UUID of a message or a user group.")

    list_display = ("created", "group", "about", "state", "attempts", "last_error")
    list_filter = (GroupFilter, "state")
    fields = ("uuid", "group", "about", "created", "state", "attempts", "next_attempt_at", "delivered_at", "last_error")
    readonly_fields = fields
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any, Any]:
        """The messages with what they are about."""
        messages = admin.ModelAdmin.get_queryset(self, request)
        return messages.prefetch_related("user_group", "refresh", "definition_change")

    def matching(self, word: str) -> Q:
        """The messages that one word of a search names; nothing else is told of people."""
        group = group_with_uuid(word)
        return Q(user_group_id=group.pk) if group else Q(uuid=as_uuid(word))

    @admin.display(description=_("about"))
    def about(self, message: OutboxMessage) -> SafeString:
        """The run or the change of the definition that is told of, as a link."""
        if message.definition_change is not None:
            change = message.definition_change
            return link(change_url(type(change), change.pk), change.get_kind_display())
        return link(change_url(Refresh, message.refresh_id), _("members"))
