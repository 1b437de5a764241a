"""The world that the tests of the LMS criteria fill."""

from __future__ import annotations

import pytest

from tests.contrib.lms.world import World


@pytest.fixture
def world(db) -> World:
    return World()
