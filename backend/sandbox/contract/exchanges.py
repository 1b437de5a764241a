"""Requests and what the API answers, recorded through the API itself on the fixed world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest import mock

from django.db import DatabaseError
from rest_framework.test import APIClient

from openedx_user_groups import api
from openedx_user_groups.criteria import registry
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import SourceUnavailable

from .world import COURSE, World, wire

ROOT = "/api/user_group/v1/"
PREVIEWS = "previews/"

Exchange = dict[str, Any]


class Asker:
    """Somebody who asks. ``None`` has not signed in."""

    def __init__(self, world: World, name: str | None = "staff", **headers: Any) -> None:
        # The client would raise what the API has answered with a 500.
        self._client = APIClient(raise_request_exception=False, HTTP_ACCEPT_LANGUAGE="en", **headers)
        if name is not None:
            self._client.force_authenticate(world.users[name])

    def ask(
        self, method: str, path: str, body: Any = None, *, raw: str | None = None, kind: str = "application/json"
    ) -> Any:
        """The response to JSON ``body``, or to ``raw`` text of the given kind. ``path`` is relative to the API."""
        send = getattr(self._client, method.lower())
        if method == "GET":
            return send(ROOT + path)
        content = {"data": body, "format": "json"} if raw is None else {"data": raw, "content_type": kind}
        return send(ROOT + path, **content)

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a successful answer."""
        response = self.ask(method, path, body)
        assert response.status_code < 300, response.content
        return _with_settled_keys(response.json())

    def record(self, name: str, method: str, path: str, body: Any = None, **options: Any) -> Exchange:
        """An exchange as it stands in a file."""
        response = self.ask(method, path, body, **options)
        request = {"method": method, "path": ROOT + path, "body": body}
        return {
            "name": name,
            "request": request,
            "status": response.status_code,
            "response": _with_settled_keys(response.json()) if response.content else None,
        }


def preview_of(definition: Any, scope: Scope = COURSE, **more: Any) -> dict[str, Any]:
    """The body of a request for a preview."""
    return {"scope": wire(scope), "rule": definition, **more}


@contextmanager
def failing_type(slug: str, error: Exception) -> Iterator[None]:
    """A criterion type that raises ``error`` when it is asked."""
    criterion_class = registry.find(slug)
    with mock.patch.object(criterion_class, "learner_set", side_effect=error):
        yield


@contextmanager
def unreadable_table(slug: str) -> Iterator[None]:
    """A criterion type whose app has not been migrated."""
    criterion_class = registry.find(slug)
    assert criterion_class is not None
    with mock.patch.object(criterion_class._default_manager, "in_bulk", side_effect=DatabaseError("no such table")):
        yield


def source_down(slug: str) -> AbstractContextManager[None]:
    """A criterion type whose source does not answer."""
    return failing_type(slug, SourceUnavailable())


def broken_server() -> AbstractContextManager[Any]:
    """A mistake in the code that previews."""
    return mock.patch.object(api, "run_preview", side_effect=RuntimeError("a mistake"))


def _with_settled_keys(value: Any) -> Any:
    """The same with the operator first in each configuration: PostgreSQL stores the keys of JSON in an order of its
    own."""
    if isinstance(value, list):
        return [_with_settled_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    settled = {key: _with_settled_keys(item) for key, item in value.items()}
    if isinstance(settled.get("config"), dict):
        settled["config"] = dict(sorted(settled["config"].items(), key=lambda item: (item[0] != "operator", item[0])))
    return settled
