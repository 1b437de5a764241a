"""What arrives before any resource looks at it: bodies, media types, methods, addresses, throttling, accidents."""

import io
import json
import threading

import pytest
from django.db import ProgrammingError, connection, transaction
from rest_framework.test import APIClient
from rest_framework.throttling import BaseThrottle

from openedx_user_groups import api
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import Conflict
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.rest_api.v1.base import ApiView
from openedx_user_groups.rest_api.v1.errors import KINDS, PayloadTooLarge
from openedx_user_groups.rest_api.v1.parsers import BoundedJSONParser
from tests.refresh.test_failures import deadlock

from .conftest import AWAY, ROOT, assert_problem, rule, scope, snapshot

GROUPS = f"{ROOT}user_groups/"
NEW = {"scope": scope(), "name": "New", "rule": rule(AWAY)}


def post(client, body, url=GROUPS, content_type="application/json"):
    return client.generic("POST", url, body, content_type=content_type)


@pytest.fixture
def unchanged(world):
    """Whatever the test asks, nothing changes."""
    world.criteria_group()
    before = snapshot()
    yield
    assert snapshot() == before


def text(name):
    """A body in which the name is this piece of JSON."""
    return json.dumps({**NEW, "name": "?"}).replace('"?"', name)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        "nope",
        "{'name': 1}",
        text("NaN"),
        text("Infinity"),
        text("-Infinity"),
        text("1" * 5000),
        "\ufeff{}",
        "[" * 100_000,
        '{"rule":' * 50_000,
        b'{"name": "\xff"}',
        b"\xff\xfe{\x00}\x00",
        '{"name": "tab\there"}',
        '{"name": "first", "name": "second"}',
        text('{"a": [{"b": 1, "b": 1}]}'),
    ],
)
def test_what_is_not_json(staff, unchanged, body):
    if body == "":
        body = " "
    assert_problem(post(staff, body), 400, "malformed_json")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (text('"a\\u0000b"'), ("/name", "invalid_text")),
        (text('"\\ud800"'), ("/name", "invalid_text")),
        (text('"\\udc00\\ud800"'), ("/name", "invalid_text")),
        (text("1e400"), ("/name", "max_value")),
        (text("9223372036854775808"), ("/name", "max_value")),
        (text('{"a/b": ["x", "\\u0000"]}'), ("/name/a~1b/1", "invalid_text")),
        (text('{"\\ud800": 1}'), ("/name", "invalid_text")),
        (text("[" * 70 + "]" * 70), ("/name" + "/0" * 63, "too_deep")),
    ],
)
def test_values_that_nothing_can_be_done_with(staff, unchanged, body, place):
    assert_problem(post(staff, body), 400, "validation_failed", place)


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null", "true"])
@pytest.mark.parametrize("path", ["user_groups/", "previews/"])
def test_bodies_that_are_no_objects(staff, unchanged, body, path):
    assert_problem(post(staff, body, ROOT + path), 400, "validation_failed", ("", "wrong_type"))


def test_a_body_that_is_missing(staff, unchanged):
    expected = ("/scope", "missing_field"), ("/name", "missing_field")
    assert_problem(post(staff, ""), 400, "validation_failed", *expected)


def test_emoji_and_pairs_of_surrogates_are_text(staff):
    answer = post(staff, text('"\\ud83d\\ude80 Équipe"'))
    assert (answer.status_code, answer.json()["name"]) == (201, "🚀 Équipe")


@pytest.mark.parametrize("megabytes", [1.1, 10])
@pytest.mark.parametrize("who", ["staff", "anonymous"])
def test_a_body_that_is_too_large(world, unchanged, megabytes, who):
    body = json.dumps({**NEW, "description": "x" * int(megabytes * 1_000_000)})
    assert_problem(post(world.client(who), body), 413, "payload_too_large")


def test_the_largest_body_that_is_taken(staff, settings):
    body = json.dumps(NEW)
    settings.OPENEDX_USER_GROUPS_MAX_BODY_BYTES = len(body) - 1
    assert_problem(post(staff, body), 413, "payload_too_large")
    settings.OPENEDX_USER_GROUPS_MAX_BODY_BYTES = len(body)
    assert post(staff, body).status_code == 201


def test_a_body_of_unknown_length_is_bounded_by_the_parser(settings):
    settings.OPENEDX_USER_GROUPS_MAX_BODY_BYTES = 10
    with pytest.raises(PayloadTooLarge):
        BoundedJSONParser().parse(io.BytesIO(b'{"a": "12345"}'))
    assert BoundedJSONParser().parse(io.BytesIO(b'{"a": "1"}')) == {"a": "1"}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_other_media_types(staff, unchanged, kind):
    assert_problem(post(staff, json.dumps(NEW), content_type=kind), 415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json;version=1"])
def test_ways_to_say_json(staff, kind):
    assert post(staff, json.dumps(NEW), content_type=kind).status_code == 201


@pytest.mark.parametrize("accept", ["text/html", "text/csv", "application/xml", "*/*", "nonsense"])
def test_whatever_a_client_prefers_it_gets_json(staff, accept):
    assert staff.get(GROUPS, headers={"Accept": accept}).headers["Content-Type"] == "application/json"
    assert_problem(staff.get(f"{GROUPS}x/", headers={"Accept": accept}), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "user_groups/x/"), ("POST", "criterion_types/"), ("DELETE", "previews/"), ("PATCH", "memberships/")],
)
def test_methods_that_a_resource_does_not_have(staff, unchanged, method, path):
    answer = staff.generic(method, ROOT + path, "{}", content_type="application/json")
    assert_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("who", ["staff", "anonymous"])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["", "nope/", "user_groups", "user_groups/x/nope/", "%00/%ff", "a\nb/"])
def test_addresses_that_are_none(world, unchanged, who, method, path):
    answer = world.client(who).generic(method, ROOT + path, "{}", content_type="application/json")
    body = assert_problem(answer, 404, "not_found")
    assert "slash" in body["detail"]


class FullThrottle(BaseThrottle):
    """Lets nobody through."""

    def allow_request(self, request, view):
        return False

    def wait(self):
        return 7.5


def test_too_many_requests(staff, unchanged, monkeypatch):
    monkeypatch.setattr(ApiView, "throttle_classes", [FullThrottle])
    answer = staff.get(GROUPS)
    assert_problem(answer, 429, "throttled")
    assert answer.headers["Retry-After"] == "8"


def test_an_accident_is_reported_and_undone(world, unchanged, monkeypatch, caplog):
    def fail(groups):
        raise RuntimeError("secret")

    monkeypatch.setattr(api, "describe", fail)
    client = APIClient(raise_request_exception=False)
    client.force_login(world.users["staff"])
    answer = post(client, json.dumps(NEW))
    assert_problem(answer, 500, "internal_error")
    assert "secret" not in answer.content.decode()
    assert "secret" in caplog.text


def test_a_domain_error_undoes_what_was_written(staff, unchanged, monkeypatch):
    create = api.create_user_group

    def create_and_refuse(**options):
        create(**options)
        raise Conflict()

    monkeypatch.setattr(api, "create_user_group", create_and_refuse)
    assert_problem(post(staff, json.dumps(NEW)), 409, "conflict")


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_busy_database_is_a_conflict_and_nothing_was_done(staff, unchanged, monkeypatch, wrapped):
    """Whichever action it comes from, also as the cause of another error."""
    create = api.create_user_group

    def create_and_fail(**options):
        create(**options)
        if wrapped:
            raise RuntimeError from deadlock()
        raise deadlock()

    monkeypatch.setattr(api, "create_user_group", create_and_fail)
    assert_problem(post(staff, json.dumps(NEW)), 409, "database_busy")


#: Have this connection wait a second at most for what others hold.
SHORT_WAITS = {"mysql": "SET innodb_lock_wait_timeout = 1", "postgresql": "SET lock_timeout = 1000"}


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_a_scope_that_somebody_holds_for_too_long(staff, unchanged):
    """The error comes from the server, within the transaction of the request (ATOMIC_REQUESTS)."""
    if connection.vendor not in SHORT_WAITS:
        pytest.skip("Threads cannot share the tests' SQLite database.")
    is_held, is_answered = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                lock_scope(Scope.course(scope()["key"]))
                is_held.set()
                is_answered.wait(30)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    assert is_held.wait(30)
    with connection.cursor() as cursor:
        cursor.execute(SHORT_WAITS[connection.vendor])
    assert connection.settings_dict["ATOMIC_REQUESTS"]
    answer = post(staff, json.dumps(NEW))
    is_answered.set()
    holder.join()
    connection.close()  # The next test gets one that waits as usual.
    assert_problem(answer, 409, "database_busy")


def test_an_error_of_the_database_that_does_not_pass_is_an_accident(world, unchanged, monkeypatch):
    def fail(groups):
        raise ProgrammingError("no such table")

    monkeypatch.setattr(api, "describe", fail)
    client = APIClient(raise_request_exception=False)
    client.force_login(world.users["staff"])
    assert_problem(client.get(GROUPS), 500, "internal_error")


def test_errors_speak_the_language_of_the_request(staff):
    answer = staff.put(f"{GROUPS}x/", {}, headers={"Accept-Language": "es"})
    assert answer.json()["detail"] == 'Método "PUT" no permitido.'
    assert answer.headers["Content-Language"] == "es"


def test_every_status_has_a_kind():
    assert sorted(KINDS) == [400, 401, 403, 404, 405, 409, 413, 415, 429, 500]
    assert len({kind.slug for kind in KINDS.values()}) == len(KINDS)
