"""The database server dies while a worker writes, and comes back. The test has a server of its own for that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from openedx_user_groups import api
from openedx_user_groups.data import GroupState, RefreshTrigger
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.refresh.upkeep import keep_up
from tests.workers import PATIENCE, Worker, eventually, use_broker

from .own_server import OwnServer, own_server
from .test_worker import (
    after_the_evaluation,
    assert_consistent,
    before_it_reads,
    before_the_run_is_closed,
    group_about_to_change,
    in_the_middle_of_writing,
    matching_now,
)
from .worker_settings import OPENEDX_USER_GROUPS_LEASE_SECONDS as LEASE_SECONDS
from .worker_settings import OPENEDX_USER_GROUPS_RETRY_MINUTES as RETRY_MINUTES

pytestmark = [pytest.mark.services, pytest.mark.slow]


@pytest.fixture
def server(django_db_blocker: Any, settings: Any) -> Iterator[OwnServer]:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no server (make test-services runs this on two).")
    settings.OPENEDX_USER_GROUPS_LEASE_SECONDS = LEASE_SECONDS
    settings.OPENEDX_USER_GROUPS_RETRY_MINUTES = RETRY_MINUTES
    with django_db_blocker.unblock(), own_server() as server:
        yield server


def test_the_database_is_killed_and_comes_back(server, broker_of_the_test, monkeypatch):
    """At each place: the old members or the new ones, history that adds up, and the group is right within a lease."""
    for place in (before_it_reads, after_the_evaluation, in_the_middle_of_writing, before_the_run_is_closed):
        group = group_about_to_change()
        old, new = member_ids(group), matching_now()
        with monkeypatch.context() as patched, Worker(*broker_of_the_test) as worker:
            use_broker(patched, *broker_of_the_test)
            request_refresh(group, RefreshTrigger.MANUAL)
            with place(group, worker):
                server.kill()
            connection.close()
            server.start()
            back_at = time.monotonic()
            assert_consistent(group, old, new)
            eventually(lambda group=group: [keep_up(), is_fresh(group)][-1], "the group is not refreshed")
            assert time.monotonic() - back_at < LEASE_SECONDS + PATIENCE / 2, place.__name__
        assert_consistent(group, new)


def is_fresh(group):
    found = api.get_user_group(group.uuid)
    return found.state == GroupState.FRESH and found.members_as_of > group.members_as_of
