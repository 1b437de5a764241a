"""Generated requests against the whole API: whatever is sent, the answer is one that the document describes."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from rest_framework.authtoken.models import Token
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.rest_api.conftest import BIO, FAILING, rule

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

#: Requests an operation; more with OPENAPI_EXAMPLES=500.
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "10"))

bounded = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)

schema = schemathesis.openapi.from_path(Path(__file__).resolve().parents[2] / "openapi.yaml")
schema.app = get_wsgi_application()


@pytest.fixture(autouse=True)
def _one_connection():
    """A real request gives its connection back; here it holds the transaction of the test. Django's test client does so
    too, but these requests go to the application as a server's would."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def headers(world):
    """Signed in as staff of the whole site: nothing is out of reach."""
    return {"Authorization": f"Token {Token.objects.create(user=world.users['admin']).key}"}


@schema.parametrize()
@bounded
def test_any_request(case, headers):
    case.call_and_validate(headers=headers, checks=CHECKS)


@schema.parametrize()
@bounded
def test_requests_that_reach_something(case, headers, world):
    """The same with a scope, groups, types and learners that exist, where the request has a place for them."""
    parts = case.path_parameters or {}
    if "uuid" in parts:
        manual = "import" in case.path or "/members/" in case.path
        group = world.manual_group(case_name(case)) if manual else world.criteria_group(case_name(case))
        parts["uuid"] = str(group.uuid)
    if "type" in parts:
        parts["type"] = "country"
    if "field" in parts:
        parts["field"] = "countries"
    if case.query and "scope_type" in case.query:
        case.query |= {"scope_type": "course", "scope_key": BIO}
    if isinstance(case.body, dict):
        if "scope" in case.body:
            case.body |= {"scope": {"type": "course", "key": BIO}, "rule": rule(FAILING)}
        if "membership_source" in case.body:
            case.body["membership_source"] = "criteria"
        if "rule_version" in case.body:
            case.body |= {"rule": rule(FAILING), "rule_version": 1}
        if "learners" in case.body:
            case.body["learners"] = ["ada", "ben"]
    case.call_and_validate(headers=headers, checks=CHECKS)


def case_name(case):
    """A name that no other group has."""
    return f"Group {case.id}"
