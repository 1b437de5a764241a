"""User groups: list, create with a rule, read, edit, archive."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from openedx_user_groups import api
from openedx_user_groups.data import GroupState, MembershipSource, ScopeType

from ..access import scope_from_query
from ..base import ApiViewSet
from ..filters import UserGroupFilters, narrow
from ..schema import UUID_PARAMETER, operation, scope_parameters
from ..serializers.common import scope_of
from ..serializers.user_groups import UserGroupCreateSerializer, UserGroupSerializer, UserGroupUpdateSerializer

_TAG = "User groups"
_ORDERS = ("name", "created", "modified", "member_count", "members_as_of")
_LIST_PARAMETERS = [
    *scope_parameters(required=False),
    OpenApiParameter("search", str, description="Text that name or description contain."),
    OpenApiParameter("name", str, description="Text that the name contains."),
    OpenApiParameter("state", str, many=True, enum=GroupState.values, description="Any of these states; repeat it."),
    OpenApiParameter("membership_source", str, enum=MembershipSource.values),
    OpenApiParameter("is_enabled", bool),
    OpenApiParameter(
        "ordering",
        str,
        many=True,
        explode=False,
        enum=[sign + name for name in _ORDERS for sign in ("", "-")],
        description="Fields in order, separated by commas; a minus sign turns the order round. By name otherwise.",
    ),
]


class UserGroupsViewSet(ApiViewSet):
    """User groups of the scopes that the person who asks may see."""

    @operation("list_user_groups", _TAG, {200: UserGroupSerializer(many=True)}, (400, 404), parameters=_LIST_PARAMETERS)
    def list(self, request: Any) -> Response:
        """Groups in use. Without a scope: those of every scope that one may see."""
        groups = self._in_scope(self.access.visible_groups()).select_related("created_by", "modified_by")
        return self.page(narrow(UserGroupFilters, request, groups), _serialized)

    @operation(
        "create_user_group",
        _TAG,
        {201: UserGroupSerializer},
        (400, 409),
        request=UserGroupCreateSerializer,
    )
    def create(self, request: Any) -> Response:
        """Create a group. Its members are computed before the answer, or by a worker where there is one."""
        data = self.validated(UserGroupCreateSerializer)
        scope = self.access.require_edit(scope_of(data.pop("scope")))
        if "membership_source" in data:
            data["membership_source"] = MembershipSource(data["membership_source"])
        with self.contract(scope, data.pop("contract_revision", None)):
            group = api.create_user_group(scope=scope, acting_user=request.user, **data)
        address = reverse("openedx_user_groups:user_group", kwargs={"uuid": group.uuid})
        return Response(_serialized([group])[0], status=201, headers={"Location": request.build_absolute_uri(address)})

    @operation("retrieve_user_group", _TAG, {200: UserGroupSerializer}, (404,), parameters=[UUID_PARAMETER])
    def retrieve(self, request: Any, uuid: str) -> Response:
        """One group, with its rule and its state."""
        return Response(_serialized([self.access.group(uuid)])[0])

    @operation(
        "update_user_group",
        _TAG,
        {200: UserGroupSerializer},
        (400, 404, 409),
        parameters=[UUID_PARAMETER],
        request=UserGroupUpdateSerializer,
    )
    def partial_update(self, request: Any, uuid: str) -> Response:
        """Change a group. A change of the rule must name the version that was edited, and has the members refreshed."""
        group = self.access.group(uuid, edit=True)
        data = self.validated(UserGroupUpdateSerializer)
        version, revision = data.pop("rule_version", None), data.pop("contract_revision", None)
        confirmed = data.pop("confirm_impossible", False)
        token = data.pop("preview_token", None)
        with self.contract(group.scope, revision):
            group = api.update_user_group(
                group.uuid,
                changes=data,
                rule_version=version,
                confirm_impossible=confirmed,
                preview_token=token,
                acting_user=request.user,
            )
        return Response(_serialized([group])[0])

    @operation("archive_user_group", _TAG, {204: None}, (404,), parameters=[UUID_PARAMETER])
    def destroy(self, request: Any, uuid: str) -> Response:
        """Take a group out of use. Its history is kept; its name becomes free."""
        api.archive_user_group(self.access.group(uuid, edit=True).uuid, acting_user=request.user)
        return Response(status=204)

    def _in_scope(self, groups: Any) -> Any:
        """Those of the scope that the request names. A kind of scope alone narrows, but names no scope."""
        parameters = self.request.query_params
        scope_type, key = parameters.get("scope_type"), parameters.get("scope_key")
        if scope_type is None and not key:
            return groups
        if scope_type in (ScopeType.COURSE, ScopeType.ORGANIZATION) and not key:
            return groups.filter(scope_type=scope_type)
        return groups.in_scope(self.access.require_view(scope_from_query(parameters)))


def _serialized(groups: Any) -> Any:
    return UserGroupSerializer(api.describe(groups), many=True).data
