"""What the OpenAPI document says that cannot be read off the code: errors, parameters, and which addresses are ours."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from openedx_user_groups.data import CONTRACT_VERSION, ScopeType

from .errors import codes_of
from .serializers.common import ProblemSerializer

#: The addresses of this API.
PREFIX = "/api/user_group/v1/"

#: What the tags of operations stand for, in the order of the document.
_TAGS = {
    "Collections": "Sets of user groups; a learner is in at most one group of an exclusive one.",
    "Criterion types": "Which criterion types there are, and how to draw their forms.",
    "Members": "Who is in a user group, and who came and went.",
    "Operation": "Whether the machinery keeps up.",
    "Pinned examples": "Learners who must be in a user group, or must not.",
    "Previews": "Dry runs of rules.",
    "Refreshes": "Computing members again.",
    "User groups": "The groups and their rules.",
}

_MEANINGS = {
    400: "The request is not valid; violations say where and why.",
    401: "Sign in first.",
    403: "Signed in, but not allowed.",
    404: "There is no such object, or it is not for the person who asks.",
    409: "The request does not fit the present state.",
    413: "The body is too large.",
    415: "The body is not of a media type that is taken here.",
    429: "Too many requests; Retry-After says when to try again.",
}

#: What any operation may answer for a reason that is none of its own: the database, a body that is too large even where
#: none is read, and the site's throttles.
_ANYWHERE = {
    409: "The database is busy (database_busy): nothing was changed; try again in a moment.",
    413: _MEANINGS[413],
    429: _MEANINGS[429],
}

UUID_PARAMETER = OpenApiParameter("uuid", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The user group.")
REFRESH_PARAMETER = OpenApiParameter("refresh", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The run.")


def scope_parameters(*, required: bool) -> list[OpenApiParameter]:
    """The parameters that name a scope."""
    return [
        OpenApiParameter("scope_type", str, enum=ScopeType.values, required=required, description="Kind of scope."),
        OpenApiParameter(
            "scope_key",
            str,
            description="Course key (write + as %2B) or short name of the organization; empty for the whole site.",
        ),
    ]


def operation(
    operation_id: str,
    tag: str,
    success: dict[int, Any] | dict[tuple[int, str], Any],
    errors: tuple[int, ...] = (),
    **options: Any,
) -> Any:
    """Document a view's method: ``success`` by status, ``errors`` beside those that every operation may answer.

    An operation with a body may also answer 415.
    """
    body = (415,) if options.get("request") is not None else ()
    responses: dict[Any, Any] = dict(success)
    for status in sorted({*errors, *body, 401, 403, *_ANYWHERE}):
        # Our own codes of these belong to those that name them.
        meaning = _meaning(status) if status in errors or status not in _ANYWHERE else _ANYWHERE[status]
        responses[(status, "application/json")] = OpenApiResponse(ProblemSerializer, description=meaning)
    options.setdefault("request", None)
    options.setdefault("summary", operation_id.replace("_", " ").capitalize())
    return extend_schema(operation_id=operation_id, tags=[tag], responses=responses, **options)


def _meaning(status: int) -> str:
    codes = codes_of(status)
    return f"{_MEANINGS[status]} Codes: {', '.join(codes)}, and others." if codes else _MEANINGS[status]


def only_this_api(endpoints: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Leave the rest of the site out of the document (a preprocessing hook of drf-spectacular)."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(PREFIX)]


def with_bodies_of_delete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Document the bodies of DELETE, which name learners: the generator writes none (a postprocessing hook)."""
    members = result["paths"].get(PREFIX + "user_groups/{uuid}/members/")
    if members is not None:
        body = members["post"]["requestBody"]
        for resource in ("members", "pinned_examples"):
            result["paths"][PREFIX + f"user_groups/{{uuid}}/{resource}/"]["delete"]["requestBody"] = body
    return result


def with_contract_version(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Give the document the version of the contract, and its tags a meaning (a postprocessing hook)."""
    result["info"]["version"] = CONTRACT_VERSION
    result["tags"] = [{"name": name, "description": meaning} for name, meaning in _TAGS.items()]
    return result


def with_types_of_nullables(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Write the type beside ``nullable``: the generator leaves it to the schema that is referred to, where OpenAPI 3.0
    does not look for it (a postprocessing hook)."""
    schemas = result["components"]["schemas"]
    for schema in schemas.values():
        for part in schema.get("properties", {}).values():
            referred = part.get("allOf") or part.get("oneOf")
            if part.get("nullable") and "type" not in part and referred:
                part["type"] = schemas[referred[0]["$ref"].rpartition("/")[2]]["type"]
    return result
