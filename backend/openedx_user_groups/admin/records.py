"""What the lists of members, history and runs have in common: read only, and as fast with millions of rows as with ten.

No page counts a table, joins accounts to it, sorts by a column without an index or draws a select box of people.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.models import UserGroup

from .links import GROUP_PARAMETER, group_link
from .paging import CappedPaginator

#: More words than anybody means by a search; each costs a look-up.
_MAX_WORDS = 3
_MAX_SAME_EMAIL = 100


class GroupFilter(admin.SimpleListFilter):
    """One group, by the UUID in the address. Shown only where a group is chosen: there may be any number of them."""

    title = _("user group")
    parameter_name = GROUP_PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The chosen group alone."""
        self._group = group_with_uuid(request.GET.get(self.parameter_name, ""))
        return [(str(self._group.uuid), str(self._group))] if self._group else []

    def has_output(self) -> bool:
        """Also for a group that does not exist: the list is then empty, and not the list of all."""
        return True if self.value() else super().has_output()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """The rows of the group."""
        if self.value() is None:
            return queryset
        return queryset.filter(user_group_id=self._group.pk) if self._group else queryset.none()


class RecordChangeList(ChangeList):
    """A list in the one order that an index serves. Without links to sort by a column, its address could still ask
    for it."""

    def get_ordering_field(self, field_name: Any) -> None:
        """No column."""
        return None


class RecordAdmin(admin.ModelAdmin):
    """Rows that only the app writes. Subclasses name the column of accounts in ``account_field``."""

    account_field: ClassVar[str]

    actions = None
    change_list_template = "admin/openedx_user_groups/capped_change_list.html"
    list_per_page = 50
    paginator = CappedPaginator
    # Only so that the search box is drawn; see get_search_results.
    search_fields = ("user_group__uuid",)
    search_help_text = _("Exact username, e-mail address or user id; or the UUID of a user group.")
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    sortable_by = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: rows are written by the app."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: rows are written by the app."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, from here. But the page that deletes an account asks too, and its rows go with the account."""
        match = request.resolver_match
        own = f"{self.opts.app_label}_{self.opts.model_name}_"
        if match is None or (match.url_name or "").startswith(own):
            return False
        return super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any, Any]:
        """The rows; groups and accounts in a query each.

        Joined, a database may start from the accounts and sort a million rows to show fifty.
        """
        account = self.account_field.removesuffix("_id")
        return super().get_queryset(request).prefetch_related("user_group", account)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that cannot be sorted."""
        return RecordChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any, Any], search_term: str
    ) -> tuple[QuerySet[Any, Any], bool]:
        """Each word names a group or a person exactly; it is looked up first, so that only indexed ids are compared."""
        words = search_term.split()
        if len(words) > _MAX_WORDS:
            return queryset.none(), False
        for word in words:
            queryset = queryset.filter(self.matching(word))
        return queryset, False

    def matching(self, word: str) -> Q:
        """The rows that one word of a search names."""
        group = group_with_uuid(word)
        return Q(user_group_id=group.pk) if group else Q(**{f"{self.account_field}__in": _account_ids(word)})

    @admin.display(description=_("user group"))
    def group(self, row: Any) -> SafeString:
        """The group, as a link."""
        return group_link(row.user_group)


def one_group_is_asked_for(request: HttpRequest) -> bool:
    """Whether all rows of the list are of one group, so that the indexes that begin with the group serve its order."""
    words = request.GET.get("q", "").split()
    return GROUP_PARAMETER in request.GET or any(as_uuid(word) for word in words)


def group_with_uuid(text: str) -> UserGroup | None:
    """The group with this UUID, archived or not."""
    uuid = as_uuid(text)
    return UserGroup.objects.filter(uuid=uuid).first() if uuid else None


def as_uuid(text: str) -> UUID | None:
    """The text as a UUID, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _account_ids(word: str) -> set[int]:
    """The accounts that a word names, by the exact values of indexed columns."""
    ids = set(accounts.by_username([word]).values())
    if "@" in word:
        same = get_user_model()._default_manager.filter(email__in={word, word.lower()}).order_by()
        ids.update(same.values_list("pk", flat=True)[:_MAX_SAME_EMAIL])
    if word.isascii() and word.isdecimal() and len(word) <= 10 and int(word) <= accounts.MAX_USER_ID:
        ids.add(int(word))
    return ids
