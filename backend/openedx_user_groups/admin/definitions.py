"""What was changed in the definitions of groups, and by whom."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import api
from openedx_user_groups.groups.history import DefinitionChange

from .records import GroupFilter, RecordAdmin, one_group_is_asked_for


@admin.register(DefinitionChange)
class DefinitionChangeAdmin(RecordAdmin):
    """Changes, newest first."""

    account_field = "by_id"

    list_display = ("at", "group", "kind", "fields_changed", "who", "rule_version")
    list_filter = (GroupFilter, "kind")
    fields = ("at", "group", "kind", "who", "rule_version", "definition_before", "definition_after")
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The newest first, by the index that there is: the group's changes, or the primary key."""
        return ("-at", "-id") if one_group_is_asked_for(request) else ("-id",)

    @admin.display(description=_("what"))
    def fields_changed(self, change: DefinitionChange) -> str:
        """The parts that differ."""
        return ", ".join(change.changed_fields)

    @admin.display(description=_("by"))
    def who(self, change: DefinitionChange) -> str | None:
        """The user name of whoever made the change."""
        return change.by.get_username() if change.by else None

    @admin.display(description=_("before"))
    def definition_before(self, change: DefinitionChange) -> SafeString | None:
        """The definition as it was."""
        return _as_text(api.describe_definition_changes([change])[0].before)

    @admin.display(description=_("after"))
    def definition_after(self, change: DefinitionChange) -> SafeString | None:
        """The definition as it became."""
        return _as_text(api.describe_definition_changes([change])[0].after)


def _as_text(definition: dict[str, Any] | None) -> SafeString | None:
    if definition is None:
        return None
    return format_html("<pre>{}</pre>", json.dumps(definition, ensure_ascii=False, indent=2))
