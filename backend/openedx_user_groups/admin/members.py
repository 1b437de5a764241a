"""Present members, and who joined and left when."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.membership.models import Membership, MembershipChange

from .links import GROUP_PARAMETER, change_url, link
from .records import GroupFilter, RecordAdmin, one_group_is_asked_for


class LearnerRecordAdmin(RecordAdmin):
    """A row about one learner and one group."""

    account_field = "user_id"

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Only the rows of a group or a person are filtered further: in the whole table no index finds a rare value."""
        narrowed = GROUP_PARAMETER in request.GET or request.GET.get("q", "").strip()
        return self.list_filter if narrowed else (GroupFilter,)

    @admin.display(description=_("learner"))
    def learner(self, row: Any) -> str:
        """The user name."""
        return str(row.user.get_username())

    @admin.display(description=_("user id"))
    def learner_id(self, row: Any) -> str:
        """The id as it is, without separators of thousands."""
        return str(row.user_id)


@admin.register(Membership)
class MembershipAdmin(LearnerRecordAdmin):
    """Who is in which group now. Members of a manual group are changed with the API."""

    list_display = ("learner", "learner_id", "group", "joined_at", "origin")
    list_filter = (GroupFilter, "origin")
    fields = ("group", "learner", "learner_id", "joined_at", "origin")
    readonly_fields = fields
    # The unique index of the table; by attribute, or Django would add a column that the index lacks.
    ordering = ("user_group_id", "user_id")


@admin.register(MembershipChange)
class MembershipChangeAdmin(LearnerRecordAdmin):
    """The history, newest first."""

    list_display = ("learner", "learner_id", "kind", "group", "at", "trigger", "rule_version", "run")
    list_filter = (GroupFilter, "kind")
    fields = ("group", "learner", "learner_id", "kind", "at", "trigger", "rule_version", "run")
    readonly_fields = fields

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """The newest first, by the index that there is: the group's history, or the primary key."""
        return ("-at", "-id") if one_group_is_asked_for(request) else ("-id",)

    @admin.display(description=_("refresh"))
    def run(self, change: MembershipChange) -> SafeString | None:
        """The run that made the change, as a link; none where somebody edited a list of people."""
        if change.refresh_id is None:
            return None
        refresh = MembershipChange._meta.get_field("refresh").related_model
        return link(change_url(refresh, change.refresh_id), change.refresh_id)
