"""The forms that add and change a user group."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import api
from openedx_user_groups.criteria import registry
from openedx_user_groups.data import MembershipSource, Scope, Violation
from openedx_user_groups.groups.models import UserGroup

from .writing import DefinitionField, WritingForm

_EXAMPLE = (
    '{"combine": "all", "negated": false, "nodes": ['
    '{"kind": "criterion", "type": "…", "config": {"operator": "…", …}}, …]}'
)
_DEFINITION_HELP = _(
    "JSON, as in the API: %(example)s. “combine” is “all” or “any”; a node may be a rule again (kind “rule”). Leave "
    "out the “id” of new nodes and keep it for those that stay. Criterion types: %(types)s."
)


class GroupForm(WritingForm):
    """What adding and changing have in common."""

    definition = DefinitionField(required=False, label=_("definition of the rule"))
    confirm_impossible = forms.BooleanField(
        required=False,
        label=_("Save the rule although it contradicts itself"),
        help_text=_("Such a rule matches nobody, whatever the data."),
    )

    class Meta:
        model = UserGroup
        fields = ("name", "description", "is_enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "definition" in self.fields:
            types = ", ".join(criterion_class.criterion_type for criterion_class in registry.installed())
            self.fields["definition"].help_text = _DEFINITION_HELP % {"example": _EXAMPLE, "types": types}

    def place_of(self, violation: Violation) -> tuple[str | None, Any]:
        """All about the rule belongs to the definition, with its pointer; the rest to the field that it names."""
        name = violation.pointer.strip("/").split("/")[0]
        if name == "rule":
            return "definition", f"{violation.pointer}: {violation.message}"
        if name == "scope":
            name = "scope_key"
        return name or None, violation.message


class GroupAddForm(GroupForm):
    """A new group: scope and source are decided here and stay."""

    class Meta(GroupForm.Meta):
        fields = ("scope_type", "scope_key", "name", "description", "membership_source", "is_enabled")  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        """Have scope type and key fit each other."""
        cleaned = super().clean() or self.cleaned_data
        if "scope_type" in cleaned and "scope_key" in cleaned:
            try:
                cleaned["scope"] = Scope.parse(cleaned["scope_type"], cleaned["scope_key"].strip())
            except ValueError:
                message = _(
                    "Give a course key for a course, a short name for an organization, nothing for the whole site."
                )
                self.add_error("scope_key", message)
        return cleaned

    def write(self) -> None:
        """Create the group, and its rule."""
        cleaned = self.cleaned_data
        self.instance = self.written = api.create_user_group(
            scope=cleaned["scope"],
            name=cleaned["name"],
            description=cleaned["description"],
            membership_source=MembershipSource(cleaned["membership_source"]),
            rule=cleaned["definition"],
            is_enabled=cleaned["is_enabled"],
            confirm_impossible=cleaned["confirm_impossible"],
            acting_user=self.acting_user,
        )


class GroupChangeForm(GroupForm):
    """An existing group. ``edited_version`` is the rule that was shown: one that someone else changed since is kept."""

    edited_version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta(GroupForm.Meta):
        fields = (  # type: ignore[assignment]
            "name", "description", "is_enabled", "is_frozen", "refresh_interval", "max_removal_percent"
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["edited_version"] = self.instance.rule_version
        if self.instance.is_manual:
            del self.fields["definition"], self.fields["confirm_impossible"]
        else:
            self.initial["definition"] = api.describe([self.instance])[0].rule

    def write(self) -> None:
        """Change what was changed, and nothing where nothing was."""
        names = {"definition": "rule"}
        changed = [name for name in self.changed_data if name not in ("edited_version", "confirm_impossible")]
        changes = {names.get(name, name): self.cleaned_data[name] for name in changed}
        if changes:
            self.instance = self.written = api.update_user_group(
                self.instance.uuid,
                changes=changes,
                rule_version=self.cleaned_data["edited_version"],
                confirm_impossible=self.cleaned_data.get("confirm_impossible", False),
                acting_user=self.acting_user,
            )
