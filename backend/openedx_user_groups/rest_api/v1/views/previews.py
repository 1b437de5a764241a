"""Previews: who would match a rule that is not saved."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.response import Response

from openedx_user_groups import api, settings
from openedx_user_groups.data import Preview, Scope, Violation
from openedx_user_groups.exceptions import InvalidInput, NotFound

from ..base import ApiViewSet
from ..schema import operation
from ..serializers.common import scope_of
from ..serializers.previews import PreviewRequestSerializer, PreviewSerializer


class PreviewsViewSet(ApiViewSet):
    """Dry runs. Nothing is written."""

    @operation(
        "create_preview",
        "Previews",
        {200: PreviewSerializer},
        (400, 409),
        request=PreviewRequestSerializer,
    )
    def create(self, request: Any) -> Response:
        """Count and show who would match a rule.

        A rule that has no answer now (a source is down, a criterion type is not installed) is answered with 409, whose
        one violation points to the criterion and carries the reason's code.
        """
        data = self.validated(PreviewRequestSerializer)
        scope = self.access.require_edit(scope_of(data["scope"]))
        size, offset = data.get("sample_size", settings.get("MAX_SAMPLE_SIZE")), data.get("sample_offset", 0)
        with self.contract(scope, data.get("contract_revision")):
            preview = api.preview(
                scope,
                data["rule"],
                user_group=self._edited_group(data, scope),
                sample_size=size,
                sample_offset=offset,
            )
        return Response(PreviewSerializer(_wire(preview, size, offset)).data)

    def _edited_group(self, data: dict[str, Any], scope: Scope) -> Any:
        if data.get("user_group") is None:
            return None
        try:
            return self.access.group(str(data["user_group"]))
        except NotFound:
            message = _("There is no such user group.")
            raise InvalidInput([Violation("/user_group", "unknown_user_group", message)]) from None


def _wire(preview: Preview, size: int, offset: int) -> dict[str, Any]:
    return {
        "state": "succeeded",
        "as_of": preview.as_of,
        "count": {"value": preview.count, "exactness": "exact", "universe": preview.universe},
        "nodes": preview.nodes,
        "sample": {"size": size, "offset": offset, "results": preview.sample},
        "warnings": preview.warnings,
        "plan": preview.plan.value,
    }
