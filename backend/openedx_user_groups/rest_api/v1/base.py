"""What all views of the API share: JSON in and out, one body for errors, pages, and who is asking.

Authentication and throttling are the site's: nothing is set here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from openedx_user_groups import settings
from openedx_user_groups.data import Scope, Violation
from openedx_user_groups.exceptions import ContractStale, InvalidInput, NotFound

from .access import Access, IsActiveAccount
from .errors import PayloadTooLarge, exception_handler
from .pagination import Pagination
from .parsers import BoundedJSONParser


class FirstRepresentation(BaseContentNegotiation):
    """There is one representation of everything: whatever a client prefers, it gets that, and errors in JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        return next((parser for parser in parsers if _matches(parser.media_type, request.content_type)), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def _matches(media_type: str, content_type: str | None) -> bool:
    return (content_type or "").split(";")[0].strip().lower() == media_type


class ApiView(APIView):
    """A view of this API."""

    parser_classes: Any = (BoundedJSONParser,)
    renderer_classes: Any = (JSONRenderer,)
    content_negotiation_class = FirstRepresentation
    permission_classes: Any = (IsActiveAccount,)
    pagination_class: type[Pagination] = Pagination
    #: The setting that bounds the body of a request.
    body_limit = "MAX_BODY_BYTES"
    #: What may stand in the body beside that which is bounded.
    body_allowance = 0
    #: Whether what a request writes is taken back when it ends with an error.
    is_atomic = True

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is too large before anything reads it."""
        # A transfer without a length is bounded by the parser.
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.get(self.body_limit) + self.body_allowance:
            raise PayloadTooLarge()
        super().initial(request, *args, **kwargs)

    def get_exception_handler(self) -> Callable[[Exception, Any], Response]:
        """Ours, whatever the site has set."""
        return exception_handler

    def get_authenticate_header(self, request: Any) -> str:
        """How to sign in: from the first of the site's ways that can say it. Without any, DRF would answer 403."""
        headers = (authenticator.authenticate_header(request) for authenticator in self.get_authenticators())
        return next((header for header in headers if header), 'Session realm="api"')

    @cached_property
    def access(self) -> Access:
        """What the person who asks may do."""
        return Access(self.request.user)

    def validated(self, serializer_class: Any, **options: Any) -> dict[str, Any]:
        """The body of the request, or a validation error."""
        serializer = serializer_class(data=self.request.data, **options)
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        return data

    def page(self, items: Any, serialize: Callable[[list[Any]], Any], **extra: Any) -> Response:
        """A page of ``items``; ``serialize`` turns those of the page into the results, ``extra`` stands beside them."""
        pagination = self.pagination_class()
        results = serialize(list(pagination.paginate_queryset(items, self.request, view=self) or ()))
        response: Response = pagination.get_paginated_response(results)
        response.data.update(extra)
        return response

    def named_group(self, data: Mapping[str, Any]) -> Any:
        """The group that a validated body names as ``user_group``, or ``None``. Raises ``InvalidInput``."""
        if data.get("user_group") is None:
            return None
        try:
            return self.access.group(str(data["user_group"]))
        except NotFound:
            message = _("There is no such user group.")
            raise InvalidInput([Violation("/user_group", "unknown_user_group", message)]) from None

    @contextmanager
    def contract(self, scope: Scope, revision: str | None) -> Iterator[None]:
        """Where the rule is refused and the client knows another revision of the types, say that instead.

        A client that is out of date but whose rule is valid all the same is not disturbed.
        """
        try:
            yield
        except InvalidInput as error:
            if revision is None or not _about_the_rule(error.violations) or revision == self.access.revision(scope):
                raise
            stale = ContractStale()
            stale.violations = error.violations  # type: ignore[attr-defined]
            raise stale from error


class ApiViewSet(ViewSetMixin, ApiView):
    """A resource of this API."""


class UnknownResourceView(ApiView):
    """Answers every address under the API that is none of its resources."""

    schema = None

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Before signing in: there is nothing to protect."""
        raise NotFound(_("There is no such resource. Addresses of this API end with a slash."))


def _about_the_rule(violations: Iterable[Any]) -> bool:
    return any(violation.pointer == "/rule" or violation.pointer.startswith("/rule/") for violation in violations)
