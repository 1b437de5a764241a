"""The states that a learner can be in, as far as the criteria of a rule can tell them apart.

Criteria that ask for the same fact are looked at together: their thresholds and lists cut the values of the fact into
finitely many cells, on each of which every one of them answers the same. One state stands for each cell; a learner
without a value is a state too, and where a learner may have several values, so is every set of cells. What is not
understood (a type's own set, an unknown condition) is a yes or no of its own. So the states are at least those that
occur: what holds in all of them always holds. Nothing here asks the database, but for a type's own ``fact()`` where
that does.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import inf, nextafter
from typing import Any

from openedx_user_groups.criteria.conditions import ANY_VALUE, AllOf, Anything, EmailDomains, Interval, OneOf
from openedx_user_groups.criteria.facts import ValueTest
from openedx_user_groups.criteria.fields import ListField, value_field
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.operators import COMPLEMENT_OF
from openedx_user_groups.criteria.tree import Leaf

#: Cells of a fact with several values, whose sets are all looked at; instants at which moving and fixed bounds meet.
_MAX_SHARED_CELLS = 10
_MAX_MEETINGS = 200

_UNDERSTOOD = (Interval, OneOf, AllOf, Anything)
_DAY = timedelta(days=1)


class _Other:
    """A value that no list names."""


OTHER = _Other()


class _EndsIn(OneOf):
    """The same of addresses, of which only what stands from the @ on is looked at: ``@example.org``."""


@dataclass(frozen=True)
class State:
    """What each criterion of a dimension answers, and for example which values make it so (``None``: not known), at
    ``as_of`` if it is not so now."""

    answers: tuple[bool, ...]
    values: tuple[Any, ...] | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class Dimension:
    """Criteria whose answers depend on each other, with the states that they can be in together."""

    leaves: tuple[Leaf, ...]
    states: tuple[State, ...]

    @property
    def instants(self) -> set[datetime]:
        """The later instants at which some of the states are what they are."""
        return {state.as_of for state in self.states if state.as_of is not None}

    @property
    def names_values(self) -> bool:
        """Whether the criteria name any value, so that there are others."""
        return any(value is not OTHER for state in self.states for value in state.values or ())


class _NotUnderstood(Exception):
    """Nothing is known of how these criteria depend on each other."""


def dimensions(leaves: Sequence[Leaf], context: EvaluationContext, *, later: bool = True) -> list[Dimension]:
    """The criteria, those together that depend on each other. What is in different dimensions is independent.

    ``later``: the states of every later instant too.
    """
    facts: dict[Hashable, list[tuple[Leaf, ValueTest]]] = defaultdict(list)
    opaque: list[Leaf] = []
    for leaf in leaves:
        asked = _understood(leaf, context)
        if asked is None:
            opaque.append(leaf)
        else:
            key, test = asked
            facts[isinstance(test.condition, _EndsIn), key].append((leaf, test))
    found: list[Dimension] = []
    for together in facts.values():
        try:
            found.append(_of_fact(together, context, later))
        except _NotUnderstood:
            opaque.extend(leaf for leaf, _test in together)
    return [*found, *_of_opaque(opaque)]


def _understood(leaf: Leaf, context: EvaluationContext) -> tuple[Hashable, ValueTest] | None:
    """Which fact a leaf asks for, and what."""
    if leaf.criterion is None or type(leaf.criterion).fact is Criterion.fact:
        return None
    try:
        key, test = leaf.criterion.fact_key(), leaf.criterion.value_test(context)
    except Exception:
        # Whatever a plugin's type makes of its fields: whoever evaluates it reports that.
        return None
    if isinstance(test.condition, EmailDomains) and not test.condition.subdomains:
        # An address ends in one of them at most, like any other value of a list.
        test = replace(test, condition=_EndsIn(frozenset(f"@{domain}" for domain in test.condition.domains)))
    return (key, test) if isinstance(test.condition, _UNDERSTOOD) else None


# ---- Criteria that are not understood --------------------------------------------------------------------------------
def _of_opaque(leaves: Iterable[Leaf]) -> Iterator[Dimension]:
    """A yes or no for each. The same criterion twice, and a criterion and its complement, are one."""
    same: dict[str, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        operator = leaf.config.get("operator")
        positive = {**_in_one_order(leaf), "operator": COMPLEMENT_OF.get(str(operator), operator)}
        same[json.dumps([leaf.type, positive], sort_keys=True, default=str)].append(leaf)
    for group in same.values():
        inverted = [str(leaf.config.get("operator")) in COMPLEMENT_OF for leaf in group]
        states = (State(tuple(answer != inverse for inverse in inverted)) for answer in (False, True))
        yield Dimension(tuple(group), tuple(states))


def _in_one_order(leaf: Leaf) -> dict[str, Any]:
    """The configuration of a criterion, with the items of its lists in an order that does not depend on staff's."""
    criterion = leaf.criterion
    if criterion is None:
        return leaf.config
    lists = (name for name, value in leaf.config.items() if isinstance(value, list))
    unordered = (name for name in lists if isinstance(value_field(criterion, name), ListField))
    return {**leaf.config, **{name: sorted(leaf.config[name], key=repr) for name in unordered}}


# ---- Criteria over one fact ------------------------------------------------------------------------------------------
def _of_fact(asked: list[tuple[Leaf, ValueTest]], context: EvaluationContext, later: bool) -> Dimension:
    leaves = tuple(leaf for leaf, _test in asked)
    single, always, whole = _declared(asked[0][0], context)
    possible, usual = _ranges(leaves)
    found: dict[tuple[bool, ...], State] = {}
    for as_of, tests in _at_each_instant(asked, context, later):
        cells = _cells(tests, whole, possible, usual)
        always = always and bool(cells)
        for values in _one_at_most(cells, always) if single else _any_of(tests, cells, always):
            answers = tuple(test.answer(values) for test in tests)
            found.setdefault(answers, State(answers, values, as_of))
    return Dimension(leaves, tuple(found.values()))


def _declared(leaf: Leaf, context: EvaluationContext) -> tuple[bool, bool, bool]:
    """Whether learners have one value at most, whether they always have one, and whether values are whole numbers."""
    assert leaf.criterion is not None
    try:
        fact = leaf.criterion.fact(context)
    except Exception as error:
        raise _NotUnderstood from error
    if fact is None:
        raise _NotUnderstood
    return fact.single_valued, fact.everybody_has_one, fact.whole_numbers


def _ranges(leaves: Iterable[Leaf]) -> tuple[list[Interval], Interval]:
    """The ranges outside which there are no values, and the one that examples are taken from."""
    criteria = [leaf.criterion for leaf in leaves if leaf.criterion is not None]
    compared = [(criterion.compared_with, criterion) for criterion in criteria]
    operands = [(operand, criterion) for operand, criterion in compared if operand is not None]
    possible = [operand.possible for operand, _criterion in operands]
    try:
        usual = [operand.usual(criterion) for operand, criterion in operands]
    except Exception:  # As for what they ask; and no example is worth it.
        usual = []
    return possible, usual[0] if usual else ANY_VALUE


def _at_each_instant(
    asked: list[tuple[Leaf, ValueTest]], context: EvaluationContext, later: bool
) -> Iterator[tuple[datetime | None, list[ValueTest]]]:
    """The tests now (``None``) and ``later``, wherever moving bounds stand otherwise among the fixed ones.

    "More than 10 days ago" and "after 1 January" contradict each other until 11 January only.
    """
    tests = [test for _leaf, test in asked]
    yield None, tests
    if not later:
        return
    moving = {bound for test in tests if test.moves for bound in test.bounds}
    fixed = {bound for test in tests if not test.moves for bound in test.bounds}
    if len(moving) * len(fixed) > _MAX_MEETINGS:
        raise _NotUnderstood
    for at in _later_instants(context.as_of, moving, fixed) if moving and fixed else ():
        then = replace(context, as_of=at)
        yield at, [leaf.criterion.value_test(then) for leaf, _test in asked if leaf.criterion is not None]


def _later_instants(as_of: datetime, moving: Iterable[datetime], fixed: Iterable[datetime]) -> Iterator[datetime]:
    meetings = {as_of}
    for bound, place in itertools.product(moving, fixed):
        try:
            meetings.add(as_of + max(place - bound, timedelta()))
        except OverflowError:
            continue  # They do not meet before the end of the calendar.
    ordered = sorted(meetings)
    for earlier, later in itertools.pairwise(ordered):
        yield earlier + (later - earlier) / 2
        yield later
    if ordered[-1] < datetime.max.replace(tzinfo=ordered[-1].tzinfo) - _DAY:
        yield ordered[-1] + _DAY


def _one_at_most(cells: list[Any], always: bool) -> Iterator[tuple[Any, ...]]:
    if not always:
        yield ()
    yield from ((cell,) for cell in cells)


def _any_of(tests: list[ValueTest], cells: list[Any], always: bool) -> Iterator[tuple[Any, ...]]:
    """Every set of cells, but for the empty one where there is always a value."""
    if not any(isinstance(test.condition, AllOf) for test in tests):
        # One value of a kind is as good as many: what the tests answer for it alone is all that they can see of it.
        kinds: dict[Any, Any] = {}
        for cell in cells:
            kinds.setdefault(tuple(_sees(test, cell) for test in tests), cell)
        cells = list(kinds.values())
    if len(cells) > _MAX_SHARED_CELLS:
        raise _NotUnderstood
    for size in range(int(always), len(cells) + 1):
        yield from itertools.combinations(cells, size)


def _sees(test: ValueTest, value: Any) -> tuple[bool, bool]:
    present = test.present([value])
    return bool(present), bool(present) and test.condition.matches(present)


# ---- Cells -----------------------------------------------------------------------------------------------------------
def _cells(tests: list[ValueTest], whole: bool, possible: list[Interval], usual: Interval) -> list[Any]:
    """One value of each cell into which the tests cut the values that there are, first those that are usual."""
    bounds = {bound for test in tests for bound in test.bounds}
    listed = {item for test in tests if isinstance(test.condition, OneOf | AllOf) for item in test.condition.values}
    if not bounds:
        return [*sorted(listed, key=str), OTHER]
    try:
        # Where a range ends, values cannot be taken from beyond: a cell that reaches across is cut in two.
        points = sorted(bounds | listed | {end for each in possible for end in each.ends})
        usual = usual if _are_numbers((*points, *usual.ends)) else ANY_VALUE
        line = _line(points, whole and all(isinstance(point, int) for point in points), usual)
        cells = [cell for cell in line if all(cell in each for each in possible)]
        return sorted(cells, key=lambda cell: cell not in usual)
    except TypeError as error:
        raise _NotUnderstood from error  # Values of different kinds, or without an order.


def _are_numbers(values: Iterable[Any]) -> bool:
    """Whether one can count with them: fractions in binary and in decimals do not add."""
    kinds = {type(value) for value in values}
    return kinds <= {int, float} or kinds <= {int, Decimal}


def _line(points: list[Any], whole: bool, usual: Interval) -> Iterator[Any]:
    """The points, and one value in each gap between, before and after them that is not empty."""
    yield from _beside(points[0], -1, usual.lower)
    for point, following in itertools.pairwise(points):
        yield point
        yield from _between(point, following, whole)
    yield points[-1]
    yield from _beside(points[-1], 1, usual.upper)


def _beside(point: Any, direction: int, end: Any) -> Iterator[Any]:
    """A value on one side of a point: where one step would go past the usual ``end``, halfway to it."""
    for value in _next_to(point, direction):
        goes_past = end is not None and (value - end) * direction > 0
        if goes_past and (end - point) * direction > 0:
            value = next(_between(min(point, end), max(point, end), whole=False), value)
        yield value


def _next_to(point: Any, direction: int) -> Iterator[Any]:
    try:
        if isinstance(point, date):  # An instant is one too.
            yield point + direction * _DAY
        elif isinstance(point, float):
            further = point + direction
            yield further if further != point else nextafter(point, direction * inf)
        elif isinstance(point, int | Decimal):
            yield point + direction
        elif isinstance(point, timedelta):
            yield point + direction * _DAY
        else:
            raise _NotUnderstood
    except OverflowError as error:
        raise _NotUnderstood from error


def _between(low: Any, high: Any, whole: bool) -> Iterator[Any]:
    if whole:
        if high - low > 1:
            yield low + 1
        return
    if isinstance(low, date) and not isinstance(low, datetime):
        middle: Any = low + timedelta(days=(high - low).days // 2)
    elif isinstance(low, int) and isinstance(high, int):
        middle = low + Decimal(high - low) / 2
    else:
        middle = low + (high - low) / 2
    if low < middle < high:
        yield middle
