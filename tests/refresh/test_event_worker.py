"""Events and drains with a real Celery worker process, through Redis, on the database under test."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openedx_events.learning.data import UserData, UserPersonalData
from openedx_events.learning.signals import SESSION_LOGIN_COMPLETED

from openedx_user_groups.data import GroupState, RefreshTrigger
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import marks
from openedx_user_groups.refresh.drain import drain
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)
from sandbox.platform.student.models import CourseEnrollment
from tests.workers import Worker, database_url, eventually

IDLE = criterion("last_login", operator=">", days=10)
STORM = 10_000

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def real_clock(settings):
    settings.OPENEDX_USER_GROUPS_CLOCK = "django.utils.timezone.now"


@pytest.fixture
def worker(broker, settings) -> Iterator[Worker]:
    """A worker with two processes; its cache in Redis is that of this process too."""
    url, queue = broker
    # Keys of its own, and never cleared: that would empty the whole database, with the queues of other tests.
    in_redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url, "KEY_PREFIX": queue}
    settings.CACHES = {"default": in_redis}
    with Worker(*broker, processes=2) as worker:
        worker.start()
        eventually(lambda: "ready." in worker.log(), "the worker does not start")
        yield worker


def wait(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < until, "It took too long."
        time.sleep(0.005)


def test_from_the_event_to_the_membership(worker):
    """How soon is measured by benchmarks/events_under_load.py, as is what a sign-in costs."""
    group = create_group_here(rule(criterion("last_login", operator="not_exists")))
    for number in range(3):
        user = LearnerFactory(username=f"new_{number}")
        CourseEnrollment.objects.create(user=user, course_id=COURSE.course_key)
        member = Membership.objects.filter(user=user, user_group=group, origin=RefreshTrigger.EVENT)
        wait(member.exists)


def test_a_storm_of_sign_ins(worker):
    now = timezone.now()
    users = User.objects.bulk_create(
        [User(username=f"idle_{n}", password="!", last_login=now - timedelta(days=20)) for n in range(STORM)], 2_000
    )
    users = list(User.objects.filter(username__startswith="idle_"))
    CourseEnrollment.objects.bulk_create(
        [CourseEnrollment(user=user, course_id=COURSE.course_key) for user in users], 2_000
    )
    groups = [create_group_here(rule(IDLE), name=f"Idle {n}") for n in range(3)]
    assert Membership.objects.count() == 3 * STORM
    for user in users:
        User.objects.filter(pk=user.pk).update(last_login=now)
        send_sign_in(user.pk)
    wait(lambda: marks.pending_count() == 0)
    assert Membership.objects.count() == 0
    assert [refreshed.member_count for refreshed in type(groups[0]).objects.all()] == [0, 0, 0]
    assert MembershipChange.objects.filter(kind="removed").count() == 3 * STORM
    # Nobody's membership was written twice, and few runs hold many learners.
    assert sum(Refresh.objects.filter(trigger="event").values_list("removed_count", flat=True)) == 3 * STORM
    # Every claim of a mark is one answer for its learner.
    claimed = [int(number) for number in re.findall(r"(\d+) marks claimed", worker.log())]
    assert STORM <= sum(claimed) <= 2 * STORM


def send_sign_in(user: int) -> None:
    """What the platform sends when somebody has signed in."""
    nobody = UserPersonalData(username="nobody", email="", name="")
    SESSION_LOGIN_COMPLETED.send_event(user=UserData(id=user, is_active=True, pii=nobody))


def test_drains_side_by_side_share_the_marks():
    database_url()
    users = [LearnerFactory(enrolled_in=COURSE, last_login=timezone.now()) for _ in range(200)]
    create_group_here(rule(IDLE))
    marks.mark({Touched(user.pk) for user in users}, "test")
    answers: list[int] = []

    def drain_in_thread() -> None:
        try:
            answers.append(drain().answers)
        finally:
            close_old_connections()
            connection.close()

    threads = [Thread(target=drain_in_thread) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answers) == len(users)
    assert marks.pending_count() == 0


def create_group_here(definition, **options):
    """Create a group and fill it here, whoever else could."""
    conf = current_app.conf
    broker, conf.broker_url = conf.broker_url, None
    try:
        return create_group(COURSE, definition, **options)
    finally:
        conf.broker_url = broker


@pytest.mark.parametrize("groups", [10, 100, 1_000])
def test_statements_of_one_event(groups, savepoint):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite takes few values a statement.")
    user = LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=20))
    for number in range(groups):
        definition = rule(
            criterion("last_login", operator=">", days=number % 10 + 5),
            criterion("country", operator="not_exists"),
            criterion("course_grade", operator="<", percent=number % 90 + 1),
        )
        UserGroupFactory(rule=definition, members_rule_version=1, state=GroupState.FRESH)
    counted = []
    for last_login in (timezone.now() - timedelta(days=20), timezone.now(), timezone.now() - timedelta(days=30)):
        User.objects.filter(pk=user.pk).update(last_login=last_login)
        marks.mark({Touched(user.pk)}, "test")
        with CaptureQueriesContext(connection) as captured:
            changed = drain().groups_changed
        counted.append((changed, len(captured)))
    # All win a member (and rules are read), all lose one, all win one. MySQL does not return the keys of new rows.
    statements = 22 + savepoint + (0 if connection.features.can_return_rows_from_bulk_insert else 1)
    assert counted[1:] == [(groups, statements), (groups, statements)]
