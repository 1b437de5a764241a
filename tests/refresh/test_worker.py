"""A refresh in a real Celery worker process, through Redis, on the database under test."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings as site_settings
from django.db import connection

from openedx_user_groups.data import RefreshState, RefreshTrigger
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, UserGroupFactory, criterion, rule

BACKEND = Path(__file__).resolve().parents[2] / "backend"
pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def _database_url() -> str:
    """The address of the test database itself, for the worker's settings."""
    if connection.vendor == "sqlite":
        pytest.skip("A worker is another process: it needs a database server (make test-services runs it on two).")
    scheme = {"mysql": "mysql", "postgresql": "postgres"}[connection.vendor]
    given = connection.settings_dict
    return f"{scheme}://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


@pytest.fixture
def broker(monkeypatch):
    """A queue of this test's own on the Redis that answers."""
    url = os.environ.get("REDIS_URL")
    if not url:
        pytest.skip("No Redis answers: REDIS_URL is not set (make test-services sets it).")
    queue = f"user_groups_test_{os.getpid()}"
    monkeypatch.setitem(current_app.conf, "broker_url", url)
    monkeypatch.setitem(current_app.conf, "task_always_eager", False)
    monkeypatch.setitem(current_app.conf, "task_default_queue", queue)
    return url, queue


def test_refresh_runs_in_a_worker(broker):
    url, queue = broker
    LearnerFactory(enrolled_in=COURSE, username="never")
    group = UserGroupFactory(rule=rule(criterion("last_login", operator="not_exists")))
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    assert refresh.state == RefreshState.QUEUED
    assert not Membership.objects.exists()
    environment = {**os.environ, "DATABASE_URL": _database_url(), "CELERY_BROKER_URL": url, "PYTHONPATH": str(BACKEND)}
    command = [sys.executable, "-m", "celery", "-A", "sandbox.celery", "worker", "-Q", queue, "-c", "1", "-P", "solo"]
    worker = subprocess.Popen(command, cwd=BACKEND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while refresh.state in (RefreshState.QUEUED, RefreshState.RUNNING) and time.monotonic() < deadline:
            time.sleep(0.2)
            refresh.refresh_from_db()
    finally:
        worker.terminate()
        output = worker.communicate(timeout=30)[0].decode()
    assert refresh.state == RefreshState.SUCCEEDED, output
    assert list(Membership.objects.values_list("user__username", flat=True)) == ["never"]
    assert site_settings.CELERY_BROKER_URL is None  # This process stays without one.
