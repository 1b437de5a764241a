"""Filters and orders of lists.

A value that means nothing is an error, never ignored: a filter that is dropped in silence shows what nobody asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django_filters.fields import BaseCSVField

from openedx_user_groups import api
from openedx_user_groups.data import ChangeKind, GroupState, MembershipSource, RefreshState, RefreshTrigger
from openedx_user_groups.exceptions import InvalidInput

from .violations import violations_of_form

_MAX_LENGTH = 255  # Longer than any name; SQLite refuses patterns that are far longer.


class _InstantField(forms.CharField):
    """ISO 8601; without an offset it is UTC."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            instant = parse_datetime(text)
            return _in_utc(instant) if instant else self._refuse()
        except (ValueError, OverflowError):
            return self._refuse()

    def _refuse(self) -> Any:
        message = _("This must be a point in time such as 2026-01-31T12:00:00Z (in an address, write + as %2B).")
        raise ValidationError(message, code="wrong_type")


def _in_utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class _InstantFilter(django_filters.Filter):
    field_class = _InstantField


class _FilledCSVField(BaseCSVField):
    """Values between commas, none of them empty: to a choice that need not be made, nothing is a value."""

    def clean(self, value: Any) -> Any:
        if value and "" in value:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": ""})
        return super().clean(value)


class StableOrdering(django_filters.OrderingFilter):
    """The same order at every request: names without regard to case, missing values first on every database, and the
    primary key to decide between equals. How accents and signs sort is for the database's collation to say."""

    base_field_class = _FilledCSVField

    def __init__(self, names: tuple[str, ...], default: str) -> None:
        self._default = default
        super().__init__(fields=[(name, name) for name in names])

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return qs.order_by(*(self._term(name) for name in value or [self._default]), "pk")

    @staticmethod
    def _term(name: str) -> Any:
        field = name.removeprefix("-")
        expression = Lower(field) if field == "name" else F(field)
        return expression.desc(nulls_last=True) if name.startswith("-") else expression.asc(nulls_first=True)


class UserGroupFilters(django_filters.FilterSet):
    """Of the list of groups. The scope is not here: it decides about permission."""

    search = django_filters.CharFilter(method="filter_search", max_length=_MAX_LENGTH)
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=_MAX_LENGTH)
    state = django_filters.MultipleChoiceFilter(choices=GroupState.choices, method="filter_state")
    membership_source = django_filters.ChoiceFilter(choices=MembershipSource.choices)
    is_enabled = django_filters.TypedChoiceFilter(
        choices=[("true", "true"), ("false", "false")], coerce=lambda text: text == "true"
    )
    ordering = StableOrdering(("name", "created", "modified", "member_count", "members_as_of"), default="name")

    def filter_search(self, groups: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """Name or description contain the text."""
        return groups.filter(Q(name__icontains=value) | Q(description__icontains=value))

    def filter_state(self, groups: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        """The state that is shown is not the one in the column alone: the core knows."""
        return groups.filter(pk__in=api.user_groups(states=value).order_by().values("pk")) if value else groups


class MemberFilters(django_filters.FilterSet):
    """Of the members of a group."""

    search = django_filters.CharFilter(field_name="user__username", lookup_expr="istartswith", max_length=_MAX_LENGTH)


class MembershipChangeFilters(django_filters.FilterSet):
    """Of the history of a group."""

    kind = django_filters.ChoiceFilter(choices=ChangeKind.choices)
    since = _InstantFilter(field_name="at", lookup_expr="gte")
    until = _InstantFilter(field_name="at", lookup_expr="lt")
    username = django_filters.CharFilter(method="filter_username", max_length=_MAX_LENGTH)

    def filter_username(self, changes: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The learner of exactly this name."""
        return changes.filter(user_id=api.user_id_of(value))


class RefreshFilters(django_filters.FilterSet):
    """Of the runs of a group."""

    state = django_filters.MultipleChoiceFilter(choices=RefreshState.choices)
    trigger = django_filters.ChoiceFilter(choices=RefreshTrigger.choices)


class HeldChangesForm(forms.Form):
    """Who is asked for: those who would join, or those who would leave. Both otherwise."""

    kind = forms.ChoiceField(required=False, choices=ChangeKind.choices)


class ChoiceSearchForm(forms.Form):
    """The text that choices are searched for."""

    search = forms.CharField(required=False, max_length=_MAX_LENGTH)


class InstantForm(forms.Form):
    """The instant whose members are asked for."""

    at = _InstantField(required=False)


class UsernameForm(forms.Form):
    """The learner whose memberships are asked for."""

    username = forms.CharField(max_length=_MAX_LENGTH)


def narrow(filters: type[Any], request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
    """``queryset`` as the parameters of the request ask. Raises ``InvalidInput``."""
    filterset = filters(request.query_params, queryset=queryset, request=request)
    if not filterset.is_valid():
        raise InvalidInput(violations_of_form(filterset.errors))
    narrowed: QuerySet[Any] = filterset.qs
    return narrowed


def cleaned(form_class: type[forms.Form], request: Any) -> dict[str, Any]:
    """Parameters that narrow no queryset. Raises ``InvalidInput``."""
    form = form_class(request.query_params)
    if not form.is_valid():
        raise InvalidInput(violations_of_form(form.errors))
    return form.cleaned_data
