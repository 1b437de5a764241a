"""Django fields for the values of criteria, beyond Django's own.

A field's class, validators, choices and help text are the one declaration from which the column, the validation, the
admin form, the metadata and the JSON Schema come.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from .choices import ChoiceSource, ListedChoices

#: A hundred years: longer than any platform has data for.
MAX_DAYS = 36_525


class _PlainColumn:
    """A field that migrations know as the Django field that it extends: what it adds is behaviour, not the column.

    So the migrations of plugins name nothing of this app, and moving a class here breaks none of them.
    """

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """Django's own class instead of ours."""
        name, _path, args, kwargs = super().deconstruct()  # type: ignore[misc]
        plain = next(cls for cls in type(self).__mro__ if cls.__module__.startswith("django."))
        return name, f"django.db.models.{plain.__name__}", args, kwargs


def _optional(kwargs: dict[str, Any]) -> None:
    """Value fields are empty for the operators that do not use them."""
    kwargs.setdefault("null", True)
    kwargs.setdefault("blank", True)


class DaysField(_PlainColumn, models.PositiveIntegerField):
    """A whole number of days, 0 to a hundred years."""

    unit = _("days")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _optional(kwargs)
        kwargs.setdefault("validators", [MinValueValidator(0), MaxValueValidator(MAX_DAYS)])
        super().__init__(*args, **kwargs)


class PercentField(_PlainColumn, models.DecimalField):
    """A percentage, 0 to 100 with two decimals, as staff say it. The source may store a fraction."""

    value_type = "percent"
    unit = "%"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _optional(kwargs)
        kwargs.setdefault("max_digits", 5)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("validators", [MinValueValidator(0), MaxValueValidator(100)])
        super().__init__(*args, **kwargs)


class KeyField(_PlainColumn, models.CharField):
    """One opaque key as text. ``value_type`` is ``usage_key`` or ``course_key``; choices merely suggest."""

    def __init__(
        self, *args: Any, value_type: str = "usage_key", choices_from: ChoiceSource | None = None, **kwargs: Any
    ) -> None:
        self.value_type = value_type
        self.choices_from = choices_from
        kwargs.setdefault("max_length", 255)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)


class ListField(_PlainColumn, models.JSONField):
    """A list of distinct text values in no particular order, never empty where an operator needs it.

    Args:
        value_type: the contract's type of an item (``enum``, ``string``, ``usage_key``, ``course_key``, ``user_list``).
        choices_from: where choices come from; not part of the column, so migrations do not know it.
        item_pattern: regular expression that every item matches in full.
    """

    def __init__(
        self,
        *args: Any,
        value_type: str = "string",
        choices_from: ChoiceSource | None = None,
        item_pattern: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.value_type = value_type
        self.choices_from = choices_from
        self.item_pattern = item_pattern
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)  # Whether it must be filled in is the operator's business.
        super().__init__(*args, **kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Refuse anything but a list of distinct texts that match the pattern."""
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValidationError(_("This must be a list of texts."), code="invalid")
        if len(set(value)) != len(value):
            raise ValidationError(_("The list names a value twice."), code="duplicate_items")
        if self.item_pattern:
            check = RegexValidator(f"^(?:{self.item_pattern})\\Z", code="invalid_item")
            for item in value:
                check(item)
        return super().clean(value, model_instance)


class UserListField(ListField):
    """A list of learners: user names or e-mail addresses on the wire, user ids in the column."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, value_type="user_list", **kwargs)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Refuse anything but a list of user ids."""
        if not isinstance(value, list) or not all(isinstance(item, int) for item in value):
            raise ValidationError(_("This must be a list of user ids."), code="invalid")
        return models.JSONField.clean(self, value, model_instance)


def value_field(criterion: type[models.Model] | models.Model, name: str) -> models.Field[Any, Any]:
    """The Django field ``name`` of a criterion type: a column, never the other side of a relation."""
    field = criterion._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def choices_from(field: Any) -> ChoiceSource | None:
    """Where the choices of a field come from: its own source, or the ``choices`` of the Django field."""
    source: ChoiceSource | None = getattr(field, "choices_from", None)
    if source is None and field.choices:
        source = ListedChoices(lambda scope: list(field.flatchoices))
    return source
