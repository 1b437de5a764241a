"""One rule at one size: first that both sides give the same answer, then how long each takes for every operation."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from openedx_user_groups.data import Preview, Scope
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.sets import IdSet

from . import limits
from .cases import Case
from .changes import Movement
from .handwritten import Handwritten, forms
from .memory import peak_growth
from .product import Product
from .timing import Contestant, Result, compete, nothing
from .world import World

_PRODUCT, _HAND = "product", "hand-written"
_ALONE, _IN_SQL, _ANEW = (
    "first fill against INSERT ... SELECT of the memberships alone, without history",
    "refresh, nothing changed: difference written in SQL (predicate twice, no history)",
    "refresh, nothing changed: delete all, re-create all with bulk_create",
)


@dataclass(frozen=True)
class Line:
    """One operation of one rule, measured."""

    operation: str
    hand: Result
    product: Result
    plan: str
    megabytes: float | None


@dataclass(frozen=True)
class Yardstick:
    """Another ratio worth knowing: what is compared, and its multiple of the hand-written SQL or of the product's."""

    title: str
    ratio: float


@dataclass(frozen=True)
class Outcome:
    """All about one rule at one size."""

    case: Case
    matching: int
    form: str
    lines: list[Line]
    yardsticks: list[Yardstick]


class Contest:
    """One rule in the course of one size."""

    def __init__(self, world: World, case: Case, size: int, runs: int) -> None:
        self.case, self.size, self.runs = case, size, runs
        self.course_key = world.course_key(size)
        scope = Scope.course(self.course_key)
        self.product = Product.with_new_group(case, scope, f"{case.name} {size}")
        # The group that is written by hand, and by deleting and re-creating everybody.
        self.other = Product.with_new_group(case, scope, f"{case.name} {size}, by hand")
        self.yardsticks: list[Yardstick] = []

    def hold(self) -> Outcome:
        """Check, choose the best hand-written form, measure."""
        self.hand = self._best_form()
        matching = self._check_answers()
        lines = list(self._lines())
        return Outcome(self.case, matching, self.hand.form.name, lines, self.yardsticks)

    def _lines(self) -> Iterator[Line]:
        hand, product = self.hand, self.product
        yield self._measured(limits.COUNT, "count", _hand(hand.count), _product(product.count))
        yield self._measured(limits.IDS, "ids", _hand(hand.stream), _product(product.ids))
        yield self._fill()
        self._check_members(hand.ids())
        yield self._unchanged()
        yield self._changed()
        yield self._measured(limits.PREVIEW, "preview", _hand(hand.preview), _product(product.preview))

    def _fill(self) -> Line:
        alone = Contestant(_ALONE, self.hand.fill_memberships, before=self.hand.empty)
        line = self._measured(
            limits.FILL,
            "refresh",
            _hand(self.hand.fill, before=self.hand.empty),
            _product(self.product.refresh, before=self.product.empty),
            others=[alone],
        )
        return line

    def _unchanged(self) -> Line:
        in_sql = Contestant(_IN_SQL, self.hand.refresh_in_sql, once=True)
        anew = Contestant(_ANEW, lambda: self.other.replace_all(self.hand.ids()), once=True)
        line = self._measured(
            limits.UNCHANGED, "refresh", _hand(self.hand.refresh), _product(self.product.refresh), others=[in_sql, anew]
        )
        _insist(line.product.rows_written == 0, f"{line.product.rows_written} rows were written though nothing changed")
        return line

    def _changed(self) -> Line:
        movement = Movement(self.course_key)
        hand, product = self.hand, self.product
        before = hand.ids()
        movement.make()
        try:
            after = hand.ids()
            product.refresh()
            self._check_members(after)
        finally:
            movement.undo()
            product.refresh()

        def undo_by_hand() -> None:
            movement.undo()
            hand.refresh()

        def undo_by_product() -> None:
            movement.undo()
            product.refresh()

        line = self._measured(
            limits.CHANGED,
            "refresh",
            _hand(hand.refresh, before=movement.make, after=undo_by_hand),
            _product(product.refresh, before=movement.make, after=undo_by_product),
        )
        expected = 2 * len(before ^ after)
        _insist(line.product.rows_written == expected, f"{line.product.rows_written} rows, {expected} were expected")
        return line

    def _measured(
        self, operation: str, method: str, hand: Contestant, product: Contestant, others: list[Contestant] | None = None
    ) -> Line:
        """Time both in turns, and ``others`` with them; then once more for the memory."""
        print(f"  {self.case.name}: {operation}", file=sys.stderr)
        results = compete([*(others or []), hand, product], self.runs)
        plan = self.product.plan
        for other in others or []:
            # What the product is measured against, or what might be done instead of it.
            mine, base = results[other.name].median, results[_HAND].median
            ratio = results[_PRODUCT].median / mine if other.name == _ALONE else mine / base
            self.yardsticks.append(Yardstick(other.name, ratio))
        product.before()
        try:
            megabytes = peak_growth(self.case.name, self.size, self.product.group.pk, method)
        finally:
            product.after()
        return Line(operation, results[_HAND], results[_PRODUCT], plan, megabytes)

    def _best_form(self) -> Handwritten:
        """The hand-written form that counts fastest here (by processor time, where that is known)."""
        candidates = [Handwritten(self.case, form, self.course_key, self.other.group.pk) for form in forms(self.case)]
        print(f"  {self.case.name}: {len(candidates)} hand-written forms", file=sys.stderr)
        results = compete([Contestant(hand.form.name, hand.count) for hand in candidates], 2)
        return min(candidates, key=lambda hand: results[hand.form.name].least)

    def _check_answers(self) -> int:
        """Both sides must find the same learners before it matters who is faster."""
        ids, preview = self.product.ids(), self.product.preview()
        _insist(ids == self.hand.ids(), "the ids differ")
        _insist(len(ids) == self.product.count() == self.hand.count(), "the counts differ")
        _insist(_summary(preview) == self.hand.preview(), f"the previews differ: {preview}, {self.hand.preview()}")
        return len(ids)

    def _check_members(self, wanted: IdSet) -> None:
        _insist(member_ids(self.product.group) == wanted, "the members are not those that match")


def _hand(action, before=nothing, after=nothing) -> Contestant:  # type: ignore[no-untyped-def]
    return Contestant(_HAND, action, before, after)


def _product(action, before=nothing, after=nothing) -> Contestant:  # type: ignore[no-untyped-def]
    return Contestant(_PRODUCT, action, before, after)


def _summary(preview: Preview) -> tuple[tuple[int, ...], list[tuple[int, str]]]:
    """A preview in the shape of the hand-written one."""
    counts = (preview.universe, *(node.count for node in preview.nodes))
    return counts, [(learner.user_id, learner.username) for learner in preview.sample]


def _insist(condition: bool, problem: str) -> None:
    if not condition:
        sys.exit(f"The benchmark stops, because a figure for a wrong answer means nothing: {problem}.")
