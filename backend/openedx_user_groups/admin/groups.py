"""User groups: whom they are for, how they are, their rule in words and as a definition, what can be done with them."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from openedx_user_groups import api
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.data import GroupState, RefreshState
from openedx_user_groups.exceptions import UserGroupsError
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh.models import Refresh

from .group_forms import GroupAddForm, GroupChangeForm
from .links import link, list_url
from .paging import rough_count
from .rules import rule_as_html
from .writing import WritingAdminMixin

#: Groups that one action takes: without a broker each is refreshed while the browser waits.
ACTION_LIMIT = 100
#: Digits of a primary key that every database takes.
_LONGEST_KEY = 18
#: Failures that are told one by one.
_SHOWN_FAILURES = 10


class StateFilter(admin.SimpleListFilter):
    """The state that is shown, which is not always the stored one: a type may have been uninstalled since."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every state."""
        return list(GroupState.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Groups in the chosen state; archived ones, which are not refreshed, by the state that they had."""
        state = self.value()
        if state not in GroupState.values:
            return queryset
        live = Q(pk__in=api.user_groups(states=[state]).order_by().values("pk"))
        return queryset.filter(live | Q(live__isnull=True, state=state))


class ArchivedFilter(admin.SimpleListFilter):
    """Groups in use unless archived ones are asked for."""

    title = _("archived")
    parameter_name = "archived"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Beside the groups in use."""
        return [("yes", _("Archived")), ("all", _("All"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Groups in use, archived groups, or both."""
        if self.value() == "all":
            return queryset
        return queryset.filter(live__isnull=True) if self.value() == "yes" else queryset.filter(live=True)

    def choices(self, changelist: Any) -> Any:
        """The default is not “All”."""
        for index, choice in enumerate(super().choices(changelist)):
            yield choice if index else {**choice, "display": _("In use")}


class GroupChangeList(ChangeList):
    """A page of groups with the state that holds now, found for the whole page at once."""

    def get_results(self, request: HttpRequest) -> None:
        """The page, each group with its description."""
        super().get_results(request)
        self.result_list = list(self.result_list)
        for detail in api.describe(self.result_list):
            detail.group.admin_detail = detail  # type: ignore[attr-defined]


@admin.register(UserGroup)
class UserGroupAdmin(WritingAdminMixin, admin.ModelAdmin):
    """Groups. None is ever deleted: archiving keeps members and history."""

    list_display = (
        "name", "scope", "state_now", "members", "members_as_of", "membership_source", "is_enabled", "created",
        "modified",
    )  # fmt: skip
    list_filter = ("scope_type", StateFilter, "membership_source", "is_enabled", "is_frozen", ArchivedFilter)
    list_per_page = 50
    search_fields = ("name", "scope_key")
    search_help_text = _("Name, course key or organization, or a UUID.")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = ("refresh_now", "archive")
    readonly_fields = (
        "uuid", "scope", "membership_source", "state_now", "state_since", "members_as_of", "next_refresh_at",
        "failure_count", "rule_in_words", "links", "created", "created_by", "modified", "modified_by", "archived_at",
    )  # fmt: skip
    _about: ClassVar[tuple[str, ...]] = (
        "scope", "membership_source", "state_now", "state_since", "members_as_of", "links",
    )  # fmt: skip
    _record: ClassVar[tuple[str, ...]] = ("uuid", "created", "created_by", "modified", "modified_by", "archived_at")

    # ---- Who may do what ------------------------------------------------------------------------------------------
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An archived group is only read."""
        return super().has_change_permission(request, obj) and (obj is None or obj.live is True)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: history would go with the group. The permission to delete is the one to archive."""
        return False

    def has_archive_permission(self, request: HttpRequest) -> bool:
        """Whoever may delete groups."""
        return super().has_delete_permission(request)

    # ---- List -----------------------------------------------------------------------------------------------------
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that describes its groups."""
        return GroupChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any, Any], search_term: str
    ) -> tuple[QuerySet[Any, Any], bool]:
        """A UUID is one group; columns hold it in a form of their own, so that a part of it would find nothing."""
        try:
            return queryset.filter(uuid=UUID(search_term.strip())), False
        except ValueError:
            return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("members"), ordering="member_count")
    def members(self, group: UserGroup) -> SafeString:
        """How many, as a link to them."""
        number = number_format(group.member_count, use_l10n=True, force_grouping=True)
        return link(list_url(Membership, group), number)

    @admin.display(description=_("state"), ordering="state")
    def state_now(self, group: UserGroup) -> str:
        """The state that holds now, with its reason."""
        detail = _detail(group)
        state = str(detail.state.label)
        if not group.live:
            state = str(_("Archived"))
        reason = (detail.state_reason or {}).get("message")
        return f"{state}: {reason}" if reason and group.live else state

    # ---- Form -----------------------------------------------------------------------------------------------------
    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """One form to add, another to change."""
        kwargs["form"] = GroupChangeForm if obj else GroupAddForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Scope and source are chosen once."""
        return self.readonly_fields if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What may be changed, the rule, and how the group is."""
        if obj is None:
            names = ["scope_type", "scope_key", "name", "description", "is_enabled", "membership_source"]
            return [(None, {"fields": [*names, "definition", "confirm_impossible"]})]
        edited, rule = ["name", "description", "is_enabled", "is_frozen"], ["rule_in_words"]
        if self.has_change_permission(request, obj):
            edited.append("edited_version")
            rule += ["definition", "confirm_impossible"]
        shown = [(None, {"fields": edited}), (_("Members"), {"fields": self._about})]
        if not obj.is_manual:
            policy = ["refresh_interval", "max_removal_percent", "next_refresh_at", "failure_count"]
            shown += [(_("Rule"), {"fields": rule}), (_("Refreshes"), {"fields": policy})]
        return [*shown, (_("Record"), {"fields": self._record, "classes": ["collapse"]})]

    @admin.display(description=_("rule"))
    def rule_in_words(self, group: UserGroup) -> SafeString | None:
        """The rule as an indented list."""
        rule = load_rule(group)
        keys = dict(Criterion.objects.filter(user_group=group).order_by().values_list("uuid", "pk"))
        return rule_as_html(rule, group.scope, keys) if rule else None

    @admin.display(description=_("lists"))
    def links(self, group: UserGroup) -> SafeString:
        """To members, runs and history of this group."""
        runs, changes = api.refreshes(group), api.membership_changes(group)
        parts = [
            link(list_url(Membership, group), _("%(count)s members") % {"count": group.member_count}),
            link(list_url(Refresh, group), _("%(count)s refreshes") % {"count": rough_count(runs)}),
            link(
                list_url(MembershipChange, group), _("%(count)s membership changes") % {"count": rough_count(changes)}
            ),
        ]
        return format_html_join(" · ", "{}", ((part,) for part in parts))

    # ---- Actions --------------------------------------------------------------------------------------------------
    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Keys that the list never sends name no group. Django would hand them to the database, which fails."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if all(key.isdecimal() and len(key) <= _LONGEST_KEY for key in keys):
            return super().response_action(request, queryset, *args, **kwargs)
        self.message_user(request, _("There is no such user group."), messages.ERROR)
        return None

    @admin.action(description=_("Refresh now"), permissions=["change"])
    def refresh_now(self, request: HttpRequest, queryset: QuerySet[UserGroup]) -> None:
        """Have the members computed again, and say how that went."""
        groups = self._chosen(request, queryset)
        done, waiting, failures = 0, 0, []
        for group in groups:
            try:
                run = api.refresh_now(group, acting_user=request.user)
            except UserGroupsError as error:
                failures.append(f"{group}: {error}")
                continue
            done += run.state == RefreshState.SUCCEEDED
            waiting += run.state in (RefreshState.QUEUED, RefreshState.RUNNING)
            if run.state in (RefreshState.FAILED, RefreshState.CANCELLED, RefreshState.HELD):
                failures.append(f"{group}: {run.error_message or run.get_state_display()}")
        if done:
            text = ngettext("%(count)s user group was refreshed.", "%(count)s user groups were refreshed.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        if waiting:
            text = ngettext("%(count)s user group is waiting.", "%(count)s user groups are waiting.", waiting)
            self.message_user(request, text % {"count": waiting}, messages.INFO)
        self._tell_failures(request, failures)

    @admin.action(description=_("Archive"), permissions=["archive"])
    def archive(self, request: HttpRequest, queryset: QuerySet[UserGroup]) -> HttpResponse | None:
        """Take groups out of use, once that was confirmed."""
        groups = self._chosen(request, queryset)
        if not groups:
            return None
        if request.POST.get("confirmed") != "yes":
            context = {
                **self.admin_site.each_context(request),
                "title": _("Archive user groups"),
                "opts": self.opts,
                "groups": groups,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "admin/openedx_user_groups/archive_confirmation.html", context)
        done, failures = 0, []
        for group in groups:
            try:
                api.archive_user_group(group.uuid, acting_user=request.user)
            except UserGroupsError as error:
                failures.append(f"{group}: {error}")
                continue
            self.log_change(request, group, str(_("Archived.")))
            done += 1
        if done:
            text = ngettext("%(count)s user group was archived.", "%(count)s user groups were archived.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        self._tell_failures(request, failures)
        return None

    def _chosen(self, request: HttpRequest, queryset: QuerySet[UserGroup]) -> list[UserGroup]:
        """The groups of an action, or none, with a message, where there are too many."""
        groups = list(queryset[: ACTION_LIMIT + 1])
        if len(groups) <= ACTION_LIMIT:
            return groups
        message = _("Choose at most %(limit)s user groups at once. Nothing was done.") % {"limit": ACTION_LIMIT}
        self.message_user(request, message, messages.ERROR)
        return []

    def _tell_failures(self, request: HttpRequest, failures: list[str]) -> None:
        for failure in failures[:_SHOWN_FAILURES]:
            self.message_user(request, failure, messages.ERROR)
        left_out = len(failures) - _SHOWN_FAILURES
        if left_out > 0:
            text = ngettext("%(count)s more failed.", "%(count)s more failed.", left_out) % {"count": left_out}
            self.message_user(request, text, messages.ERROR)


def _detail(group: UserGroup) -> api.UserGroupDetail:
    """The group's description: the list's, or one of its own."""
    detail = getattr(group, "admin_detail", None)
    if detail is None:
        [detail] = api.describe([group])
        group.admin_detail = detail  # type: ignore[attr-defined]
    return detail
