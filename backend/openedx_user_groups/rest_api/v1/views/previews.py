"""Previews: who would match a rule that is not saved."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils.decorators import method_decorator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from openedx_user_groups import api, settings
from openedx_user_groups.data import (
    ChangeKind,
    Difference,
    DifferencePage,
    Preview,
    PreviewAnswer,
    PreviewDetail,
    PreviewOptions,
    PreviewState,
)
from openedx_user_groups.exceptions import NotFound

from ..base import ApiViewSet
from ..schema import operation
from ..serializers.common import scope_of
from ..serializers.previews import (
    FinishedPreviewSerializer,
    OverBudgetPreviewSerializer,
    PendingPreviewSerializer,
    PreviewRequestSerializer,
    PreviewSerializer,
)

_TAG = "Previews"
_ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The preview.")
#: Milliseconds between two questions of a client: soon at first, then less often.
_POLL_MIN, _POLL_MAX = 500, 2000


# Who else previews has to see at once that this one is at work: no transaction around the request.
@method_decorator(transaction.non_atomic_requests, name="dispatch")
class PreviewsViewSet(ApiViewSet):
    """Dry runs. Nothing is written that anybody but the person who asks could see."""

    is_atomic = False

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Give the entrance free again, however the request ends."""
        with ExitStack() as self._entrance:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Before signing in, which is the first to need the database: wait for the entrance."""
        self._entrance.enter_context(api.through_entrance())
        super().initial(request, *args, **kwargs)

    @operation(
        "create_preview",
        _TAG,
        {200: FinishedPreviewSerializer, 202: PendingPreviewSerializer},
        (400, 409, 429),
        request=PreviewRequestSerializer,
    )
    def create(self, request: Any) -> Response:
        """Count and show who would match a rule.

        The database works on it for as long as the site allows (`succeeded`, exact). After that a worker takes over:
        202, and the address in `Location` is to be asked. Without workers the answer is `over_budget`. Both come with
        an estimate from a random sample, or null where not even a sample could be evaluated in time.

        A newer preview of the same person, scope and `editor` cancels an older one that still runs, which is then
        answered with 409 (`preview_cancelled`). Too many at once are refused with 429 (`too_many_previews`).

        A rule that has no answer now (a source is down, a criterion type is not installed) is answered with 409, whose
        one violation points to the criterion and carries the reason's code.
        """
        data = self.validated(PreviewRequestSerializer)
        scope = self.access.require_edit(scope_of(data["scope"]))
        with self.contract(scope, data.get("contract_revision")):
            answer = api.run_preview(
                scope,
                data["rule"],
                options=_options(data),
                acting_user=request.user,
                user_group=self.named_group(data),
                editor=data.get("editor", ""),
                token=data.get("token", False),
            )
        return self._response(answer)

    @operation(
        "retrieve_preview",
        _TAG,
        {200: PreviewSerializer, 202: PendingPreviewSerializer},
        (404, 409, 429),
        parameters=[_ID],
    )
    def retrieve(self, request: Any, id: str) -> Response:
        """How far a preview in a worker is (202), then its result as if it had been answered at once.

        One that nobody asks after for a while is cancelled; results are kept for some minutes. What kept the rule from
        being evaluated is answered with 409, as is a preview that was cancelled (`preview_cancelled`) or that no worker
        has finished in time (`preview_lost`, `budget_exceeded`).
        """
        return self._response(api.preview_answer(self._job(id)))

    @operation("cancel_preview", _TAG, {204: None}, (404, 429), parameters=[_ID])
    def destroy(self, request: Any, id: str) -> Response:
        """Cancel a preview: what the database is doing for it is stopped."""
        api.cancel_preview(self._job(id))
        return Response(status=204)

    def _job(self, text: str) -> Any:
        try:
            uuid = UUID(text)
        except ValueError:
            raise NotFound() from None
        job = api.get_preview_job(uuid, acting_user=self.request.user)
        self.access.require_edit(job.scope)
        return job

    def _response(self, answer: PreviewAnswer) -> Response:
        if answer.preview is not None:
            size, offset = answer.options.sample_size, answer.options.sample_offset
            return Response(PreviewSerializer(_wire(answer.preview, size, offset) | {"token": answer.token}).data)
        if answer.state == PreviewState.OVER_BUDGET:
            return Response(OverBudgetPreviewSerializer(answer).data)
        pause = min(max(answer.elapsed_ms // 4, _POLL_MIN), _POLL_MAX)
        body = {
            "id": answer.id,
            "state": answer.state,
            "as_of": answer.as_of,
            "progress": {"elapsed_ms": answer.elapsed_ms, "limit_ms": answer.limit_ms},
            "poll_after_ms": pause,
            "estimate": answer.estimate,
        }
        address = reverse("openedx_user_groups:preview", kwargs={"id": answer.id})
        headers = {"Location": self.request.build_absolute_uri(address), "Retry-After": str(-(-pause // 1000))}
        return Response(PendingPreviewSerializer(body).data, status=202, headers=headers)


def _options(data: dict[str, Any]) -> PreviewOptions:
    return PreviewOptions(
        detail=PreviewDetail(data["detail"]),
        sample_size=data.get("sample_size", settings.get("MAX_SAMPLE_SIZE")),
        sample_offset=data.get("sample_offset", 0),
        difference=_page(data.get("difference")),
        overlap=data["overlap"],
        as_of=data.get("as_of"),
    )


def _page(data: dict[str, Any] | None) -> DifferencePage | None:
    if data is None:
        return None
    return DifferencePage(ChangeKind(data["kind"]), data.get("size", settings.get("MAX_SAMPLE_SIZE")), data["offset"])


def _wire(preview: Preview, size: int, offset: int) -> dict[str, Any]:
    return {
        "state": "succeeded",
        "as_of": preview.as_of,
        "count": {"value": preview.count, "exactness": "exact", "universe": preview.universe},
        "nodes": preview.nodes,
        "sample": {"size": size, "offset": offset, "results": preview.sample},
        "difference": _wire_difference(preview.difference),
        "overlap": preview.overlap,
        "warnings": preview.warnings,
        "leaves": preview.leaves,
        "plan": preview.plan.value,
    }


def _wire_difference(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    page, sample = difference.page, None
    if page is not None:
        sample = {"kind": page.kind, "size": page.size, "offset": page.offset, "results": difference.sample}
    return {
        "added": difference.added,
        "removed": difference.removed,
        "unchanged": difference.unchanged,
        "elsewhere": difference.elsewhere,
        "sample": sample,
    }
