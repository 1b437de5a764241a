"""Criterion types: the contract from which a client draws the forms, and the choices of fields."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpResponseBase, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from openedx_user_groups import api, settings
from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput

from ..access import scope_from_query
from ..base import ApiViewSet
from ..filters import ChoiceSearchForm, cleaned
from ..schema import operation, scope_parameters
from ..serializers.criterion_types import ChoiceSerializer, CriterionTypeSerializer, CriterionTypesSerializer

_TAG = "Criterion types"
_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of the copy that the client has."
)
_NOT_MODIFIED = OpenApiResponse(description="The client's copy is still right.")


class CriterionTypesViewSet(ApiViewSet):
    """Which criterion types a scope offers, in the language of the request."""

    @operation(
        "list_criterion_types",
        _TAG,
        {200: CriterionTypesSerializer, 304: _NOT_MODIFIED},
        (400,),
        parameters=[*scope_parameters(required=True), _NONE_MATCH],
    )
    def document(self, request: Any) -> HttpResponseBase:
        """The document of a scope: types with their fields, operators, choices and forms, and the limits of rules."""
        scope = self.access.require_view(scope_from_query(request.query_params))
        document = self.access.document(scope)
        return _revalidated(request, document, document["revision"])

    @operation(
        "retrieve_criterion_type",
        _TAG,
        {200: CriterionTypeSerializer, 304: _NOT_MODIFIED},
        (400, 404),
        parameters=[*scope_parameters(required=True), _NONE_MATCH, OpenApiParameter("type", str, "path")],
    )
    def retrieve(self, request: Any, type: str) -> HttpResponseBase:
        """One type, as in the document of the scope."""
        scope = self.access.require_view(scope_from_query(request.query_params))
        document = api.criterion_type_document(scope, type)
        return _revalidated(request, document, hashlib.sha256(JSONRenderer().render(document)).hexdigest()[:16])


class ChoicesViewSet(ApiViewSet):
    """The choices of a field of a criterion type."""

    @operation(
        "list_criterion_type_choices",
        _TAG,
        {200: ChoiceSerializer(many=True)},
        (400, 404),
        parameters=[
            *scope_parameters(required=True),
            OpenApiParameter("type", str, "path"),
            OpenApiParameter("field", str, "path"),
            OpenApiParameter("search", str, description="Text that value or label contain."),
            OpenApiParameter("value", str, many=True, description="Stored values to label again; repeat it for each."),
        ],
    )
    def list(self, request: Any, type: str, field: str) -> Response:
        """Search the choices of a field, or label stored values again. Values that are not known are left out."""
        scope = self.access.require_view(scope_from_query(request.query_params))
        values = request.query_params.getlist("value")
        if values:
            choices: Any = api.resolve_choices(scope, type, field, _checked(values))
        else:
            choices = api.search_choices(scope, type, field, cleaned(ChoiceSearchForm, request)["search"])
        return self.page(choices, lambda page: ChoiceSerializer(page, many=True).data)


def _checked(values: list[str]) -> list[str]:
    limit = settings.get("MAX_LIST_ITEMS")
    if len(values) > limit:
        raise InvalidInput([Violation("/value", "too_many_items", _("This list is too long."), {"limit": limit})])
    if any("\x00" in value for value in values):
        message = _("This text contains characters that are not allowed.")
        raise InvalidInput([Violation("/value", "invalid_text", message)])
    return values


def _revalidated(request: Any, document: dict[str, Any], revision: str) -> HttpResponseBase:
    """The document, or 304 where the client has it. Clients may keep it but ask each time; nobody may share it."""
    etag = quote_etag(revision)
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponseBase
    if "*" in known or etag in {tag.removeprefix("W/") for tag in known}:
        response = HttpResponseNotModified()
    else:
        response = Response(document)
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Accept-Language", "Cookie", "Authorization"])
    return response
