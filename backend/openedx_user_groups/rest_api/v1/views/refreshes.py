"""Refreshes: the runs of a group, and running it now."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from openedx_user_groups import api

from ..base import ApiViewSet
from ..schema import UUID_PARAMETER, operation
from ..serializers.members import RefreshSerializer


class RefreshesViewSet(ApiViewSet):
    """The runs of a group."""

    @operation(
        "list_refreshes",
        "Refreshes",
        {200: RefreshSerializer(many=True)},
        (400, 404),
        parameters=[UUID_PARAMETER],
    )
    def list(self, request: Any, uuid: str) -> Response:
        """The runs, newest first."""
        runs = api.refreshes(self.access.group(uuid))
        return self.page(runs, lambda page: RefreshSerializer(page, many=True).data)

    @operation("create_refresh", "Refreshes", {201: RefreshSerializer}, (404, 409), parameters=[UUID_PARAMETER])
    def create(self, request: Any, uuid: str) -> Response:
        """Have the members computed again. The run that is answered is finished, or queued where there are workers."""
        run = api.refresh_now(self.access.group(uuid, edit=True), acting_user=request.user)
        return Response(RefreshSerializer(run).data, status=201)
