"""The group builder in Chromium, on the running sandbox. What is tested is written in ``frontend-contract/e2e``."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize("name", ["story", "states", "renderers", "plugin"])
def test_with_invented_learners(demo_world, run_in_browser, name):
    run_in_browser(demo_world, name)


@pytest.mark.parametrize("name", ["story", "renderers"])
def test_with_real_data(oulad_world, run_in_browser, name):
    """The number that the product's story promises, and forms with the choices of a real course."""
    run_in_browser(oulad_world, name)
