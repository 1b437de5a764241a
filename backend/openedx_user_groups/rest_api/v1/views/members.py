"""Members of a group and their history, and the groups of a learner."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from openedx_user_groups import api
from openedx_user_groups.data import ChangeKind, GroupState

from ..base import ApiViewSet
from ..filters import InstantForm, MemberFilters, MembershipChangeFilters, UsernameForm, cleaned, narrow
from ..pagination import Pagination
from ..schema import UUID_PARAMETER, operation
from ..serializers.members import (
    LearnersSerializer,
    MembersChangedSerializer,
    MemberSerializer,
    MembershipChangeSerializer,
    MembershipSerializer,
    PastMemberSerializer,
)

_TAG = "Members"


class MembersPagination(Pagination):
    """A page of members says how far they can be trusted."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema of a page, with the state of the group."""
        page = super().get_paginated_response_schema(schema)
        page["properties"] |= {
            "state": {"type": "string", "enum": GroupState.values},
            "state_reason": {"allOf": [{"$ref": "#/components/schemas/Reason"}], "nullable": True},
            "members_as_of": {"type": "string", "format": "date-time", "nullable": True},
        }
        page["required"] += ["state", "state_reason", "members_as_of"]
        return page


class MembersViewSet(ApiViewSet):
    """Who is in a group. Personal data: only for those who may see the group."""

    pagination_class = MembersPagination

    @operation(
        "list_members",
        _TAG,
        {200: MemberSerializer(many=True)},
        (400, 404),
        parameters=[
            UUID_PARAMETER,
            OpenApiParameter("search", str, description="How the user name begins; upper or lower case."),
            OpenApiParameter(
                "at", str, description="ISO 8601; the members at that time instead of today's. Without an offset: UTC."
            ),
        ],
    )
    def list(self, request: Any, uuid: str) -> Response:
        """The members, page by page, in a stable order: today's, or those at an instant that history knows."""
        group = self.access.group(uuid)
        (detail,) = api.describe([group])
        instant = cleaned(InstantForm, request)["at"]
        serializer: Any = MemberSerializer if instant is None else PastMemberSerializer
        members: Any = api.members(group) if instant is None else api.members_at(group, instant)
        return self.page(
            narrow(MemberFilters, request, members),
            lambda page: serializer(page, many=True).data,
            state=detail.state,
            state_reason=detail.state_reason,
            members_as_of=instant or group.members_as_of,
        )

    @operation(
        "add_members",
        _TAG,
        {200: MembersChangedSerializer},
        (400, 404, 409),
        parameters=[UUID_PARAMETER],
        request=LearnersSerializer,
    )
    def create(self, request: Any, uuid: str) -> Response:
        """Put learners into a group whose members are listed by hand: all of them, or nobody if one is unknown."""
        group = self.access.group(uuid, edit=True)
        learners = self.validated(LearnersSerializer)["learners"]
        changed = api.add_members(group, learners, acting_user=request.user)
        return Response(MembersChangedSerializer(changed).data)

    @operation(
        "remove_members",
        _TAG,
        {200: MembersChangedSerializer},
        (400, 404, 409),
        parameters=[UUID_PARAMETER],
        request=LearnersSerializer,
    )
    def destroy(self, request: Any, uuid: str) -> Response:
        """Take learners out of a group whose members are listed by hand."""
        group = self.access.group(uuid, edit=True)
        learners = self.validated(LearnersSerializer)["learners"]
        changed = api.remove_members(group, learners, acting_user=request.user)
        return Response(MembersChangedSerializer(changed).data)


class MembershipChangesViewSet(ApiViewSet):
    """Who joined and left a group, when and why."""

    @operation(
        "list_membership_changes",
        _TAG,
        {200: MembershipChangeSerializer(many=True)},
        (400, 404),
        parameters=[
            UUID_PARAMETER,
            OpenApiParameter("kind", str, enum=ChangeKind.values),
            OpenApiParameter("since", str, description="ISO 8601; changes from then on. Without an offset: UTC."),
            OpenApiParameter("until", str, description="ISO 8601; changes before then. Without an offset: UTC."),
            OpenApiParameter("username", str, description="The learner."),
        ],
    )
    def list(self, request: Any, uuid: str) -> Response:
        """The history, newest first."""
        changes = narrow(MembershipChangeFilters, request, api.membership_changes(self.access.group(uuid)))
        return self.page(changes, lambda page: MembershipChangeSerializer(page, many=True).data)


class MembershipsViewSet(ApiViewSet):
    """The groups of a learner. Learners themselves see nothing, not even their own."""

    @operation(
        "list_memberships",
        _TAG,
        {200: MembershipSerializer(many=True)},
        (400, 404),
        parameters=[OpenApiParameter("username", str, required=True, description="The learner.")],
    )
    def list(self, request: Any) -> Response:
        """The groups that a learner is in, of the scopes that one may see. Nobody by that name: no groups."""
        self.access.require_staff()
        user_id = api.user_id_of(cleaned(UsernameForm, request)["username"])
        visible = self.access.visible_groups().order_by().values("pk")
        memberships = api.memberships_of(user_id).filter(user_group__in=visible)
        return self.page(memberships, _serialized)


def _serialized(memberships: list[Any]) -> Any:
    details = api.describe([membership.user_group for membership in memberships])
    rows = [
        {"user_group": detail, "joined_at": membership.joined_at, "origin": membership.origin}
        for membership, detail in zip(memberships, details, strict=True)
    ]
    return MembershipSerializer(rows, many=True).data
