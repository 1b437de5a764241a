"""Who may see and edit the groups of a scope: one replaceable class.

A site names its own in ``OPENEDX_USER_GROUPS_PERMISSION_POLICY``. Views ask it and nothing else; what a policy answers
never depends on the group, only on its scope. Authentication is the site's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.db.models import QuerySet
from django.utils.module_loading import import_string

from openedx_user_groups import settings
from openedx_user_groups.data import Scope


class PermissionPolicy(ABC):
    """What a signed-in, active account may do. One instance serves one request, so it may remember what it has read."""

    @abstractmethod
    def can_view(self, user: Any, scope: Scope) -> bool:
        """Whether ``user`` may see the groups of ``scope``, with their members."""

    @abstractmethod
    def can_edit(self, user: Any, scope: Scope) -> bool:
        """Whether ``user`` may create and change groups of ``scope``, and preview rules there."""

    @abstractmethod
    def visible_groups(self, user: Any, groups: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``groups`` for whose scope :meth:`can_view` holds, without a query for each. Some databases compare
        text without regard to case: see to it that keys are compared as there."""

    def visible_collections(self, user: Any, collections: QuerySet[Any]) -> QuerySet[Any]:
        """Those of ``collections`` for whose scope :meth:`can_view` holds. Both have the same columns for it."""
        return self.visible_groups(user, collections)

    @abstractmethod
    def is_staff(self, user: Any) -> bool:
        """Whether there is any scope that ``user`` may see."""

    def audience(self, user: Any, scope: Scope) -> str:
        """What the metadata document depends on: people of the same audience may share a cached copy."""
        return "edit" if self.can_edit(user, scope) else "view"


class GlobalStaffPolicy(PermissionPolicy):
    """The default, which needs no table of roles: staff of the whole site may do everything, others nothing."""

    def can_view(self, user: Any, scope: Scope) -> bool:
        return self.is_staff(user)

    def can_edit(self, user: Any, scope: Scope) -> bool:
        return self.is_staff(user)

    def visible_groups(self, user: Any, groups: QuerySet[Any]) -> QuerySet[Any]:
        return groups if self.is_staff(user) else groups.none()

    def is_staff(self, user: Any) -> bool:
        return bool(user.is_active and (user.is_staff or user.is_superuser))


def current_policy() -> PermissionPolicy:
    """A new instance of the site's policy."""
    policy: PermissionPolicy = import_string(settings.get("PERMISSION_POLICY"))()
    return policy
