"""Copies of a group."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework.response import Response

from openedx_user_groups import api

from ..base import ApiViewSet
from ..schema import UUID_PARAMETER, operation
from ..serializers.common import scope_of
from ..serializers.copies import CopyRequestSerializer, CopySerializer


class CopiesViewSet(ApiViewSet):
    """A group is copied to another scope, or within its own."""

    @operation(
        "create_copy",
        "User groups",
        {201: CopySerializer},
        (400, 404, 409),
        parameters=[UUID_PARAMETER],
        request=CopyRequestSerializer,
    )
    def create(self, request: Any, uuid: str) -> Response:
        """Make a new group with the rule of this one, re-bound to the scope. One must be allowed to edit both scopes.

        What the rule refers to and the scope does not have is listed; the copy cannot be evaluated until its rule is
        edited. A group whose members are listed by hand is not copied (409).
        """
        group = self.access.group(uuid, edit=True)
        data = self.validated(CopyRequestSerializer)
        scope = self.access.require_edit(scope_of(data["scope"]))
        copy = api.copy_user_group(group, scope=scope, name=data.get("name"), acting_user=request.user)
        (detail,) = api.describe([copy.group])
        address = reverse("openedx_user_groups:user_group", kwargs={"uuid": copy.group.uuid})
        body = CopySerializer({"user_group": detail, "unresolved": copy.unresolved}).data
        return Response(body, status=201, headers={"Location": request.build_absolute_uri(address)})
