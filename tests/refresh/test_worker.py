"""A refresh in a real Celery worker process, through Redis, on the database under test: how it goes, and how it dies.

The workers are stopped at a known place by a lock that the test holds, and killed there.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import ChangeKind, GroupState, RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import ScopeLock, UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.refresh.upkeep import keep_up
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule
from tests.workers import (
    PATIENCE,
    SHARED,
    Worker,
    end_connection,
    eventually,
    second_connection,
    use_broker,
    waiting_connections,
)

from .worker_settings import OPENEDX_USER_GROUPS_LEASE_SECONDS as LEASE_SECONDS

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

GROUPS, MEMBERS, RUNS, SCOPES = (model._meta.db_table for model in (UserGroup, Membership, Refresh, ScopeLock))
IDLE = rule(criterion("last_login", operator=">", days=10))


@pytest.fixture
def group(settings: Any) -> UserGroup:
    """One whose next refresh has something to write."""
    if connection.vendor == "sqlite":
        pytest.skip("A worker is another process: it needs a database server (make test-services runs it on two).")
    settings.OPENEDX_USER_GROUPS_LEASE_SECONDS = LEASE_SECONDS
    return group_about_to_change()


def group_about_to_change() -> UserGroup:
    """Twenty members, of whom eight leave with the next refresh and twelve others join."""
    long_ago, now = timezone.now() - timedelta(days=100), timezone.now()
    learners = [LearnerFactory(enrolled_in=COURSE, last_login=long_ago) for _ in range(20)]
    others = [LearnerFactory(enrolled_in=COURSE, last_login=now) for _ in range(12)]
    group = create_group(COURSE, IDLE)
    User.objects.filter(pk__in=[learner.pk for learner in learners[:8]]).update(last_login=now)
    User.objects.filter(pk__in=[other.pk for other in others]).update(last_login=long_ago)
    return group


def matching_now() -> IdSet:
    """The oracle: who has not been here for long."""
    return IdSet(User.objects.filter(last_login__lt=timezone.now() - timedelta(days=10)).values_list("pk", flat=True))


def members_by_history(group: UserGroup) -> IdSet:
    """Who is in the group if history is right."""
    present = IdSet()
    for user_id, kind in MembershipChange.objects.filter(user_group=group).order_by("pk").values_list("user", "kind"):
        (present.add if kind == ChangeKind.ADDED else present.remove)(user_id)
    return present


def assert_consistent(group: UserGroup, *allowed: IdSet) -> None:
    """The members are one of the allowed sets; history and count say the same, at one instant."""
    with snapshot():
        present, by_history = member_ids(group), members_by_history(group)
        count = UserGroup.objects.get(pk=group.pk).member_count
    assert present in allowed
    assert by_history == present
    assert count == len(present)


@contextmanager
def snapshot() -> Iterator[None]:
    """All reads see one state of the database: a worker may be about to write."""
    with ExitStack() as stack:
        if connection.vendor == "mysql":  # Said before a transaction begins, and meant for the next one.
            _read_repeatably()
        stack.enter_context(transaction.atomic())
        if connection.vendor == "postgresql":
            _read_repeatably()
        yield


def _read_repeatably() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def finished(refresh: Refresh) -> bool:
    refresh.refresh_from_db()
    return refresh.slot is None


# Where a worker is stopped: each holds a lock, starts the worker, and yields the connection that waits for the lock.


@contextmanager
def before_it_reads(group: UserGroup, worker: Worker) -> Iterator[int]:
    """It has claimed the run and marks the group."""
    with second_connection() as cursor:
        cursor.execute(f"SELECT id FROM {GROUPS} WHERE id = {group.pk} FOR UPDATE")
        worker.start()
        yield comes_to(f"UPDATE%{GROUPS}")


@contextmanager
def after_the_evaluation(group: UserGroup, worker: Worker) -> Iterator[int]:
    """It waits for the other writers of the scope."""
    with second_connection() as cursor:
        cursor.execute(f"SELECT id FROM {SCOPES} FOR UPDATE")
        worker.start()
        yield comes_to(SCOPES)


@contextmanager
def in_the_middle_of_writing(group: UserGroup, worker: Worker) -> Iterator[int]:
    """It has removed five of eight; somebody holds the row of the last one."""
    last = max(member_ids(group) - matching_now())
    with second_connection() as cursor:
        cursor.execute(f"SELECT id FROM {MEMBERS} WHERE user_group_id = {group.pk} AND user_id = {last} FOR UPDATE")
        worker.start()
        yield comes_to(f"DELETE FROM%{MEMBERS}")


@contextmanager
def before_the_run_is_closed(group: UserGroup, worker: Worker) -> Iterator[int]:
    """It has written members, history and counts."""
    with second_connection() as cursor:
        with after_the_evaluation(group, worker):
            run = Refresh.objects.get(user_group=group, slot=Slot.RUNNING)
            # Shared: history refers to the run, and may.
            cursor.execute(f"SELECT id FROM {RUNS} WHERE id = {run.pk} {SHARED[connection.vendor]}")
        yield comes_to(f"UPDATE%{RUNS}")


PLACES = [before_it_reads, after_the_evaluation, in_the_middle_of_writing, before_the_run_is_closed]


def comes_to(text: str) -> int:
    """The connection that waits with such a statement."""
    return eventually(lambda: waiting_connections(text), f"no worker waits at {text}")[0]


def test_refresh_runs_in_a_worker(group, broker):
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    assert refresh.state == RefreshState.QUEUED
    assert len(member_ids(group)) == 20
    with Worker(*broker) as worker:
        worker.start()
        eventually(lambda: finished(refresh), "the refresh is not over")
        told = OutboxMessage.objects.filter(refresh=refresh)
        eventually(lambda: told.filter(state="delivered").exists(), "nobody was told of the change")
    assert (refresh.state, refresh.added_count, refresh.removed_count) == (RefreshState.SUCCEEDED, 12, 8)
    assert_consistent(group, matching_now())
    assert site_settings.CELERY_BROKER_URL is None  # This process stays without one.


@pytest.mark.parametrize("place", PLACES)
def test_a_worker_that_is_killed_leaves_nothing_half_done(group, broker, place):
    old, new = member_ids(group), matching_now()
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    with Worker(*broker) as worker:
        with place(group, worker):
            worker.end()
        killed_at = time.monotonic()
        # The server notices that nobody is there, and undoes what was not committed.
        eventually(lambda: not waiting_connections(""), "a connection still waits")
        assert_consistent(group, old, new)
        worker.start()
        eventually(lambda: [keep_up(), finished(refresh)][-1], "the refresh is not over")
    assert (refresh.state, refresh.attempts) == (RefreshState.SUCCEEDED, 2)
    assert time.monotonic() - killed_at < LEASE_SECONDS + PATIENCE / 2  # And the start of a worker.
    assert_consistent(group, new)
    assert api.get_user_group(group.uuid).state == GroupState.FRESH


@pytest.mark.parametrize("place", [after_the_evaluation, in_the_middle_of_writing])
def test_a_lost_connection_is_made_again(group, broker, place):
    """As when the database is restarted: the worker lives, and tries again."""
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    with Worker(*broker) as worker:
        with place(group, worker) as pid:
            end_connection(pid)
        eventually(lambda: finished(refresh), "the refresh is not over")
    assert (refresh.state, refresh.attempts) == (RefreshState.SUCCEEDED, 1)
    assert_consistent(group, matching_now())


def test_a_worker_that_was_taken_for_dead_writes_nothing(group, broker):
    """It stood still for longer than its lease; somebody else has done its work meanwhile, and things have moved on."""
    new, refresh = matching_now(), request_refresh(group, RefreshTrigger.MANUAL)
    with Worker(*broker) as slow, Worker(*broker) as other:
        with before_it_reads(group, slow):
            slow.suspend()
        eventually(lambda: (keep_up() or {}).get("recover"), "the run is not recovered")
        other.start()
        eventually(lambda: finished(refresh), "the refresh is not over")
        assert (refresh.state, refresh.attempts) == (RefreshState.SUCCEEDED, 2)
        history = MembershipChange.objects.count()
        User.objects.update(last_login=timezone.now())
        slow.resume()
        eventually(lambda: "was cancelled or taken over" in slow.log(), "the slow worker does not notice")
    assert MembershipChange.objects.count() == history
    assert_consistent(group, new)


def test_what_a_broker_has_lost_is_sent_again(group, monkeypatch, settings):
    """The broker is restarted, and its queue is empty."""
    settings.OPENEDX_USER_GROUPS_RESEND_SECONDS = 1
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("There is no redis-server that this test could restart.")
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    broker = (f"redis://127.0.0.1:{port}/0", "user_groups")
    use_broker(monkeypatch, *broker)
    command = [program, "--port", str(port), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"]

    def server() -> subprocess.Popen[bytes]:
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the broker does not start")
        return started

    first = server()
    refresh = request_refresh(group, RefreshTrigger.MANUAL)
    first.kill()
    first.wait()
    second = server()
    try:
        with Worker(*broker) as worker:
            worker.start()
            eventually(lambda: [keep_up(), finished(refresh)][-1], "the refresh is not over")
        assert refresh.state == RefreshState.SUCCEEDED
    finally:
        second.kill()
        second.wait()
    assert_consistent(group, matching_now())
