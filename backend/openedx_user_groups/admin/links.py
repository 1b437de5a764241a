"""Addresses of the admin's own pages, and links to them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.groups.models import UserGroup

#: The parameter by which every list is narrowed to one group; its value is the group's UUID.
GROUP_PARAMETER = "user_group"


def change_url(model: type[models.Model], key: Any) -> str:
    """The page of one object."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[key])


def list_url(model: type[models.Model], group: UserGroup | None = None) -> str:
    """The list of a model, of one group if given."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{GROUP_PARAMETER}={group.uuid}" if group else url


def criterion_url(type_slug: str, key: Any, *, is_unresolved: bool = False) -> str:
    """Where a criterion is edited: its type's own form; or read, where the type is not installed, or where a copy has
    no row in the type's table because of what it could not resolve."""
    criterion_class = None if is_unresolved else registry.find(type_slug)
    return change_url(criterion_class or Criterion, key)


def link(url: str, text: Any) -> SafeString:
    """A link."""
    return format_html('<a href="{}">{}</a>', url, text)


def group_link(group: UserGroup) -> SafeString:
    """A link to the page of a group."""
    return link(change_url(UserGroup, group.pk), group)
