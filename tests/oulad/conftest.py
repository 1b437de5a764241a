"""The OULAD data, loaded once for a module. It is not part of the repository: ``OULAD_PATH`` names its folder.

Without it these tests are skipped.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

from .expected import Student, students_on
from .questions import DAY

NOW = "2026-06-15T09:30:00Z"


@pytest.fixture(scope="module")
def data_path() -> Path:
    path = Path(os.environ.get("OULAD_PATH") or Path(__file__).resolve().parents[3] / "shared" / "data" / "oulad")
    if not path.is_dir():
        pytest.skip(f"The OULAD files are not at {path}; OULAD_PATH names another place.")
    return path


@pytest.fixture(scope="module")
def expected(data_path) -> dict[str, dict[str, Student]]:
    return students_on(data_path, DAY)


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, data_path) -> Iterator[None]:
    """The data, loaded once for the module and rolled back after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_oulad", data_path, day=DAY, now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def oulad(loaded, db) -> None:
    """The loaded data, and a transaction of the test's own within it."""
