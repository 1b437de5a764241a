"""Values of learners as staff read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from openedx_user_groups.criteria_api import Threshold


@pytest.mark.parametrize(
    ("value", "bound", "difference"),
    [
        (7, 5, (2.0, None)),
        (0.3, Decimal("0.1"), (0.2, None)),
        ("b", "a", None),
        # Yes is not one more than no.
        (True, False, None),
        (True, 0, None),
        (1, True, None),
    ],
)
def test_how_far_values_are_apart(value, bound, difference):
    assert Threshold("field").difference(value, bound) == difference
