"""What the forms share: they hand over to ``api``, and show what it refuses at the field where it belongs.

``api`` alone decides whether a change is valid, and it either makes the whole change or none. So asking it *is*
validating the form: nothing is checked twice in two ways, and no one else can write between the check and the change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import ImpossibleRule, InvalidInput, NameTaken, UserGroupsError
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.rest_api.v1.parsers import StrictDecoder, unusable


class WritingForm(forms.ModelForm):
    """A model form whose last step of validation is the write itself. The admin sets ``acting_user``."""

    acting_user: ClassVar[Any] = None
    #: The group as it is after the write; ``None`` where nothing was to be written.
    written: UserGroup | None = None

    def write(self) -> None:
        """Make the change through ``api`` and set ``written`` to the result. May raise ``UserGroupsError``."""
        raise NotImplementedError

    def place_of(self, violation: Violation) -> tuple[str | None, Any]:
        """The form field that a violation belongs to (``None``: the whole form), and the message to show there."""
        raise NotImplementedError

    def save(self, commit: bool = True) -> Any:
        """The object as it was written when the form was validated."""
        return self.instance

    def _save_m2m(self) -> None:
        """There is nothing left to save."""

    save_m2m = _save_m2m

    def _post_clean(self) -> None:
        # Not the model's own validation, which the API includes; and the instance stays as it is where that refuses.
        if self.errors:
            return
        try:
            self.write()
        except InvalidInput as error:
            for violation in error.violations:
                self._refuse(*self.place_of(violation))
        except NameTaken as error:
            self._refuse("name", error)
        except ImpossibleRule as error:
            self._refuse("confirm_impossible", error)
        except UserGroupsError as error:
            self._refuse(None, error)

    def _refuse(self, field: str | None, message: Any) -> None:
        self.add_error(field if field in self.fields else None, ValidationError(str(message)))


class WritingAdminMixin:
    """For a ``ModelAdmin`` with a :class:`WritingForm`: who acts, and no second write."""

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for this request, which knows who asks."""
        form = super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]
        form.acting_user = request.user  # A class made for this request.
        return form

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:
        """It is written already; what the members are like now is said where that needs saying."""
        group = form.written
        if group is not None and group.state_code:
            text = f"{group}: {group.get_state_display()}: {group.state_message}"
            self.message_user(request, text, messages.WARNING)  # type: ignore[attr-defined]


class DefinitionField(forms.JSONField):
    """A rule's definition as indented JSON. Whatever the API would not read as JSON is an error of this field."""

    widget = forms.Textarea(attrs={"rows": 24, "cols": 110, "spellcheck": "false", "style": "font-family: monospace"})
    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": _("This is not JSON.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(decoder=StrictDecoder, **kwargs)

    def to_python(self, value: Any) -> Any:
        """The parsed definition, or ``None``."""
        return self._readable(super().to_python, value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What is shown again after an error."""
        try:
            return self._readable(lambda text: super(DefinitionField, self).bound_data(text, initial), data)
        except ValidationError:
            return forms.fields.InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        """Indented text."""
        if value is None or isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return json.dumps(value, ensure_ascii=False, indent=2)

    def _readable(self, read: Callable[[Any], Any], text: Any) -> Any:
        try:
            found = read(text)
        except ValidationError as error:
            cause = error.__context__
            if isinstance(cause, json.JSONDecodeError):
                message = _("This is not JSON: line %(line)s, column %(column)s.")
                params = {"line": cause.lineno, "column": cause.colno}
                raise ValidationError(message, code="invalid", params=params) from None
            raise
        except (ValueError, RecursionError):
            # A key that stands twice, NaN; a number with thousands of digits; a thousand brackets.
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None
        if refused := [f"{violation.pointer}: {violation.message}" for violation in unusable(found)]:
            raise ValidationError(refused)
        return found
