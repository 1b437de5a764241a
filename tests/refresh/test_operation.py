"""The operators' commands, logs and measurements."""

from __future__ import annotations

import logging
import sys
import types
from io import StringIO
from unittest.mock import Mock

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from openedx_user_groups import api, monitoring
from openedx_user_groups.actions import refreshes as actions
from openedx_user_groups.contrib.lms.criteria.last_login import LastLogin
from openedx_user_groups.criteria import registry
from openedx_user_groups.data import RefreshTrigger
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import MembershipChange
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.refresh import leases, recovery, retention, runs
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import request_refresh
from openedx_user_groups.signals_api import measured
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db

NEVER = rule(criterion("last_login", operator="not_exists"))


@pytest.fixture
def group() -> UserGroup:
    LearnerFactory(enrolled_in=COURSE)
    return create_group(COURSE, NEVER, name="Never")


def output(command: str, *arguments: str, exits: int = 0) -> list[str]:
    out = StringIO()
    if exits:
        with pytest.raises(SystemExit) as stopped:
            call_command(command, *arguments, stdout=out)
        assert stopped.value.code == exits
    else:
        call_command(command, *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_check_lists_groups_in_trouble_and_why(group, monkeypatch):
    assert output("check_user_groups") == ["0 user groups in trouble"]
    create_group(COURSE, rule(criterion("account_age", operator=">=", days=0)), name="Fine")
    with registry.without("last_login"):
        line, total = output("check_user_groups", exits=1)
    assert line == (
        f"{group.uuid} {COURSE} “Never” unevaluable criterion_type_missing /rule/nodes/0: "
        "The criterion type “last_login” is not installed."
    )
    assert total == "1 user groups in trouble"

    def fail(self, context):
        raise SourceUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(LastLogin, "fact", fail)
        request_refresh(group, RefreshTrigger.SCHEDULE)
    line, _total = output("check_user_groups", exits=1)
    assert line.startswith(f"{group.uuid} {COURSE} “Never” stale source_unavailable: ")
    assert output("check_user_groups", "--unevaluable") == ["0 user groups in trouble"]
    request_refresh(group, RefreshTrigger.SCHEDULE)
    assert output("check_user_groups") == ["0 user groups in trouble"]


@pytest.fixture
def held(group, settings) -> Refresh:
    """The one member came back unnoticed; a person has to say whether the group is to be empty."""
    settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM = 1
    User.objects.update(last_login=timezone.now())
    return request_refresh(group, RefreshTrigger.SCHEDULE)


def test_check_says_nothing_of_what_a_person_has_decided(group, held):
    api.discard_refresh(group, held.uuid, acting_user=LearnerFactory(is_staff=True))
    assert api.get_user_group(group.uuid).state_code == "difference_discarded"
    assert output("check_user_groups") == ["0 user groups in trouble"]


def test_check_says_nothing_of_groups_that_are_not_in_use(group):
    staff = LearnerFactory(is_staff=True)
    for change in ({"is_frozen": True}, {"is_frozen": False, "is_enabled": False}):
        api.update_user_group(group.uuid, changes=change, rule_version=None, acting_user=staff)
        with registry.without("last_login"):
            assert output("check_user_groups") == ["0 user groups in trouble"]


def test_clean_up(group, settings):
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = settings.OPENEDX_USER_GROUPS_RUN_RETENTION_DAYS = 30
    staff = LearnerFactory(is_staff=True)
    away = rule(criterion("last_login", operator="exists"))
    api.update_user_group(group.uuid, changes={"rule": away}, rule_version=1, acting_user=staff)
    call_command("deliver_user_group_messages", stdout=StringIO())
    long_ago = timezone.now() - timezone.timedelta(days=31)
    first, _second = Refresh.objects.order_by("pk")
    MembershipChange.objects.update(at=long_ago)
    Refresh.objects.filter(pk=first.pk).update(requested_at=long_ago)
    OutboxMessage.objects.filter(refresh=first).update(next_attempt_at=long_ago)
    counted = output("clean_user_group_history", "--dry-run")
    assert counted[-1] == "2 membership changes, 1 runs, 1 messages would be deleted"
    assert (MembershipChange.objects.count(), Refresh.objects.count()) == (2, 2)
    assert output("clean_user_group_history") == [
        "  … 2 changes",
        "  … 1 messages",
        "  … 1 runs",
        "2 membership changes, 1 runs, 1 messages deleted",
    ]
    assert (MembershipChange.objects.count(), Refresh.objects.count()) == (0, 1)
    assert output("clean_user_group_history") == ["0 membership changes, 0 runs, 0 messages deleted"]


def test_runs_that_a_person_has_decided_about_are_cleaned_up_too(group, held):
    staff = LearnerFactory(is_staff=True)
    api.discard_refresh(group, held.uuid, acting_user=staff)
    second = request_refresh(group, RefreshTrigger.SCHEDULE)
    api.confirm_refresh(group, second.uuid, acting_user=staff)
    states = list(Refresh.objects.order_by("pk").values_list("state", flat=True))
    assert states == ["succeeded", "discarded", "confirmed", "succeeded"]
    call_command("deliver_user_group_messages", stdout=StringIO())
    retention.clean_up(now=timezone.now() + timezone.timedelta(days=1000))
    assert list(Refresh.objects.values_list("state", flat=True)) == ["succeeded"]


def test_delivery(group):
    assert output("deliver_user_group_messages") == ["2 delivered, 0 failed, 0 given up"]
    OutboxMessage.objects.update(state="dead")
    assert output("deliver_user_group_messages", "--retry-dead") == [
        "2 messages are tried again",
        "2 delivered, 0 failed, 0 given up",
    ]


def test_logs_name_the_group_the_run_and_the_trigger(group, caplog):
    caplog.set_level(logging.INFO)
    refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    about = [(record.user_group, record.refresh, record.trigger) for record in caplog.records]  # type: ignore[attr-defined]
    assert about == [(str(group.uuid), str(refresh.uuid), "schedule")] * 2


def test_every_record_about_a_run_names_it(group, held, caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    staff = LearnerFactory(is_staff=True)
    about = [(str(group.uuid), str(held.uuid), "schedule")]
    api.discard_refresh(group, held.uuid, acting_user=staff)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "_evaluate", Mock(side_effect=[ZeroDivisionError, leases.LeaseLost]))
        for _ in range(2):
            failed = request_refresh(group, RefreshTrigger.SCHEDULE)
            about += [(str(group.uuid), str(failed.uuid), "schedule")] * 2
            Refresh.objects.filter(pk=failed.pk).update(slot=None)
    second = request_refresh(group, RefreshTrigger.SCHEDULE)
    about += [(str(group.uuid), str(second.uuid), "schedule")] * 3
    caplog.records[:] = [record for record in caplog.records if record.name.startswith("openedx_user_groups")]
    with monkeypatch.context() as patch:
        patch.setattr(actions, "request_refresh", Mock())
        api.confirm_refresh(group, second.uuid, acting_user=staff)
    dead, _is_new = leases.open_run(group, Slot.RUNNING, trigger=RefreshTrigger.MANUAL)
    about.append((str(group.uuid), str(dead.uuid), "manual"))
    recovery.recover_dead_runs(dead.lease_until + timezone.timedelta(seconds=1))
    found = [(record.user_group, record.refresh, record.trigger) for record in caplog.records]  # type: ignore[attr-defined]
    assert found[: len(about)] == about


def test_runs_that_are_held_or_cancelled_are_measured(group, settings, django_capture_on_commit_callbacks):
    settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM = 1
    User.objects.update(last_login=timezone.now())
    heard = []
    measured.connect(lambda name, tags, **kwargs: heard.append((name, tags)), weak=False, dispatch_uid="test")
    try:
        with django_capture_on_commit_callbacks(execute=True):
            request_refresh(group, RefreshTrigger.SCHEDULE)
            leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.MANUAL)
            api.archive_user_group(group.uuid, acting_user=LearnerFactory(is_staff=True))
    finally:
        measured.disconnect(dispatch_uid="test")
    held, cancelled = {"trigger": "schedule", "state": "held"}, {"trigger": "manual", "state": "cancelled"}
    assert heard == [
        ("refresh.finished", {**held, "error": "removes_too_many"}),
        ("refresh.seconds", held),
        ("refresh.finished", {**cancelled, "error": ""}),
    ]


def test_measurements(group, django_capture_on_commit_callbacks):
    heard = []

    def listen(name, value, tags, **kwargs):
        heard.append((name, value, tags))

    def fail(**kwargs):
        raise ZeroDivisionError

    for receiver in (fail, listen):
        measured.connect(receiver)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            refresh = request_refresh(group, RefreshTrigger.SCHEDULE)
    finally:
        for receiver in (fail, listen):
            measured.disconnect(receiver)
    assert refresh.state == "succeeded"
    tags = {"trigger": "schedule", "state": "succeeded"}
    seconds = (refresh.finished_at - refresh.started_at).total_seconds()
    assert heard == [("refresh.finished", 1, {**tags, "error": ""}), ("refresh.seconds", seconds, tags)]


def test_measurements_become_metrics_where_prometheus_is_installed(monkeypatch, request):
    """Against the few names of the client that are used; the client itself is no dependency."""
    made = {}

    class Metric:
        def __init__(self, name, text, tags):
            made[name] = self
            self.calls = []

        def labels(self, **tags):
            self.tags = tags
            return self

        def inc(self, value):
            self.calls.append(("inc", value))

        def observe(self, value):
            self.calls.append(("observe", value))

    client = types.ModuleType("prometheus_client")
    client.Counter = client.Summary = Metric
    client.__spec__ = object()
    monkeypatch.setitem(sys.modules, "prometheus_client", client)
    monitoring._has_prometheus.cache_clear()
    request.addfinalizer(monitoring._has_prometheus.cache_clear)
    monitoring.measure("test.finished", state="failed")
    monitoring.measure("test.finished", state="failed")
    monitoring.measure("test.seconds", 0.5)
    assert made["user_groups_test_finished"].calls == [("inc", 1)] * 2
    assert made["user_groups_test_finished"].tags == {"state": "failed"}
    assert made["user_groups_test_seconds"].calls == [("observe", 0.5)]
