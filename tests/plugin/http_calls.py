"""Sends requests to the site that is set up by the environment; run as a script, in a process of its own.

Reads lists of ``[method, path, body]`` as JSON, one a line, and answers each with a line: a list of ``[status, body]``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

ROOT = "/api/user_group/v1/"


def send(client: Any, method: str, path: str, body: Any) -> tuple[int, Any]:
    data = "" if body is None else json.dumps(body)
    response = client.generic(method, ROOT + path, data, content_type="application/json")
    return response.status_code, json.loads(response.content) if response.content else None


def main() -> None:
    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client

    staff, _ = get_user_model().objects.get_or_create(username="staff", is_staff=True, is_superuser=True)
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    for line in sys.stdin:
        sys.stdout.write(json.dumps([send(client, *call) for call in json.loads(line)]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
