"""The runs of refreshes: why each ran, how it went, what it changed."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.refresh.models import Refresh

from .records import GroupFilter, RecordAdmin, as_uuid, one_group_is_asked_for


@admin.register(Refresh)
class RefreshAdmin(RecordAdmin):
    """Runs, newest first."""

    account_field = "requested_by_id"
    search_help_text = _("Exact username, e-mail address or id of whoever asked; or the UUID of a run or a user group.")

    list_display = (
        "requested_at",
        "group",
        "trigger",
        "state",
        "duration",
        "added_count",
        "removed_count",
        "error_code",
    )
    list_filter = (GroupFilter, "state", "trigger")
    fields = (
        "uuid", "group", "trigger", "requester", "state", "requested_at", "started_at", "finished_at", "duration",
        "as_of", "rule_version", "added_count", "removed_count", "member_count", "plan", "attempts", "error_code",
        "error_message",
    )  # fmt: skip
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The newest first, by the index that there is: the group's runs, or the primary key."""
        return ("-requested_at", "-id") if one_group_is_asked_for(request) else ("-id",)

    def matching(self, word: str) -> Q:
        """Also by the run's own UUID."""
        uuid = as_uuid(word)
        run = Refresh.objects.filter(uuid=uuid).values_list("pk", flat=True).first() if uuid else None
        return super().matching(word) if run is None else Q(pk=run)

    @admin.display(description=_("requested by"))
    def requester(self, refresh: Refresh) -> str | None:
        """The user name of whoever asked for the run."""
        return refresh.requested_by.get_username() if refresh.requested_by else None

    @admin.display(description=_("took"))
    def duration(self, refresh: Refresh) -> str | None:
        """How long it ran."""
        if refresh.started_at is None or refresh.finished_at is None:
            return None
        seconds = (refresh.finished_at - refresh.started_at).total_seconds()
        return str(_("%(seconds).1f s") % {"seconds": seconds})
