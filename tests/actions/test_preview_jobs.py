"""Previews past their budget, on real servers: a Celery worker through Redis, statements seen in the process list.

A rule is slow here because a table that it reads is locked by another connection: the statement waits inside the
database until it is stopped or the lock is given up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from openedx_user_groups.evaluation.preview_places import clean_up
from openedx_user_groups.models import PreviewJob
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, criterion, rule
from tests.workers import PATIENCE, SOON, Worker, eventually

PREVIEWS, GROUPS = "/api/user_group/v1/previews/", "/api/user_group/v1/user_groups/"
SLOW = rule(criterion("country", operator="not_exists"))
QUICK = rule(criterion("last_login", operator="not_exists"))

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(broker) -> Iterator[Worker]:
    """A worker that takes one task at a time, with the sandbox's settings."""
    with Worker(*broker, settings="sandbox.settings") as worker:
        worker.start()
        # Else the time of a preview in the queue would be that of the worker's start.
        eventually(lambda: "ready." in worker.log(), "the worker does not start")
        yield worker


@pytest.fixture
def people(settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0.3
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_SECONDS = 0.3
    for name in ("ada", "ben", "cleo"):
        LearnerFactory(enrolled_in=COURSE, username=name)
    client = APIClient()
    client.force_authenticate(LearnerFactory(username="admin", is_staff=True, is_superuser=True))
    return client


@contextmanager
def locked():
    """No statement that reads the profiles comes to an end in here."""
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            if other.vendor == "mysql":
                cursor.execute("LOCK TABLES auth_userprofile WRITE")
            else:
                other.set_autocommit(False)
                cursor.execute("LOCK TABLE auth_userprofile IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        other.close()


def running():
    """The statements over the profiles that the database is at."""
    query = {
        "mysql": "SELECT id FROM information_schema.processlist WHERE command = 'Query' AND db = DATABASE()"
        " AND info LIKE '%auth_userprofile%' AND info NOT LIKE 'LOCK%' AND id <> CONNECTION_ID()",
        "postgresql": "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND datname = current_database()"
        " AND query LIKE '%auth_userprofile%' AND pid <> pg_backend_pid()",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [row[0] for row in cursor.fetchall()]


def ask(client, definition=SLOW, **more):
    body = {"scope": {"type": "course", "key": COURSE.key}, "rule": definition, **more}
    return client.post(PREVIEWS, body, format="json")


def ask_quick(client, **more):
    """A preview that is answered at once, however long the machine takes over it: nothing is slow but for the lock."""
    with override_settings(OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS=20):
        return ask(client, QUICK, **more)


def until(condition, seconds=PATIENCE):
    """How long it took until ``condition`` held."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds
        time.sleep(0.05)
    return time.monotonic() - start


def start_slow(client, **more):
    """A preview that a worker is at, inside the database."""
    start = time.monotonic()
    answer = ask(client, **more)
    assert answer.status_code == 202, answer.content
    assert time.monotonic() - start < SOON
    until(running)
    return answer.headers["Location"]


def test_a_worker_takes_over(worker, people, settings):
    with locked():
        address = start_slow(people, token=True, sample_size=2)
        pending = people.get(address)
        body = pending.json()
        assert (pending.status_code, body["state"], body["estimate"]) == (202, "running", None)
        assert 0 < body["progress"]["elapsed_ms"] < body["progress"]["limit_ms"] == 300_000
    until(lambda: people.get(address).status_code == 200)
    found = people.get(address).json()
    assert (found["state"], found["count"]) == ("succeeded", {"value": 3, "exactness": "exact", "universe": 3})
    assert found["sample"] == {"size": 2, "offset": 0, "results": [{"username": "ada"}, {"username": "ben"}]}
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 20
    at_once = ask(people, token=True, sample_size=2).json()
    assert {**found, "as_of": "", "token": ""} == {**at_once, "as_of": "", "token": ""}
    body = {"scope": {"type": "course", "key": COURSE.key}, "name": "Saved", "rule": SLOW}
    saved = people.post(GROUPS, {**body, "preview_token": found["token"]}, format="json").json()
    assert (saved["state"], saved["member_count"]) == ("fresh", 3)


def test_cancelling_stops_the_statement(worker, people):
    with locked():
        address = start_slow(people)
        assert people.delete(address).status_code == 204
        until(lambda: not running(), SOON)
        assert people.get(address).json()["code"] == "preview_cancelled"
        # The worker goes on with the next one, on the same connection.
        until(lambda: not PreviewJob.objects.filter(user_slot__isnull=False).exists())
        assert ask_quick(people).json()["count"]["value"] == 3
        start_slow(people)


def test_a_newer_preview_of_the_same_editor_takes_the_place(worker, people):
    with locked():
        older = start_slow(people, editor="form")
        assert ask_quick(people, editor="other").status_code == 200
        assert people.get(older).status_code == 202
        assert ask_quick(people, editor="form").status_code == 200
        until(lambda: not running(), SOON)
        assert people.get(older).json()["code"] == "preview_cancelled"


def test_an_abandoned_preview_is_stopped(worker, people):
    with locked():
        address = start_slow(people)
        PreviewJob.objects.update(expires_at=timezone.now())
        clean_up()
        until(lambda: not running(), SOON)
        until(lambda: not PreviewJob.objects.filter(connection_id__isnull=False).exists(), SOON)
        clean_up()
        assert people.get(address).status_code == 404


def test_a_worker_that_was_killed_keeps_no_place(worker, people, settings):
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_USER = 1
    with locked():
        address = start_slow(people)
        worker.end()
        assert people.delete(address).status_code == 204
        assert not PreviewJob.objects.filter(user_slot__isnull=False).exists()
        assert ask_quick(people).json()["count"]["value"] == 3


def test_who_asks_for_the_preview_of_a_worker_that_was_killed_is_told_soon(worker, people, settings):
    """Not only when all its time is up, in five minutes."""
    with locked():
        address = start_slow(people)
        assert people.get(address).status_code == 202
        worker.end()
    until(lambda: people.get(address).status_code == 409)
    assert people.get(address).json()["code"] == "preview_lost"


def test_asking_keeps_it_alive(worker, people):
    with locked():
        address = start_slow(people)
        PreviewJob.objects.update(expires_at=timezone.now())
        assert people.get(address).status_code == 202
        clean_up()
        assert running()


def test_the_worker_has_a_limit_too(worker, people, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_JOB_SECONDS = 8
    with locked():
        address = start_slow(people)
        until(lambda: people.get(address).status_code == 409)
        assert people.get(address).json()["code"] == "budget_exceeded"
        assert not running()
    assert not PreviewJob.objects.filter(user_slot__isnull=False).exists()


def test_without_a_broker_the_statement_is_stopped_all_the_same(people):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no locks on tables.")
    with locked():
        start = time.monotonic()
        assert ask(people).json()["state"] == "over_budget"
        assert time.monotonic() - start < SOON
        assert running() == []
    assert not PreviewJob.objects.exists()
