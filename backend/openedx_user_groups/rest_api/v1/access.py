"""From a request to the scope or group that it means, and whether the person who asks may have it.

Naming a scope that one may not see is refused (403). A group of such a scope does not exist (404), so that nobody can
find out which identifiers are in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission

from openedx_user_groups import api
from openedx_user_groups.data import Scope, ScopeType, Violation
from openedx_user_groups.exceptions import Forbidden, InvalidInput, NotFound

from ..policy import PermissionPolicy, current_policy


class IsActiveAccount(BasePermission):
    """A signed-in account in good standing. Some of the platform's ways to sign in let inactive accounts through."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated and request.user.is_active)


def parse_scope(scope_type: str, key: str, pointers: tuple[str, str]) -> Scope:
    """The scope of a request. ``pointers`` are the places of type and key. Raises ``InvalidInput``."""
    try:
        return Scope.parse(scope_type, key)
    except ValueError as error:
        if str(error) == "type":
            params = {"choices": ScopeType.values}
            violation = Violation(pointers[0], "invalid_choice", _("There is no such kind of scope."), params)
        else:
            violation = Violation(pointers[1], *_wrong_key(scope_type, key))
        raise InvalidInput([violation]) from None


def scope_from_query(parameters: Mapping[str, str]) -> Scope:
    """The scope that the parameters ``scope_type`` and ``scope_key`` name. Raises ``InvalidInput``."""
    if "scope_type" not in parameters:
        raise InvalidInput([Violation("/scope_type", "missing_field", _("Name the kind of scope."))])
    return parse_scope(parameters["scope_type"], parameters.get("scope_key", ""), ("/scope_type", "/scope_key"))


class Access:
    """What one person may do. Lives as long as one request."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @cached_property
    def policy(self) -> PermissionPolicy:
        """The site's policy."""
        return current_policy()

    def require_view(self, scope: Scope) -> Scope:
        """Raise ``Forbidden`` unless the groups of ``scope`` may be seen."""
        if not self.policy.can_view(self.user, scope):
            raise Forbidden()
        return scope

    def require_edit(self, scope: Scope) -> Scope:
        """The scope that a body names. Raise ``Forbidden`` unless its groups may be changed, and ``InvalidInput`` where
        it is another spelling of a course's."""
        self._require_edit(scope)
        api.check_scope_key(scope)
        return scope

    def _require_edit(self, scope: Scope) -> None:
        if not self.policy.can_edit(self.user, scope):
            raise Forbidden()

    def require_staff(self) -> None:
        """Raise ``Forbidden`` for somebody who may see no scope at all."""
        if not self.policy.is_staff(self.user):
            raise Forbidden()

    def visible_groups(self, **narrowing: Any) -> Any:
        """The groups that may be seen; ``narrowing`` is passed on to ``api.user_groups``."""
        return self.policy.visible_groups(self.user, api.user_groups(**narrowing))

    def group(self, uuid: str, *, edit: bool = False) -> Any:
        """The group with this identifier. Raises ``NotFound`` and, where it may be seen only, ``Forbidden``."""
        missing = _("There is no such user group.")
        group = api.get_user_group(parse_uuid(uuid, missing))
        if not self.policy.can_view(self.user, group.scope):
            raise NotFound(missing)
        if edit:
            self._require_edit(group.scope)
        return group

    def visible_collections(self) -> Any:
        """The collections that may be seen."""
        return self.policy.visible_collections(self.user, api.collections())

    def collection(self, uuid: str, *, edit: bool = False) -> Any:
        """The collection with this identifier. Raises as :meth:`group` does."""
        missing = _("There is no such collection.")
        collection = api.get_collection(parse_uuid(uuid, missing))
        if not self.policy.can_view(self.user, collection.scope):
            raise NotFound(missing)
        if edit:
            self._require_edit(collection.scope)
        return collection

    def revision(self, scope: Scope) -> Any:
        """The revision of the metadata document as this person gets it."""
        return self.document(scope)["revision"]

    def document(self, scope: Scope) -> dict[str, Any]:
        """The metadata document of ``scope``."""
        return api.criterion_types_document(scope, audience=self.policy.audience(self.user, scope))


def parse_uuid(text: str, missing: Any = None) -> UUID:
    """The identifier in an address. Raises ``NotFound``, with the message ``missing``, for what is none."""
    try:
        uuid = UUID(text)
    except ValueError:
        uuid = None
    if uuid is None or str(uuid) != text.lower():  # Python takes more ways to write one than we hand out.
        raise NotFound(missing)
    return uuid


def _wrong_key(scope_type: str, key: str) -> tuple[str, Any]:
    if not key:
        return "missing_field", _("Name the course or the organization.")
    if scope_type == ScopeType.INSTANCE:
        return "invalid", _("The whole site has no key.")
    if scope_type == ScopeType.COURSE and " " in key:
        return "invalid", _("This is not a course key. In an address, write each + of the key as %2B.")
    return "invalid", _("This is not a key of such a scope.")
