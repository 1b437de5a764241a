"""Every error as one body (OEP-69), whatever raised it: the domain, a serializer, the framework or Django.

:data:`DOMAIN_ERRORS` is the one table from domain errors to HTTP; the API's documentation is generated from it too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback

from openedx_user_groups import api, codes
from openedx_user_groups import exceptions as domain
from openedx_user_groups.data import Violation

from .violations import violations_of

log = logging.getLogger(__name__)

_TYPES = "https://docs.openedx.org/errors/"


class PayloadTooLarge(drf.APIException):
    """The body has more bytes than this resource takes."""

    status_code = 413
    default_code = "payload_too_large"
    default_detail = codes.MESSAGES["payload_too_large"]


@dataclass(frozen=True)
class ErrorKind:
    """What a status means: the slug of the error's type, and its title."""

    slug: str
    title: Any


KINDS: dict[int, ErrorKind] = {
    400: ErrorKind("validation", _("Validation Error")),
    401: ErrorKind("authn", _("Authentication Required")),
    403: ErrorKind("authz", _("Permission Denied")),
    404: ErrorKind("not-found", _("Not Found")),
    405: ErrorKind("method-not-allowed", _("Method Not Allowed")),
    409: ErrorKind("conflict", _("Conflict")),
    413: ErrorKind("payload-too-large", _("Payload Too Large")),
    415: ErrorKind("unsupported-media-type", _("Unsupported Media Type")),
    429: ErrorKind("rate-limited", _("Too Many Requests")),
    500: ErrorKind("internal", _("Internal Server Error")),
}

#: Domain errors by status; a class stands for its subclasses too.
DOMAIN_ERRORS: tuple[tuple[type[domain.UserGroupsError], int], ...] = (
    (domain.InvalidInput, 400),
    (domain.InstantOutOfHistory, 400),
    (domain.Forbidden, 403),
    (domain.NotFound, 404),
    (domain.Conflict, 409),
    # Not the client's mistake, and not a failure of this service either: the rule fits no state of the data sources.
    (domain.Unevaluable, 409),
    (domain.SourceUnavailable, 409),
    (domain.TooManyPreviews, 429),
)

#: Codes of errors that the framework raises. Its other codes ("permission_denied", "not_found" ...) are ours as well.
_CODES = {"invalid": "validation_failed", "parse_error": "malformed_request", "error": "error"}


@dataclass(frozen=True)
class Problem:
    """An error that is about to be answered."""

    status: int
    code: str
    detail: Any
    violations: tuple[Violation, ...] = ()
    user_message: Any = None

    def body(self, path: str) -> dict[str, Any]:
        """The body, in the active language. ``errors`` and ``violations`` say the same, for different readers."""
        kind = KINDS.get(self.status, KINDS[500])
        detail = str(self.detail)
        body: dict[str, Any] = {
            "type": _TYPES + kind.slug,
            "title": str(kind.title),
            "status": self.status,
            "detail": detail,
            "instance": path,
            "code": self.code,
            "error": detail,
        }
        if self.user_message is not None:
            body["user_message"] = str(self.user_message)
        if self.violations:
            body["errors"] = _by_pointer(self.violations)
            body["violations"] = [_violation(violation) for violation in self.violations]
        return body


def codes_of(status: int) -> list[str]:
    """The codes of the domain errors that are answered with ``status``, for the documentation."""
    classes = [cls for top, its_status in DOMAIN_ERRORS if its_status == status for cls in (top, *top.__subclasses__())]
    return sorted({cls.code for cls in classes})


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    """What a view answers when ``exc`` was raised. Nothing that the request has written is kept."""
    if getattr(context["view"], "is_atomic", True):
        set_rollback()
    request = context["request"]
    problem = _problem(exc)
    if problem is None:
        # Monitoring listens to the signal, as it does for views that let the error through.
        log.exception("Unexpected error in %s %s.", request.method, request.path, exc_info=exc)
        got_request_exception.send(sender=None, request=getattr(request, "_request", request))
        problem = Problem(500, "internal_error", codes.MESSAGES["internal_error"])
    return Response(problem.body(request.path), status=problem.status, headers=_headers(exc))


def _problem(exc: Exception) -> Problem | None:
    if isinstance(exc, domain.UserGroupsError):
        return _domain_problem(exc)
    if isinstance(exc, Http404):
        return Problem(404, domain.NotFound.code, domain.NotFound.message)
    if isinstance(exc, DjangoPermissionDenied):
        return Problem(403, domain.Forbidden.code, domain.Forbidden.message)
    if isinstance(exc, drf.ValidationError):
        return _domain_problem(domain.InvalidInput(violations_of(exc.detail)))
    if isinstance(exc, drf.APIException):
        return _framework_problem(exc)
    if isinstance(exc, RequestDataTooBig):
        return Problem(413, PayloadTooLarge.default_code, PayloadTooLarge.default_detail)
    if isinstance(exc, MultiPartParserError | SuspiciousOperation | BadRequest | UnreadablePostError):
        return Problem(400, "malformed_request", codes.MESSAGES["malformed_request"])
    if api.is_transient(exc):
        # A deadlock, a lock that others hold too long, a lost connection: whatever was written is rolled back.
        log.warning("The database is busy or was lost.", exc_info=exc)
        return _domain_problem(domain.DatabaseBusy())
    return None


def _domain_problem(exc: domain.UserGroupsError) -> Problem | None:
    status = next((status for cls, status in DOMAIN_ERRORS if isinstance(exc, cls)), None)
    if status is None:
        return None
    violations = tuple(getattr(exc, "violations", ()))
    if exc.pointer is not None:
        violations = (Violation(exc.pointer, exc.code, exc.message, exc.params),)
    return Problem(status, exc.code, exc.message, violations, user_message=exc.message)


def _framework_problem(exc: drf.APIException) -> Problem:
    code = exc.get_codes()
    code = code if isinstance(code, str) else exc.default_code
    return Problem(exc.status_code, _CODES.get(code, code), exc.detail)


def _headers(exc: Exception) -> dict[str, str]:
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    return headers


def _by_pointer(violations: Iterable[Violation]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for violation in violations:
        errors.setdefault(violation.pointer, []).append(str(violation.message))
    return errors


def _violation(violation: Violation) -> dict[str, Any]:
    return {
        "pointer": violation.pointer,
        "code": violation.code,
        "message": str(violation.message),
        "params": dict(violation.params),
    }
