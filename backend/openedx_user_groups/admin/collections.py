"""Collections, read only: they are changed through the API, which settles who belongs where."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.groups.models import Collection, UserGroup

from .links import group_link


@admin.register(Collection)
class CollectionAdmin(admin.ModelAdmin):
    """The collections and their groups, in the order that decides."""

    list_display = ("name", "scope_type", "scope_key", "is_exclusive", "groups_in_order")
    list_filter = ("is_exclusive", "scope_type")
    search_fields = ("name", "scope_key")
    fields = ("name", "description", "scope_type", "scope_key", "is_exclusive", "groups_in_order")
    readonly_fields = ("groups_in_order",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody, from here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Collection | None = None) -> bool:
        """Nobody, from here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Collection | None = None) -> bool:
        """Nobody, from here."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Collection]:
        """The collections with their live groups, in two queries."""
        groups = UserGroup.objects.live().order_by("collection_position", "pk")
        return super().get_queryset(request).prefetch_related(Prefetch("groups", groups, to_attr="live_groups"))

    @admin.display(description=_("user groups"))
    def groups_in_order(self, collection: Collection) -> SafeString:
        """A link to each, with the number of its members."""
        groups: list[UserGroup] = getattr(collection, "live_groups", [])
        links = ((group_link(group), group.member_count) for group in groups)
        return format_html_join(", ", "{} ({})", links)
