"""Limits of previews without a worker: the budget, the places, and what is said past them."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connection
from django.db.backends.signals import connection_created
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from openedx_user_groups.actions import preview_jobs
from openedx_user_groups.contrib.lms.models import Country
from openedx_user_groups.data import PreviewState, Scope
from openedx_user_groups.evaluation.preview_places import cancel, drop, leave_place, take_place
from openedx_user_groups.exceptions import TooManyPreviews
from openedx_user_groups.models import PreviewJob
from openedx_user_groups.sets import IdSet
from sandbox.models import DataClock
from tests.workers import SOON

from .conftest import ART, AWAY, BIO, FAILING, IN_SPAIN, ROOT, assert_problem, rule, scope, snapshot

PREVIEWS = f"{ROOT}previews/"


def ask(client, definition=None, **more):
    return client.post(PREVIEWS, {"scope": scope(), "rule": definition or rule(FAILING), **more}, format="json")


def test_past_the_budget_without_a_worker(staff, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0
    before = snapshot()
    answer = ask(staff)
    assert answer.status_code == 200
    body = answer.json()
    assert body == {
        "state": "over_budget",
        "as_of": body["as_of"],
        # Five learners are seen whole: the interval is the number itself.
        "estimate": {
            "value": 4, "exactness": "estimate", "low": 4, "high": 4, "universe": 5, "sample_size": 5,
        },
    }  # fmt: skip
    assert snapshot() == before
    assert not PreviewJob.objects.exists()


def test_the_estimate_is_of_the_same_question(staff, settings):
    """Of the past, too: whom last logins say to be away now."""
    as_of = (timezone.now() - timedelta(days=15)).isoformat()
    exact = ask(staff, rule(AWAY), as_of=as_of).json()["count"]["value"]
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0
    assert ask(staff, rule(AWAY), as_of=as_of).json()["estimate"]["value"] == exact == 2


def test_past_the_budget_without_an_estimate(staff, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_SECONDS = 0
    body = ask(staff).json()
    assert (body["state"], body["estimate"]) == ("over_budget", None)


@pytest.fixture
def handed_over(staff, settings, monkeypatch):
    """What a worker answers that begins three seconds later, and what was answered before."""
    sent = []
    monkeypatch.setattr(preview_jobs, "has_workers", lambda: True)
    monkeypatch.setattr(preview_jobs, "send_task", lambda name, pk: sent.append(pk))

    def handed_over(definition, now, **more):
        DataClock.stop_at(now)
        settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0
        accepted = ask(staff, definition, **more)
        assert accepted.status_code == 202, accepted.content
        settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 20
        DataClock.stop_at(now + timedelta(seconds=3))
        preview_jobs.run_job(sent.pop())
        finished = staff.get(accepted.headers["Location"])
        assert finished.status_code == 200, finished.content
        return accepted.json(), finished.json()

    return handed_over


@pytest.mark.parametrize("away", [timedelta(days=-90, seconds=1), timedelta(days=-10), timedelta(days=90)])
def test_an_instant_that_was_accepted_is_not_refused_later(handed_over, away):
    now = timezone.now()
    accepted, finished = handed_over(rule(AWAY), now, as_of=(now + away).isoformat())
    assert accepted["as_of"] == finished["as_of"]
    assert finished["leaves"][0]["uses"] == ("current_data" if away < timedelta() else "as_of")


def test_a_worker_takes_no_instant_of_its_own(world, staff, handed_over):
    """Ada signed in ten days before the preview, to the second: not more than ten days ago."""
    now = timezone.now()
    User.objects.filter(username="ada").update(last_login=now - timedelta(days=10))
    accepted, finished = handed_over(rule(AWAY), now, token=True)
    assert accepted["as_of"] == finished["as_of"]
    assert accepted["estimate"]["value"] == finished["count"]["value"] == 1
    assert finished["leaves"][0]["uses"] == "as_of"
    body = {"scope": scope(), "name": "Saved", "rule": rule(AWAY), "preview_token": finished["token"]}
    answer = staff.post(f"{ROOT}user_groups/", body, format="json")
    body = assert_problem(answer, 409, "preview_moved", ("/preview_token", "preview_moved"))
    assert body["violations"][0]["params"]["added"] == {"count": 1, "learners": [{"username": "ada", "reason": "time"}]}


def test_an_instant_that_is_too_far_away_costs_no_budget(staff, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0
    as_of = (timezone.now() + timedelta(days=91)).isoformat()
    assert_problem(ask(staff, as_of=as_of), 400, "validation_failed", ("/as_of", "as_of_out_of_range"))
    assert not PreviewJob.objects.exists()


@pytest.fixture
def slow_criterion(settings, monkeypatch):
    """A criterion that asks the database itself, which takes longer than any budget, before its rule is evaluated."""
    settings.OPENEDX_USER_GROUPS_PREVIEW_BUDGET_SECONDS = 0.3
    settings.OPENEDX_USER_GROUPS_PREVIEW_ESTIMATE_SECONDS = 0.3
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000) SELECT COUNT(*) FROM n"
    slow = {"sqlite": counting, "mysql": "SELECT SLEEP(30)", "postgresql": "SELECT pg_sleep(30)"}[connection.vendor]

    def learner_set(self, context):
        with connection.cursor() as cursor:
            cursor.execute(slow)
            return IdSet(row[0] for row in cursor.fetchall())

    monkeypatch.setattr(Country, "learner_set", learner_set)


def test_a_criterion_that_is_slow_before_the_rule_is_evaluated(staff, slow_criterion):
    start = time.monotonic()
    answer = ask(staff, rule(IN_SPAIN))
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["estimate"]) == ("over_budget", None)
    assert time.monotonic() - start < SOON
    assert not PreviewJob.objects.exists()


def test_it_is_handed_to_a_worker_all_the_same(staff, slow_criterion, monkeypatch):
    sent = []
    monkeypatch.setattr(preview_jobs, "has_workers", lambda: True)
    monkeypatch.setattr(preview_jobs, "send_task", lambda name, pk: sent.append(pk))
    answer = ask(staff, rule(IN_SPAIN))
    assert (answer.status_code, answer.json()["state"], answer.json()["estimate"]) == (202, "queued", None)
    assert sent == [PreviewJob.objects.get().pk]


def test_too_many_of_one_person(world, staff, settings):
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_USER = 2
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0.3
    own, other = world.users["staff"].pk, world.users["admin"].pk
    held = [take_place(own, Scope.course(BIO), editor) for editor in ("one", "two")]
    start = time.monotonic()
    answer = ask(staff)
    assert_problem(answer, 429, "too_many_previews")
    assert answer.headers["Retry-After"] == "2"
    assert 0.3 <= time.monotonic() - start < SOON
    assert ask(world.client("admin")).status_code == 200
    drop(held[0])
    assert ask(staff).status_code == 200
    assert other != own


def test_too_many_in_one_course(world, settings):
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_SCOPE = 2
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0
    for name in ("ada", "ben"):
        take_place(world.users[name].pk, Scope.course(BIO), "")
    admin = world.client("admin")
    assert_problem(ask(admin), 429, "too_many_previews")
    elsewhere = {"scope": scope(ART), "rule": rule(FAILING)}
    assert admin.post(PREVIEWS, elsewhere, format="json").status_code == 200


def test_an_answer_gives_its_place_up_whatever_it_is(staff):
    assert ask(staff).status_code == 200
    assert_problem(ask(staff, rule()), 400, "validation_failed", ("/rule/nodes", "empty_node"))
    assert not PreviewJob.objects.exists()


def test_what_a_dead_process_held_is_free_again(world, settings):
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_USER = 1
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0
    user, course = world.users["staff"].pk, Scope.course(BIO)
    take_place(user, course, "one")
    with pytest.raises(TooManyPreviews):
        take_place(user, course, "two")
    long_ago = timezone.now() - timedelta(minutes=1)
    PreviewJob.objects.update(deadline=long_ago, expires_at=long_ago)
    assert take_place(user, course, "two").pk


def test_a_newer_preview_of_the_same_editor_cancels_the_older(world):
    user, course = world.users["staff"].pk, Scope.course(BIO)
    older, elsewhere = take_place(user, course, "form"), take_place(user, course, "other form")
    take_place(user, course, "form")
    states = dict(PreviewJob.objects.values_list("pk", "state"))
    assert (states[older.pk], states[elsewhere.pk]) == (PreviewState.CANCELLED, PreviewState.WAITED_FOR)
    assert leave_place(older, state=PreviewState.SUCCEEDED) is False
    assert leave_place(elsewhere, state=PreviewState.SUCCEEDED) is True


def test_one_that_waits_for_a_worker_is_cancelled_at_once(world):
    job = take_place(world.users["staff"].pk, Scope.course(BIO), "")
    PreviewJob.objects.filter(pk=job.pk).update(state=PreviewState.QUEUED, connection_id=None)
    cancel(job.pk, patience=5)
    job.refresh_from_db()
    assert (job.state, job.user_slot, job.scope_slot, job.editor_slot) == ("cancelled", None, None, None)


def test_who_may_ask_after_a_preview(world, staff):
    job = take_place(world.users["staff"].pk, Scope.course(BIO), "")
    address = f"{PREVIEWS}{job.uuid}/"
    assert_problem(staff.get(address), 404, "not_found")  # It is answered to whoever waits for it.
    now = timezone.now()
    PreviewJob.objects.filter(pk=job.pk).update(
        state=PreviewState.QUEUED,
        connection_id=None,
        as_of=now,
        request={"rule": {}, "options": {"sample_size": 3, "sample_offset": 0}},
    )
    answer = staff.get(address)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["id"], body["state"], body["poll_after_ms"], body["estimate"]) == (str(job.uuid), "queued", 500, None)
    assert answer.headers["Retry-After"] == "1"
    for name in ("admin", "other_staff"):
        assert_problem(world.client(name).get(address), 404, "not_found")
        assert_problem(world.client(name).delete(address), 404, "not_found")
    assert_problem(staff.get(f"{PREVIEWS}abc/"), 404, "not_found")
    assert staff.delete(address).status_code == 204
    assert_problem(staff.get(address), 409, "preview_cancelled")


def failing_inserts(monkeypatch, error):
    """Every insert of a preview fails, soon or else all would hang. The list has one entry an attempt."""
    attempts, start = [], time.monotonic()

    def save(self, **options):
        assert time.monotonic() - start < SOON
        attempts.append(self)
        raise error

    monkeypatch.setattr(PreviewJob, "save", save)
    return attempts


def deadlock():
    """What the database under test says when two inserts have met."""
    error = OperationalError(1213, "Deadlock found") if connection.vendor == "mysql" else OperationalError("is locked")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": "40P01"})()
    return error


@pytest.mark.parametrize("error", [IntegrityError("duplicate"), deadlock])
def test_inserts_that_keep_failing_end_with_the_waiting_time(world, staff, settings, monkeypatch, error):
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0.4
    attempts = failing_inserts(monkeypatch, error() if callable(error) else error)
    assert_problem(ask(staff), 429, "too_many_previews")
    assert 2 <= len(attempts) <= 10


def test_an_insert_that_cannot_succeed_is_tried_once(world, monkeypatch):
    attempts = failing_inserts(monkeypatch, OperationalError(1290, "The server is read-only"))
    with pytest.raises(OperationalError):
        take_place(world.users["staff"].pk, Scope.course(BIO), "")
    assert len(attempts) == 1


@pytest.mark.parametrize("end", ["cancelled", "abandoned", "replaced"])
def test_a_dead_worker_holds_no_place(world, staff, settings, end):
    if connection.vendor == "sqlite":
        pytest.skip("Connections have no numbers.")
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_USER = 1
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0
    job, now = take_place(world.users["staff"].pk, Scope.course(BIO), "form"), timezone.now()
    expired = now - timedelta(seconds=1) if end == "abandoned" else now + timedelta(minutes=4)
    running = PreviewJob.objects.filter(pk=job.pk)
    running.update(
        state=PreviewState.RUNNING,
        connection_id=99_999_999,
        as_of=now,
        deadline=now + timedelta(minutes=4),
        expires_at=expired,
        request={"rule": {}, "options": {"sample_size": 3, "sample_offset": 0}},
    )
    if end == "cancelled":
        start = time.monotonic()
        assert staff.delete(f"{PREVIEWS}{job.uuid}/").status_code == 204
        assert time.monotonic() - start < SOON  # There is nobody to wait for.
    assert ask(staff, editor="form" if end == "replaced" else "other").status_code == 200
    if end != "abandoned":
        assert running.values_list("state", "user_slot", "scope_slot", "editor_slot", "connection_id").get() == (
            PreviewState.CANCELLED, None, None, None, None,
        )  # fmt: skip


def test_one_that_no_worker_finishes(world, staff):
    job = take_place(world.users["staff"].pk, Scope.course(BIO), "")
    past = timezone.now() - timedelta(minutes=5)
    PreviewJob.objects.filter(pk=job.pk).update(
        state=PreviewState.RUNNING, deadline=past, request={"options": {}}, as_of=past
    )
    assert_problem(staff.get(f"{PREVIEWS}{job.uuid}/"), 409, "preview_lost")


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_twenty_editors_at_once(settings, world):
    """Never more at work, or connected, than allowed; everybody gets an answer, and nothing is left behind."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time.")
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_SCOPE = 3
    settings.OPENEDX_USER_GROUPS_PREVIEW_ENTRANCE_SIZE = 2
    # How many are answered within the usual second says how busy the machine is.
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = SOON
    statuses: list[int] = []
    most, done = 0, threading.Event()
    opened, numbers = [], []

    def count(connection, **event):
        """Here, where they are opened and closed: the server sees a connection a little longer than it is there."""
        opened.append(connection)
        numbers.append(sum(each.connection is not None for each in set(opened)))

    def edit(token):
        client = APIClient(headers={"Authorization": f"Token {token}"})
        for _number in range(3):
            statuses.append(ask(client, rule(AWAY, FAILING)).status_code)

    def watch():
        nonlocal most
        while not done.is_set():
            most = max(most, PreviewJob.objects.filter(scope_slot__isnull=False).count())
        connection.close()

    for number in range(20):
        User.objects.create(username=f"editor_{number}", is_staff=True, is_superuser=True)
    tokens = [Token.objects.create(user=user).key for user in User.objects.filter(username__startswith="editor_")]
    editors = [threading.Thread(target=edit, args=[token]) for token in tokens]
    watcher = threading.Thread(target=watch)
    connection_created.connect(count)
    try:
        for thread in (watcher, *editors):
            thread.start()
        for thread in editors:
            thread.join()
    finally:
        connection_created.disconnect(count)
        done.set()
        watcher.join()
    assert len(statuses) == 60
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 20
    assert 1 <= most <= 3
    assert len(opened) > 20
    assert max(numbers) <= 3 + 2 + 1  # The one that watches.
    assert not PreviewJob.objects.exists()
