"""The form of one criterion, made from its type's declaration: any type's, also a plugin's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import api
from openedx_user_groups.criteria.choices import INLINE_LIMIT
from openedx_user_groups.criteria.fields import ListField, UserListField, choices_from
from openedx_user_groups.criteria.forms import plain
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operators import Arity, Operator
from openedx_user_groups.data import Scope, Violation
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.groups import accounts

from .writing import WritingForm

_EMPTY: tuple[Any, ...] = (None, "", [])
#: Up to this many choices are drawn as check boxes.
_CHECKBOX_LIMIT = 12


def value_names(criterion_class: type[Criterion]) -> list[str]:
    """The model's fields that hold values, in the order in which operators name them; a range's end after its start."""
    ranges = {name for operator in criterion_class.operators if operator.arity == Arity.TWO for name in operator.fields}
    names = dict.fromkeys(name for operator in criterion_class.operators for name in operator.accepts)
    return [part for name in names for part in ((name, f"{name}_to") if name in ranges else (name,))]


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 10, "cols": 60, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        """The lines that hold something."""
        if isinstance(value, list):
            return value
        return [line.strip() for line in (value or "").splitlines() if line.strip()]

    def clean(self, value: Any) -> Any:
        """The lines. Characters that texts may not hold are the API's business."""
        return self.to_python(value)

    def prepare_value(self, value: Any) -> Any:
        """One a line."""
        return "\n".join(value) if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the lists differ."""
        return bool((initial or []) != self.to_python(data))


class CriterionForm(WritingForm):
    """Operator and values of one criterion. Saving changes the rule of its group, where the criterion lives."""

    edited_version = forms.IntegerField(widget=forms.HiddenInput)
    instance: Criterion
    #: The field for each end of a range, by its name in the configuration.
    _RANGE_ENDS: ClassVar[dict[str, str]] = {"from": "", "to": "_to"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._type = type(self.instance)
        self.initial["edited_version"] = self.instance.user_group.rule_version
        if "operator" not in self.fields:
            return  # Someone who may only read; the values are shown in words.
        self.fields["operator"] = forms.ChoiceField(
            label=_("Operator"), choices=[(operator.id, operator.label) for operator in self._type.operators]
        )
        for name in value_names(self._type):
            self._draw(name)

    def write(self) -> None:
        """Put the new configuration in its place in the definition, and save that as the API would."""
        if not set(self.changed_data) - {"edited_version"}:
            return
        group = self.instance.user_group
        config = self._config()
        definition, self._pointer = _with_config(api.describe([group])[0].rule, str(self.instance.uuid), config)
        self._sent = config
        self.written = api.update_user_group(
            group.uuid,
            changes={"rule": definition},
            rule_version=self.cleaned_data["edited_version"],
            acting_user=self.acting_user,
        )

    def place_of(self, violation: Violation) -> tuple[str | None, Any]:
        """The field that the pointer names; other criteria of the rule are named by their pointer."""
        own = f"{self._pointer}/config/"
        if not violation.pointer.startswith(own):
            return None, f"{violation.pointer}: {violation.message}"
        name, *rest = violation.pointer.removeprefix(own).split("/")
        value = self._sent.get(name)
        if rest and isinstance(value, list) and rest[0].isdigit() and int(rest[0]) < len(value):
            return name, f"“{value[int(rest[0])]}”: {violation.message}"
        return name + self._RANGE_ENDS.get(rest[0] if rest else "", ""), violation.message

    def _draw(self, name: str) -> None:
        """Replace the field that Django would draw where it cannot know what the type means."""
        model_field: Any = self._type._meta.get_field(name)
        drawn, scope = self.fields[name], self.instance.user_group.scope
        texts: dict[str, Any] = {"label": drawn.label, "help_text": drawn.help_text, "required": False}
        if isinstance(model_field, UserListField):
            names = accounts.usernames(self.initial.get(name) or [])
            self.initial[name] = [names[pk] for pk in self.initial.get(name) or [] if pk in names]
            texts["help_text"] = _("One username or e-mail address a line.")
            self.fields[name] = LinesField(**texts)
        elif isinstance(model_field, ListField):
            self.fields[name] = self._list_field(name, _offered(model_field, scope), texts)
        elif choices := _offered(model_field, scope):
            choices.insert(0, ("", "---------"))
            self.fields[name] = forms.TypedChoiceField(
                choices=choices, coerce=model_field.to_python, empty_value=None, **texts
            )
        else:
            drawn.required = False  # Which fields an operator needs is decided with the operator.

    def _list_field(self, name: str, choices: list[tuple[str, Any]], texts: dict[str, Any]) -> forms.Field:
        if not choices:
            return LinesField(**texts | {"help_text": texts["help_text"] or _("One value a line.")})
        offered = {value for value, _label in choices}
        stored = self.initial.get(name) or []
        choices += [
            (value, _("%(value)s (no longer offered)") % {"value": value}) for value in stored if value not in offered
        ]
        widget: forms.Widget = FilteredSelectMultiple(str(texts["label"]), is_stacked=False)
        if len(choices) <= _CHECKBOX_LIMIT:
            widget = forms.CheckboxSelectMultiple()
        return forms.MultipleChoiceField(choices=choices, widget=widget, **texts)

    def _config(self) -> dict[str, Any]:
        """What was filled in, as the API takes it: also what the operator does not take, so that that is refused."""
        operator = self._type.operator_named(self.cleaned_data["operator"])
        assert operator is not None  # The select offers no other.
        return {"operator": operator.id, **dict(self._filled(operator))}

    def _filled(self, operator: Operator) -> Iterator[tuple[str, Any]]:
        in_ranges = set()
        for name in operator.fields if operator.arity == Arity.TWO else ():
            ends = {end: plain(self.cleaned_data[name + suffix]) for end, suffix in self._RANGE_ENDS.items()}
            ends = {end: value for end, value in ends.items() if value not in _EMPTY}
            in_ranges |= {name, f"{name}_to"}
            if ends:
                yield name, ends
        for name in value_names(self._type):
            value = plain(self.cleaned_data[name])
            needed = name in operator.requires or name in operator.fields
            untouched = not needed and value == plain(self._type._meta.get_field(name).get_default())  # type: ignore[union-attr]
            if name not in in_ranges and value not in _EMPTY and not untouched:
                yield name, value


def _offered(field: Any, scope: Scope) -> list[tuple[str, Any]]:
    """The only values that are valid; empty where any is, or where there are too many to draw."""
    source = choices_from(field)
    if source is None or not source.closed:
        return []
    try:
        found = source.search(scope, "", INLINE_LIMIT + 1)
    except SourceUnavailable:
        return []  # The form still opens; what is typed is checked when it is saved.
    return [] if len(found) > INLINE_LIMIT else [(choice.value, choice.label) for choice in found]


def _with_config(definition: Any, id_: str, config: dict[str, Any], pointer: str = "/rule") -> tuple[Any, str]:
    """The definition with another configuration of one criterion, and that criterion's pointer ("" if not there)."""
    if definition.get("id") == id_:
        return definition | {"config": config}, pointer
    nodes, found = [], ""
    for index, node in enumerate(definition.get("nodes", ())):
        changed, place = _with_config(node, id_, config, f"{pointer}/nodes/{index}")
        nodes.append(changed)
        found = found or place
    return (definition | {"nodes": nodes} if "nodes" in definition else definition), found
