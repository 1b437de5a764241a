"""The form of a criterion type: a JSON Schema that says what a configuration may look like, and hints for drawing it.

Both come from the declaration that the server validates with (:mod:`.configuration`), so that client and server accept
and refuse the same configurations. What JSON Schema, in the profile that every client understands, cannot say:

* An integer field takes ``10`` and not ``10.0``. JavaScript has one type for both once JSON is parsed.
* Decimal places: ``multipleOf`` is wrong for binary fractions. ``scale`` in the metadata says it.
* The order of a range's ends, which the metadata lists among ``cross_field_rules``.
* What only data knows: choices that are searched for, accounts; and a type's own patterns (a domain, a key).
* Invisible characters, which the server refuses in any text.

In all of these the schema is the wider one: it never refuses what the server takes, but for one thing. A list of
learners who are all gone is read as an empty one, and the server takes it back from a rule that is saved with it. To
somebody who fills in the form it is as empty as any: they must choose at least one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from openedx_user_groups import settings
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import SourceUnavailable

from .choices import INLINE_LIMIT, Choice, ChoiceSource
from .fields import ListField, choices_from
from .operators import Arity, Operator

if TYPE_CHECKING:
    from .models import Criterion

#: Up to this many choices of a single value are drawn as radio buttons; above, as a select.
RADIO_LIMIT = 4

#: The contract's name of a Django field's values, the more special class first.
_VALUE_TYPES: tuple[tuple[type[models.Field[Any, Any]], str], ...] = (
    (models.BooleanField, "boolean"),
    (models.IntegerField, "integer"),
    (models.DecimalField, "decimal"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.DurationField, "duration"),
    (models.FileField, "file"),
)

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "percent": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}

_WIDGETS = {"integer": "updown", "decimal": "updown", "percent": "updown", "date": "date", "datetime": "datetime"}


@dataclass(frozen=True)
class ValueField:
    """What a client needs to know about one value field. Texts are in the active language, values plain JSON.

    ``choices`` are those that fit into the document; ``None`` where there are none or the client must search.
    """

    name: str
    label: str
    help_text: str
    value_type: str
    multiple: bool
    unit: str | None
    minimum: int | float | str | None
    maximum: int | float | str | None
    scale: int | None
    max_length: int | None
    default: Any
    source: ChoiceSource | None
    choices: tuple[tuple[Any, str], ...] | None

    @property
    def is_remote(self) -> bool:
        """Whether the client searches for choices."""
        return self.source is not None and self.choices is None

    @property
    def closed_choices(self) -> tuple[tuple[Any, str], ...]:
        """The only values that are valid, where they stand in the document."""
        return (self.choices or ()) if self.source is not None and self.source.closed else ()


def value_fields(criterion_class: type[Criterion], scope: Scope) -> dict[str, ValueField]:
    """The fields that some operator accepts, by name, in the order in which operators name them."""
    names = dict.fromkeys(name for operator in criterion_class.operators for name in operator.accepts)
    return {name: _value_field(criterion_class._meta.get_field(name), scope) for name in names}


def schema(
    criterion_class: type[Criterion], scope: Scope, fields: Mapping[str, ValueField] | None = None
) -> dict[str, Any]:
    """The JSON Schema of a configuration: one branch an operator. ``fields`` spares asking for choices again."""
    fields = value_fields(criterion_class, scope) if fields is None else fields
    return {
        "type": "object",
        # Ajv's strict mode wants a required property to be declared beside the keyword that requires it.
        "properties": {"operator": {"type": "string", "title": _("Operator")}},
        "required": ["operator"],
        "discriminator": {"propertyName": "operator"},
        "oneOf": [_branch(criterion_class, operator, fields) for operator in criterion_class.operators],
    }


def ui_schema(
    criterion_class: type[Criterion], scope: Scope, fields: Mapping[str, ValueField] | None = None
) -> dict[str, Any]:
    """How to draw the form with RJSF. The branches' own select is the choice of operator, so the field is hidden."""
    fields = value_fields(criterion_class, scope) if fields is None else fields
    return {
        "ui:order": ["operator", "*"],
        "operator": {"ui:widget": "hidden"},
        "oneOf": [_ui_branch(criterion_class, operator, fields) for operator in criterion_class.operators],
    }


def choices_url(criterion_type: str, field: str) -> str:
    """Where to search for the choices of a field, relative to the root of the API."""
    return f"criterion_types/{criterion_type}/choices/{field}/"


# ---- What a Django field says ----------------------------------------------------------------------------------------
def _value_field(field: Any, scope: Scope) -> ValueField:
    source = choices_from(field)
    minimum, maximum = _bounds(field)
    unit = getattr(field, "unit", None)
    default = plain(field.get_default())
    return ValueField(
        name=field.name,
        label=capfirst(str(field.verbose_name)),
        help_text=str(field.help_text),
        value_type=_value_type(field),
        multiple=isinstance(field, ListField),
        unit=None if unit is None else str(unit),
        minimum=plain(minimum),
        maximum=plain(maximum),
        scale=_scale(field),
        max_length=field.max_length,
        default=None if default in ([], "") else default,
        source=source,
        choices=None if source is None else _inline_choices(field, source, scope),
    )


def _value_type(field: Any) -> str:
    declared: str | None = getattr(field, "value_type", None)
    if declared is not None:
        return declared
    for field_class, value_type in _VALUE_TYPES:
        if isinstance(field, field_class):
            return value_type
    return "enum" if field.choices else "string"


def _scale(field: Any) -> int | None:
    if isinstance(field, models.DecimalField):
        return field.decimal_places
    return 0 if isinstance(field, models.IntegerField) else None


def _bounds(field: Any) -> tuple[Any, Any]:
    """The tightest limits that the server checks: Django adds the column's range to those that a type declares."""
    lower = [_limit(validator) for validator in field.validators if isinstance(validator, MinValueValidator)]
    upper = [_limit(validator) for validator in field.validators if isinstance(validator, MaxValueValidator)]
    if isinstance(field, models.DecimalField) and field.max_digits is not None and field.decimal_places is not None:
        largest = Decimal(10**field.max_digits - 1).scaleb(-field.decimal_places)
        lower.append(-largest)
        upper.append(largest)
    return max(lower, default=None), min(upper, default=None)


def _limit(validator: MinValueValidator | MaxValueValidator) -> Any:
    return validator.limit_value() if callable(validator.limit_value) else validator.limit_value


def _inline_choices(field: Any, source: ChoiceSource, scope: Scope) -> tuple[tuple[Any, str], ...] | None:
    if source.remote:
        return None
    try:
        found = source.search(scope, "", INLINE_LIMIT + 1)
    except SourceUnavailable:
        return None  # The form still opens; the client is told when it searches.
    if len(found) > INLINE_LIMIT:
        return None
    # By value: a value listed twice would match two branches of the schema's oneOf, that is, none.
    return tuple({value: str(choice.label) for choice in found for value in [_choice_value(field, choice)]}.items())


def _choice_value(field: Any, choice: Choice) -> Any:
    """Choice sources speak text; a number field wants the number."""
    return choice.value if isinstance(field, ListField) else plain(field.to_python(choice.value))


def plain(value: Any) -> Any:
    """A column's value as JSON."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value.isoformat() if isinstance(value, date) else value


# ---- JSON Schema -----------------------------------------------------------------------------------------------------
def _branch(criterion_class: type[Criterion], operator: Operator, fields: Mapping[str, ValueField]) -> dict[str, Any]:
    properties: dict[str, Any] = {"operator": {"type": "string", "const": operator.id, "title": str(operator.label)}}
    for name in operator.accepts:
        if _is_range(operator, name):
            properties[name] = _range(fields[name], criterion_class._meta.get_field(f"{name}_to"))
        else:
            properties[name] = _value(fields[name], is_option=name in operator.options)
    branch: dict[str, Any] = {
        "title": str(operator.label),
        "type": "object",
        "properties": properties,
        "required": ["operator", *operator.requires],
        "additionalProperties": False,
    }
    if len(operator.fields) == 1:
        branch["required"] += operator.fields
    elif operator.fields:  # Exactly one of them. Declared again for Ajv's strict mode, as above.
        branch["oneOf"] = [
            {"title": fields[name].label, "properties": {name: properties[name]}, "required": [name]}
            for name in operator.fields
        ]
    return branch


def _is_range(operator: Operator, name: str) -> bool:
    return operator.arity == Arity.TWO and name in operator.fields


def _range(field: ValueField, upper_field: Any) -> dict[str, Any]:
    minimum, maximum = _bounds(upper_field)
    upper = replace(field, minimum=plain(minimum), maximum=plain(maximum))
    return {
        **_texts(field),
        "type": "object",
        "properties": {"from": {"title": _("From"), **_item(field)}, "to": {"title": _("To"), **_item(upper)}},
        "required": ["from", "to"],
        "additionalProperties": False,
    }


def _value(field: ValueField, *, is_option: bool) -> dict[str, Any]:
    value = _list(field) if field.multiple else _item(field)
    if is_option and field.default is not None:
        value["default"] = field.default
    return _texts(field) | value


def _list(field: ValueField) -> dict[str, Any]:
    return {
        "type": "array",
        "minItems": 1,
        "maxItems": settings.get("MAX_LIST_ITEMS"),
        "uniqueItems": True,
        "items": _item(field),
    }


def _item(field: ValueField) -> dict[str, Any]:
    """One value, without its texts."""
    item = dict(_JSON_TYPES.get(field.value_type, {"type": "string", "minLength": 1}))
    if field.max_length is not None and "minLength" in item:
        item["maxLength"] = field.max_length
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    item |= {keyword: limit for keyword, limit in limits.items() if isinstance(limit, int | float)}
    if field.closed_choices:
        item["oneOf"] = [{"const": value, "title": label} for value, label in field.closed_choices]
    return item


def _texts(field: ValueField) -> dict[str, Any]:
    return {"title": field.label} | ({"description": field.help_text} if field.help_text else {})


# ---- Hints for drawing -----------------------------------------------------------------------------------------------
def _ui_branch(
    criterion_class: type[Criterion], operator: Operator, fields: Mapping[str, ValueField]
) -> dict[str, Any]:
    branch: dict[str, Any] = {"ui:order": ["operator", *operator.accepts], "operator": {"ui:widget": "hidden"}}
    if len(operator.fields) > 1:
        # Draw the alternatives side by side. RJSF would add a select for the inner oneOf, which changes nothing.
        branch |= {"ui:field": "ObjectField", "ui:fieldReplacesAnyOrOneOf": True}
    for name in operator.accepts:
        hints = _ui_value(criterion_class, fields[name])
        if _is_range(operator, name):
            hints = {"ui:order": ["from", "to"], "from": hints, "to": hints}
        if hints:
            branch[name] = hints
    return branch


def _ui_value(criterion_class: type[Criterion], field: ValueField) -> dict[str, Any]:
    widget = _widget(field)
    options = {"unit": field.unit} if field.unit else {}
    if field.is_remote:
        options["choices_url"] = choices_url(criterion_class.criterion_type, field.name)
    return ({"ui:widget": widget} if widget else {}) | ({"ui:options": options} if options else {})


def _widget(field: ValueField) -> str | None:
    """A widget that every RJSF theme has; any other name throws. Never a list box: nobody can use it with 200 rows."""
    if field.closed_choices:
        if field.multiple:
            return "checkboxes"
        return "radio" if len(field.closed_choices) <= RADIO_LIMIT else "select"
    return None if field.multiple else _WIDGETS.get(field.value_type)
