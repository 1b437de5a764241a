"""A broker for the tests that have workers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from tests.workers import use_broker


@pytest.fixture
def without_table(monkeypatch: Any) -> Callable[[type[Any]], None]:
    """Makes the table of a model unknown to the database, until ``monkeypatch.undo()``."""

    def forget(model: type[Any]) -> None:
        for field in model._meta.local_fields:
            assert field.cached_col  # Django keeps it, with the name that the table has now.
        monkeypatch.setattr(model._meta, "db_table", "no_such_table")

    return forget


@pytest.fixture
def savepoint() -> int:
    """The statements around one evaluation inside a transaction: a savepoint and its release, where there is one."""
    return 0 if connection.vendor == "mysql" else 2


@pytest.fixture
def broker_of_the_test() -> tuple[str, str]:
    """A queue of this test's own on the Redis that answers: its address and name. Nothing is sent there yet."""
    url = os.environ.get("REDIS_URL")
    if not url:
        pytest.skip("No Redis answers: REDIS_URL is not set (make test-services sets it).")
    return url, f"user_groups_test_{uuid.uuid4().hex}"


@pytest.fixture
def broker(monkeypatch: Any, broker_of_the_test: tuple[str, str]) -> tuple[str, str]:
    """The same, and this process sends its tasks there."""
    use_broker(monkeypatch, *broker_of_the_test)
    return broker_of_the_test
