"""The contract for forms: criterion types and the choices of their fields."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings as site_settings
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria import metadata, registry
from openedx_user_groups.criteria.choices import Choice, ChoiceSource
from openedx_user_groups.criteria.fields import choices_from
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import unreadable_types
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import NotFound


class ChoiceList:
    """The choices that contain a text: countable and sliceable, so that they can be paged without listing them all."""

    def __init__(self, source: ChoiceSource, scope: Scope, text: str) -> None:
        self._source, self._scope, self._text = source, scope, text

    def __len__(self) -> int:
        return self._source.count(self._scope, self._text)

    def __getitem__(self, part: slice) -> list[Choice]:
        start = part.start or 0
        return self._source.search(self._scope, self._text, (part.stop or start) - start, start)


def criterion_types_document(scope: Scope, *, audience: str = "") -> dict[str, Any]:
    """The metadata document of a scope in the active language. Types that saved groups use but that are not installed
    stay in it, as unavailable. ``audience`` stands for the permissions of the one who asks; it enters the revision."""
    installed = {criterion_class.criterion_type for criterion_class in registry.installed()}
    used = Criterion.objects.filter(
        user_group__scope_type=scope.type, user_group__scope_key=scope.key, user_group__live=True
    )
    missing = set(used.order_by().values_list("type_slug", flat=True).distinct()) - installed
    locale = get_language() or site_settings.LANGUAGE_CODE
    return metadata.document(
        scope, locale=locale, audience=audience, missing_types=missing, unreadable_types=unreadable_types()
    )


def criterion_type_document(scope: Scope, type_slug: str) -> dict[str, Any]:
    """The metadata of one type in a scope. Raises ``NotFound``."""
    criterion_class = _find_type(type_slug, scope)
    status = metadata.unreadable() if type_slug in unreadable_types() else None
    return metadata.describe_type(criterion_class, scope, status)


def search_choices(scope: Scope, type_slug: str, field_name: str, text: str = "") -> ChoiceList:
    """The choices of a field that contain ``text``. Raises ``NotFound`` for an unknown type or field."""
    return ChoiceList(_find_source(scope, type_slug, field_name), scope, text)


def resolve_choices(scope: Scope, type_slug: str, field_name: str, values: Collection[str]) -> list[Choice]:
    """The labels of stored values; unknown values are left out. Raises ``NotFound`` as above."""
    return _find_source(scope, type_slug, field_name).resolve(scope, values)


def _find_type(type_slug: str, scope: Scope) -> type[Criterion]:
    criterion_class = registry.find(type_slug)
    if criterion_class is None or scope.type not in criterion_class.scopes:
        raise NotFound(_("There is no such criterion type in this scope."))
    return criterion_class


def _find_source(scope: Scope, type_slug: str, field_name: str) -> ChoiceSource:
    criterion_class = _find_type(type_slug, scope)
    offered = {name for operator in criterion_class.operators for name in operator.accepts}
    try:
        source = choices_from(criterion_class._meta.get_field(field_name)) if field_name in offered else None
    except FieldDoesNotExist:
        source = None
    if source is None:
        raise NotFound(_("This field has no choices."))
    return source
