"""Whether the machinery keeps up, for monitoring."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from openedx_user_groups import api
from openedx_user_groups.data import Scope, ScopeType

from ..base import ApiViewSet
from ..schema import operation
from ..serializers.health import HealthSerializer


class HealthViewSet(ApiViewSet):
    """Numbers about refreshes and messages, for those who may see the groups of the whole site."""

    @operation("retrieve_health", "Operation", {200: HealthSerializer})
    def retrieve(self, request: Any) -> Response:
        """The state of each part. The answer is 200 also where something is wrong: read ``status``."""
        self.access.require_view(Scope(ScopeType.INSTANCE))
        parts = api.health()
        status = "degraded" if any(part.problems for part in parts.values()) else "ok"
        return Response(HealthSerializer({"status": status, "parts": parts}).data)
