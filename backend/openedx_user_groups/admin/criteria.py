"""Criteria: one list of all of them, and for each installed type a form of its own, made from its declaration.

A criterion lives in a rule, so none is added or deleted here: that is editing the group's definition.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.module_loading import module_has_submodule
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.criteria.tree import Leaf
from openedx_user_groups.groups.models import UserGroup

from .criterion_forms import CriterionForm, value_names
from .links import change_url, criterion_url, group_link, link, list_url
from .records import GroupFilter
from .rules import config_text, leaf_in_words
from .writing import WritingAdminMixin

_TYPE_PARAMETER = "type"


class TypeFilter(admin.SimpleListFilter):
    """Criteria of one type: those that are installed, and those that saved criteria still name."""

    title = _("criterion type")
    parameter_name = _TYPE_PARAMETER

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Types by label."""
        slugs = {criterion_class.criterion_type for criterion_class in registry.installed()}
        slugs.update(Criterion.objects.order_by().values_list("type_slug", flat=True).distinct())
        return sorted(((slug, type_label(slug)) for slug in slugs), key=lambda choice: choice[1].casefold())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Criteria of the chosen type."""
        return queryset.filter(type_slug=self.value()) if self.value() else queryset


class _InRule(admin.ModelAdmin):
    """What holds for a criterion of any type."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: criteria are added to a group's rule."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: criteria are removed from a group's rule."""
        return False

    @admin.display(description=_("user group"))
    def group(self, criterion: Criterion) -> SafeString:
        """The group, as a link."""
        return group_link(criterion.user_group)

    @admin.display(description=_("meaning"))
    def meaning(self, criterion: Criterion) -> str:
        """The criterion in words, or why it has no answer."""
        leaf = saved_leaf(criterion)
        return leaf_in_words(leaf, criterion.user_group.scope) if leaf else config_text(criterion.config)

    @admin.display(description=_("last valid configuration"))
    def configuration(self, criterion: Criterion) -> str:
        """What is kept of the criterion when its type is gone. Lists of learners hold user ids."""
        return config_text(criterion.config)


@admin.register(Criterion)
class CriterionAdmin(_InRule):
    """Criteria of every type, readable also where the type is not installed."""

    list_display = ("criterion", "operator_label", "configuration", "group")
    list_display_links = None
    list_filter = (TypeFilter, GroupFilter)
    list_per_page = 50
    list_select_related = ("user_group",)
    search_fields = ("type_slug", "user_group__name")
    ordering = ("-pk",)
    show_full_result_count = False
    actions = None
    fields = ("criterion", "group", "meaning", "operator_label", "configuration", "uuid")
    readonly_fields = fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody here: the form of its type knows what its values mean."""
        return False

    @admin.display(description=_("criterion"), ordering="type_slug")
    def criterion(self, criterion: Criterion) -> SafeString:
        """The type, as a link to the criterion's own form where there is one."""
        url = criterion_url(criterion.type_slug, criterion.pk, is_unresolved=bool(criterion.unresolved))
        return link(url, type_label(criterion.type_slug))

    @admin.display(description=_("operator"))
    def operator_label(self, criterion: Criterion) -> Any:
        """The operator in the words of its type."""
        criterion_class = registry.find(criterion.type_slug)
        operator = criterion_class.operator_named(criterion.operator) if criterion_class else None
        return operator.label if operator else criterion.operator


class CriterionTypeAdmin(WritingAdminMixin, _InRule):
    """The form of one type. One permission holds for all types: to view or to change criteria."""

    form = CriterionForm
    change_form_template = "admin/openedx_user_groups/criterion_change_form.html"
    object_history_template = "admin/openedx_user_groups/criterion_history.html"
    readonly_fields = ("group", "meaning", "configuration", "explanation")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Not in the index: two dozen types would bury the rest. The list of criteria leads here."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may view or change criteria."""
        return self._may(request, "view") or self._may(request, "change")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may change criteria, while the group is in use."""
        return self._may(request, "change") and (obj is None or obj.user_group.live is True)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The criterion as its group's rule has it: also where only the copy of its configuration is left."""
        base = Criterion.objects.select_related("user_group").filter(type_slug=self.model.criterion_type)
        try:
            found = base.filter(pk=object_id).first()
        except ValueError:
            return None
        leaf = saved_leaf(found) if found else None
        criterion = (leaf and leaf.criterion) or super().get_object(request, object_id, from_field)
        if found and criterion:
            criterion.user_group = found.user_group
        return criterion

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The values to edit, or the criterion in words."""
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["group", "meaning", "configuration"]})]
        names = ["group", "meaning", "operator", *value_names(self.model), "edited_version"]
        return [
            (None, {"fields": names, "description": self.model.help_text}),
            (_("Details"), {"fields": self._details}),
        ]

    _details = ("explanation", "configuration")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The one list of criteria, narrowed to this type."""
        return HttpResponseRedirect(f"{list_url(Criterion)}?{_TYPE_PARAMETER}={self.model.criterion_type}")

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Back to the group, whose rule was changed."""
        if request.user.has_perms(["openedx_user_groups.view_usergroup"]):
            return HttpResponseRedirect(change_url(UserGroup, obj.user_group_id))
        return HttpResponseRedirect(list_url(Criterion))

    @admin.display(description=_("learners without a value"))
    def explanation(self, criterion: Criterion) -> Any:
        """What a missing value means for this type."""
        return criterion.missing_meaning

    @staticmethod
    def _may(request: HttpRequest, verb: str) -> bool:
        return bool(request.user.has_perm(f"openedx_user_groups.{verb}_criterion"))


def type_label(slug: str) -> str:
    """What staff read for a type."""
    criterion_class = registry.find(slug)
    return str(criterion_class.label) if criterion_class else str(_("%(type)s (not installed)") % {"type": slug})


def saved_leaf(criterion: Criterion) -> Leaf | None:
    """The leaf of its group's rule that a criterion is."""
    rule = load_rule(criterion.user_group)
    return next((leaf for leaf in rule.leaves() if leaf.id == criterion.uuid), None) if rule else None


def register_types(site: admin.AdminSite) -> None:
    """Give each installed type a form, unless its app brings an admin of its own."""
    for criterion_class in registry.installed():
        _import_admin_of(criterion_class)
        if not site.is_registered(criterion_class):
            site.register(criterion_class, CriterionTypeAdmin)


def _import_admin_of(criterion_class: type[Criterion]) -> None:
    """Now and not when Django comes to it: what the app registers comes first."""
    config = apps.get_app_config(criterion_class._meta.app_label)
    if module_has_submodule(config.module, "admin"):
        import_module(f"{config.name}.admin")


register_types(admin.site)
