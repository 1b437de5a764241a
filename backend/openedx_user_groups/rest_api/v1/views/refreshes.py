"""Refreshes: the runs of a group, running it now, and deciding about a run that is held."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from openedx_user_groups import api
from openedx_user_groups.data import ChangeKind, RefreshState, RefreshTrigger

from ..access import parse_uuid
from ..base import ApiViewSet
from ..filters import HeldChangesForm, RefreshFilters, cleaned, narrow
from ..schema import REFRESH_PARAMETER, UUID_PARAMETER, operation
from ..serializers.members import HeldChangeSerializer, RefreshSerializer

_TAG = "Refreshes"
_RUN = [UUID_PARAMETER, REFRESH_PARAMETER]


class RefreshesViewSet(ApiViewSet):
    """The runs of a group."""

    @operation(
        "list_refreshes",
        _TAG,
        {200: RefreshSerializer(many=True)},
        (400, 404),
        parameters=[
            UUID_PARAMETER,
            OpenApiParameter(
                "state", str, many=True, enum=RefreshState.values, description="Any of these states; repeat it."
            ),
            OpenApiParameter("trigger", str, enum=RefreshTrigger.values),
        ],
    )
    def list(self, request: Any, uuid: str) -> Response:
        """The runs, newest first."""
        runs = narrow(RefreshFilters, request, api.refreshes(self.access.group(uuid)))
        return self.page(runs, lambda page: RefreshSerializer(page, many=True).data)

    @operation("create_refresh", _TAG, {201: RefreshSerializer}, (404, 409), parameters=[UUID_PARAMETER])
    def create(self, request: Any, uuid: str) -> Response:
        """Have the members computed again. The run that is answered is finished or, where there are workers, queued:
        a new one, or the one that was waiting already."""
        run = api.refresh_now(self.access.group(uuid, edit=True), acting_user=request.user)
        return Response(RefreshSerializer(run).data, status=201)

    @operation("retrieve_refresh", _TAG, {200: RefreshSerializer}, (404,), parameters=_RUN)
    def retrieve(self, request: Any, uuid: str, refresh: str) -> Response:
        """One run: how far it has come."""
        run = api.get_refresh(self.access.group(uuid), parse_uuid(refresh))
        return Response(RefreshSerializer(run).data)


class RefreshDifferenceViewSet(ApiViewSet):
    """The difference of a held run: who would leave and join. Personal data, as the members are."""

    @operation(
        "list_refresh_difference",
        _TAG,
        {200: HeldChangeSerializer(many=True)},
        (400, 404, 409),
        parameters=[*_RUN, OpenApiParameter("kind", str, enum=ChangeKind.values)],
    )
    def list(self, request: Any, uuid: str, refresh: str) -> Response:
        """Those who would leave, then those who would join, page by page."""
        group = self.access.group(uuid)
        kind = cleaned(HeldChangesForm, request)["kind"]
        changes = api.held_changes(group, parse_uuid(refresh), ChangeKind(kind) if kind else None)
        return self.page(changes, lambda page: HeldChangeSerializer(page, many=True).data)

    @operation("discard_refresh_difference", _TAG, {204: None}, (404, 409), parameters=_RUN)
    def destroy(self, request: Any, uuid: str, refresh: str) -> Response:
        """Discard it: the members stay as they are, and the schedule tries again later."""
        group = self.access.group(uuid, edit=True)
        api.discard_refresh(group, parse_uuid(refresh), acting_user=request.user)
        return Response(status=204)


class RefreshConfirmationViewSet(ApiViewSet):
    """The word of a person that the members of a held run's difference may go."""

    @operation("confirm_refresh", _TAG, {201: RefreshSerializer}, (404, 409), parameters=_RUN)
    def create(self, request: Any, uuid: str, refresh: str) -> Response:
        """Confirm it. The run that is answered evaluates the rule again and removes those who were shown; it is held
        anew where many others would leave."""
        group = self.access.group(uuid, edit=True)
        run = api.confirm_refresh(group, parse_uuid(refresh), acting_user=request.user)
        return Response(RefreshSerializer(run).data, status=201)
