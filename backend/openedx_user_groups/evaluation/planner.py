"""Which plan is cheaper. Every plan gives the same set.

Measured on MariaDB (``benchmarks/``): one composed statement wins while the universe is a small part of all accounts,
because the database only looks at the universe's learners; from about a tenth of all accounts on, reading each leaf
over its own table into a bitmap wins, because nothing is joined. See ADR 4.
"""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db.models import Max

from openedx_user_groups import settings
from openedx_user_groups.data import PlanKind
from openedx_user_groups.groups.universe import Universe

#: Below this many accounts either plan takes milliseconds, and asking which is cheaper would cost more than it saves.
_SMALL_SITE = 50_000


def choose_plan(universe: Universe) -> PlanKind:
    """The plan for a rule over ``universe``: at most two cheap queries, both answered from an index."""
    accounts = get_user_model()._default_manager.aggregate(last=Max("pk"))["last"] or 0
    if accounts <= _SMALL_SITE:
        return PlanKind.STATEMENT
    limit = int(accounts * settings.get("BITMAP_PLAN_SHARE"))
    return PlanKind.BITMAPS if universe.size_up_to(limit + 1) > limit else PlanKind.STATEMENT
