"""The check that the platform's tables are as they are read."""

from __future__ import annotations

import pytest
from django.core import checks
from django.core.management import call_command
from django.db import connection

from openedx_user_groups.contrib.lms.checks import check_platform_tables, read_models

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_sandbox_has_everything():
    assert check_platform_tables(None, databases=["default"]) == []
    call_command("check", databases=["default"], fail_level="WARNING", tags=[checks.Tags.database])


def test_no_database_is_asked_unless_named():
    assert check_platform_tables(None, databases=None) == []
    assert check_platform_tables in checks.registry.registry.registered_checks


def test_every_read_model_is_checked():
    tables = {model._meta.db_table for model in read_models()}
    assert {"student_courseenrollment", "course_overviews_courseoverview", "auth_userprofile"} <= tables
    assert "openedx_user_groups_lms_country" not in tables
    assert len(tables) == 16


@pytest.fixture
def renamed(monkeypatch):
    """A read model whose table or column is not there."""

    def rename(table: str, attribute: str, name: str):
        model = next(model for model in read_models() if model._meta.db_table == table)
        target = model._meta if attribute == "db_table" else model._meta.get_field(attribute)
        monkeypatch.setattr(target, "db_table" if attribute == "db_table" else "column", name)

    return rename


def test_a_missing_table_is_a_warning(renamed):
    renamed("teams_courseteam", "db_table", "teams_gone")
    [message] = check_platform_tables(None, databases=["default"])
    assert (message.id, message.level) == ("openedx_user_groups_lms.W001", checks.WARNING)
    assert "teams_gone" in message.msg
    assert message.hint


def test_a_missing_column_is_named(renamed):
    renamed("auth_userprofile", "country", "land")
    [message] = check_platform_tables(None, databases=["default"])
    assert message.msg == "The table auth_userprofile has no column land."


def test_an_empty_database_is_not_a_faulty_one(monkeypatch):
    monkeypatch.setattr(connection.introspection, "table_names", lambda cursor: [])
    assert check_platform_tables(None, databases=["default"]) == []
