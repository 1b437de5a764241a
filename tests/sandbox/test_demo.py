"""What `make demo` says, and that it is true: the accounts work and the example can be sent as printed."""

from __future__ import annotations

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from sandbox.models import DataClock

pytestmark = pytest.mark.django_db


def printed(command: str, **options: object) -> str:
    out = StringIO()
    call_command(command, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_without_data_it_says_how_to_load_some():
    assert "load_oulad" in printed("demo")


def test_the_example_works_as_printed(monkeypatch):
    monkeypatch.setenv("PORT", "8123")
    call_command("load_demo", stdout=StringIO(), stderr=StringIO())
    text = printed("demo")
    assert "http://127.0.0.1:8123/api/docs/" in text
    [builder] = re.findall(r"http://127\.0\.0\.1:8123(/builder/\?\S+)", text)
    assert "user admin, password admin" in text
    client = APIClient()
    assert client.login(username="admin", password="admin")
    assert APIClient().login(username="staff", password="staff")
    page = Client()
    assert page.login(username="staff", password="staff")
    assert '"scope": {"type": "course", "key": "course-v1:DemoX' in page.get(builder).content.decode()
    token = re.search(r'"Authorization: Token (\w+)"', text)[1]
    body = json.loads(text[text.index("-d '") + 4 : text.rindex("'")])
    client = APIClient(HTTP_AUTHORIZATION=f"Token {token}")
    answer = client.post("/api/user_group/v1/previews/", body, format="json")
    assert answer.status_code == 200
    assert answer.json()["count"]["universe"] == 1201
    assert answer.json()["as_of"].startswith(f"{DataClock.now():%Y-%m-%dT%H:%M:%S}")


def test_the_clock_can_be_stopped_and_let_run():
    assert "real time" in printed("sandbox_clock")
    assert printed("sandbox_clock", stop_at="2026-06-15T09:30:00Z").startswith("2026-06-15T09:30:00+00:00")
    assert "stands still" in printed("sandbox_clock")
    assert "real time" in printed("sandbox_clock", run=True)


@pytest.mark.parametrize("instant", ["noon", "0001-01-01T00:00:00+05:00", "9999-12-31"])
def test_the_clock_stands_at_no_impossible_instant(instant):
    with pytest.raises(CommandError, match=f"^--stop-at '{re.escape(instant)}' is not "):
        printed("sandbox_clock", stop_at=instant)
    assert "real time" in printed("sandbox_clock")
