"""Lists of learners in and out of a group, as CSV files."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.response import Response

from openedx_user_groups import api

from ..base import ApiViewSet
from ..parsers import DistinctMultiPartParser
from ..schema import UUID_PARAMETER, operation
from ..serializers.imports import ImportReportSerializer, MemberImportRequestSerializer

_TAG = "Members"


class MemberImportsViewSet(ApiViewSet):
    """Uploads. Only groups whose members are listed by hand take them."""

    parser_classes = (DistinctMultiPartParser,)
    body_limit = "MAX_IMPORT_BYTES"
    body_allowance = 10_000  # The other fields of the form, and the lines between them.

    @operation(
        "import_members",
        _TAG,
        {200: ImportReportSerializer},
        (400, 404, 409),
        parameters=[UUID_PARAMETER],
        request=MemberImportRequestSerializer,
    )
    def create(self, request: Any, uuid: str) -> Response:
        """Add, replace or remove members by a file. Rows that name nobody are reported and do not stop the others."""
        group = self.access.group(uuid, edit=True)
        data = self.validated(MemberImportRequestSerializer)
        report = api.import_members(
            group,
            data["file"].read(),
            mode=api.ImportMode(data["mode"]),
            identifier=api.Identifier(data.get("identifier", api.Identifier.AUTO)),
            acting_user=request.user,
        )
        return Response(ImportReportSerializer(_wire(report)).data)


class MemberExportViewSet(ApiViewSet):
    """The members as a file. Personal data: only for those who may see the group."""

    @operation("export_members", _TAG, {(200, "text/csv"): OpenApiTypes.STR}, (404,), parameters=[UUID_PARAMETER])
    def retrieve(self, request: Any, uuid: str) -> StreamingHttpResponse:
        """The members as CSV with a header. Importing the file again changes nothing."""
        group = self.access.group(uuid)
        response = StreamingHttpResponse(api.export_members(group), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="members-{group.uuid}.csv"'
        response.headers["Cache-Control"] = "private, no-store"
        return response


def _wire(report: api.ImportReport) -> dict[str, Any]:
    """The report, with its counts as a list: clients convert the keys of objects, not the values of lists."""
    return {
        "mode": report.mode,
        "total": report.total,
        "counts": [{"outcome": outcome, "count": count} for outcome, count in report.counts.items()],
        "removed_count": report.removed_count,
        "changed": report.changed,
        "rows": report.rows,
    }
