"""Pages as the platform's APIs give them, strict about the parameters."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from edx_rest_framework_extensions.paginators import DefaultPagination

from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput

_POSITIVE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Pagination(DefaultPagination):
    """``page`` and ``page_size``. Whoever asks for too large a page gets the largest; nonsense is an error."""

    last_page_strings: tuple[str, ...] = ()
    page_query_description = _("Number of the page, from 1. A page after the last one is answered with 404.")
    page_size_query_description = _("Results in a page. Larger values than 100 are taken as 100.")

    def get_page_number(self, request: Any, paginator: Any) -> int:
        return _positive(request, self.page_query_param) or 1

    def get_page_size(self, request: Any) -> int:
        size: int = _positive(request, self.page_size_query_param) or self.page_size
        return min(size, int(self.max_page_size))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema of a page; the base class leaves out half of the keys."""
        link = {"type": "string", "format": "uri", "nullable": True}
        number = {"type": "integer"}
        properties = {
            "next": link,
            "previous": link,
            "count": {**number, "description": "Results on all pages."},
            "num_pages": number,
            "current_page": number,
            "start": {**number, "description": "Results on the pages before."},
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}


def _positive(request: Any, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not _POSITIVE.fullmatch(text):
        message = _("This must be a whole number from 1.")
        raise InvalidInput([Violation(f"/{name}", "wrong_type", message, {"expected": "integer"})])
    return int(text)
