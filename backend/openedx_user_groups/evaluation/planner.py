"""Which plan is cheaper. Every plan gives the same set.

Measured on MariaDB (``benchmarks/``): one composed statement wins while the universe is a small part of all accounts,
because the database only looks at the universe's learners; from about a tenth of all accounts on, reading each leaf
over its own table into a bitmap wins, because nothing is joined. See ADR 4.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_user_model
from django.db.models import Max

from openedx_user_groups import settings
from openedx_user_groups.data import PlanKind
from openedx_user_groups.groups.universe import Universe
from openedx_user_groups.sources import LearnerSet

from . import lookups


def choose_plan(universe: Universe, sets: Iterable[LearnerSet]) -> PlanKind:
    """The plan for a rule over ``universe`` whose criteria denote ``sets``.

    At most three cheap queries, answered from an index for a course; none where the rule asks nothing but the rows of
    the universe, which bitmaps would read twice.
    """
    if all(lookups.is_about_own_row(found, universe) for found in sets):
        return PlanKind.STATEMENT
    if universe.is_small:  # Nothing else is asked then: each query of a small evaluation counts.
        return PlanKind.STATEMENT
    accounts = get_user_model()._default_manager.aggregate(last=Max("pk"))["last"] or 0
    share = int(accounts * settings.get("BITMAP_PLAN_SHARE"))
    return PlanKind.BITMAPS if universe.has_about(share + 1) else PlanKind.STATEMENT
