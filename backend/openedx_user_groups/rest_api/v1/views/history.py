"""The history of a group's definition."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from openedx_user_groups import api

from ..base import ApiViewSet
from ..schema import UUID_PARAMETER, operation
from ..serializers.history import DefinitionChangeSerializer


class DefinitionChangesViewSet(ApiViewSet):
    """What was changed in the definition of a group, when and by whom."""

    @operation(
        "list_definition_changes",
        "User groups",
        {200: DefinitionChangeSerializer(many=True)},
        (400, 404),
        parameters=[UUID_PARAMETER],
    )
    def list(self, request: Any, uuid: str) -> Response:
        """The changes, newest first, each with the definition before and after. They are kept for ever."""
        changes = api.definition_changes(self.access.group(uuid))
        return self.page(
            changes,
            lambda page: DefinitionChangeSerializer(api.describe_definition_changes(page), many=True).data,
        )
