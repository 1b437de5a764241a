"""When the members of a rule change although no data does, so that a schedule need not poll.

Bounds such as "10 days ago" move over the learners' values; the next value in their way says when something happens
next. One query a table of each fact, whatever the number of learners and criteria.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Min, Q
from django.utils import timezone

from openedx_user_groups.criteria.changes import TICK
from openedx_user_groups.criteria.facts import Fact, Rows, ValueTest
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import Scope
from openedx_user_groups.groups.universe import Universe, universe_of

from .evaluator import database_errors

#: A moving bound, and the lookup by which a value lies in its way.
_Bound = tuple[Any, str]


def is_predictable(rule: Node) -> bool:
    """Whether :func:`next_change` knows every change; otherwise, a source of its own kind has to be polled."""
    return all(leaf.criterion is not None and leaf.criterion.is_predictable for leaf in rule.leaves())


def next_change(rule: Node, scope: Scope, as_of: datetime) -> datetime | None:
    """The earliest instant, from ``as_of`` on, at which time alone changes a criterion's answer for some learner.

    Until then the rule's members change only if data does. They need not change then: another criterion may outweigh
    the one that changed. ``None`` where time never changes anything. Criteria that are not predictable are left out;
    ask :func:`is_predictable`. Raises ``Unevaluable`` where the database fails.
    """
    context = EvaluationContext(scope, as_of, timezone.get_default_timezone())
    universe = universe_of(scope)
    asked = _moving(rule, context)
    with database_errors():
        waits = [
            wait
            for fact, bounds in asked.values()
            for source in fact.sources
            for wait in _waits(source, sorted(bounds, key=str), universe)
        ]
    try:
        return as_of + min(waits) if waits else None
    except OverflowError:
        return None  # After the end of the calendar.


def _moving(rule: Node, context: EvaluationContext) -> dict[Hashable, tuple[Fact, set[_Bound]]]:
    """The facts that bounds move over, each with all its bounds."""
    bounds: dict[Hashable, set[_Bound]] = defaultdict(set)
    facts: dict[Hashable, Fact] = {}
    for leaf in rule.leaves():
        if leaf.criterion is None or type(leaf.criterion).fact is Criterion.fact:
            continue
        test = leaf.criterion.value_test(context)
        fact = leaf.criterion.fact(context) if test.moves else None
        if fact is not None:
            key = leaf.criterion.fact_key()
            facts.setdefault(key, fact)
            bounds[key].update(_bounds(test))
    return {key: (facts[key], bounds[key]) for key in facts}


def _bounds(test: ValueTest) -> Iterator[_Bound]:
    """The bounds that change the answer when they pass a value. A value on the bound may be about to see that too."""
    for bound in test.bounds:
        above, on, below = (test.answer([value]) for value in (bound + TICK, bound, bound - TICK))
        if above != below:
            yield bound, "gt" if on == below else "gte"
        elif on != below:
            yield bound, "exact"  # Right now only, to the microsecond.


def _waits(source: Rows, bounds: list[_Bound], universe: Universe) -> Iterator[Any]:
    """How long each bound takes to the next value of a learner."""
    rows = source.queryset.filter(**{f"{source.user}__in": universe.ids()}).order_by()
    found = rows.aggregate(
        **{
            f"next_{index}": Min(source.value, filter=Q(**{f"{source.value}__{lookup}": bound}))
            for index, (bound, lookup) in enumerate(bounds)
        }
    )
    for index, (bound, _lookup) in enumerate(bounds):
        value = found[f"next_{index}"]
        if value is not None:
            yield value - bound
