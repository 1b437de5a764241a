"""Settings of the database with which writers overlook each other's members."""

from __future__ import annotations

from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import checks
from django.db import connection, transaction

from openedx_user_groups import api
from openedx_user_groups.checks import check_settings, databases
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, UserGroupFactory


def found(monkeypatch: Any, vendor: str, **options: object) -> list[str]:
    """The ids of what is wrong with a connection of such a database."""
    default = SimpleNamespace(vendor=vendor, settings_dict={"OPTIONS": options})
    monkeypatch.setattr(databases, "connections", {"default": default})
    messages = check_settings(None)
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


@pytest.mark.parametrize("level", ["repeatable read", "REPEATABLE READ", None])
def test_mysql_that_repeats_reads(monkeypatch, level):
    assert found(monkeypatch, "mysql", isolation_level=level) == ["openedx_user_groups.W001"]


def test_postgresql_that_repeats_reads(monkeypatch):
    isolation = pytest.importorskip("psycopg").IsolationLevel
    assert found(monkeypatch, "postgresql", isolation_level=isolation.REPEATABLE_READ) == ["openedx_user_groups.W001"]
    assert found(monkeypatch, "postgresql", isolation_level=isolation.READ_COMMITTED) == []


@pytest.mark.parametrize(
    ("vendor", "options"),
    [
        ("mysql", {}),
        ("mysql", {"isolation_level": "read committed"}),
        ("postgresql", {}),
        ("sqlite", {"isolation_level": None}),
    ],
)
def test_what_reads_what_is_committed(monkeypatch, vendor, options):
    assert found(monkeypatch, vendor, **options) == []


def test_the_check_is_run_with_the_others():
    assert [message for message in checks.run_checks() if message.id == "openedx_user_groups.W001"] == []
    assert check_settings in checks.registry.registry.get_checks()


@pytest.mark.django_db(transaction=True)
def test_a_request_that_has_read_before_sees_what_others_have_written_since():
    """With the settings that the check accepts."""
    if connection.vendor == "sqlite":
        pytest.skip("It has one writer at a time, from the beginning of the request on.")
    staff, early, late = LearnerFactory(is_staff=True), LearnerFactory(), LearnerFactory(enrolled_in=COURSE)
    group = UserGroupFactory(manual=True, members=[early])

    def meanwhile() -> None:
        api.add_members(group, [late.username], acting_user=staff)
        connection.close()

    with transaction.atomic():
        assert Membership.objects.count() == 1
        thread = Thread(target=meanwhile)
        thread.start()
        thread.join()
        api.remove_members(group, [early.username, late.username], acting_user=staff)
    group.refresh_from_db()
    assert (set(member_ids(group)), group.member_count) == (set(), 0)
