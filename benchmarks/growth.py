"""A refresh costs more the more it changes, and no more than that: ``python benchmarks/growth.py``.

One group in the course of 100,000 learners, from which so many members are about to leave. Both sides start from the
same members and end with the same.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.timing import Result
    from benchmarks.world import World

_ROOT = Path(__file__).resolve().parents[1]
_SIZE = 100_000
#: Members who leave. Half of the group would be stopped by the brake.
_LEAVING = (0, 5, 50, 500, 5_000)
_LIMIT = 1.8
_HEADER = (
    "| members who leave | hand-written | product | ratio | limit | more than without a change | statements "
    "| rows written |\n"
    "|---:|---:|---:|---:|---|---:|---:|---:|"
)


@dataclass(frozen=True)
class Row:
    """So many members leave."""

    leaving: int
    hand: Result
    product: Result

    @property
    def ratio(self) -> float:
        """How many times the hand-written SQL."""
        return self.product.median / self.hand.median


def main() -> int:
    """Prepare the database, measure, print the table."""
    parser = argparse.ArgumentParser(description="Measure how the cost of a refresh grows with its changes.")
    parser.add_argument("--runs", type=int, default=5, help="Runs of each; the median counts.")
    parser.add_argument("--users", type=int, default=2_000_000, help="Accounts to invent where there are none yet.")
    parser.add_argument("--save", action="store_true", help="Put the table into README.md.")
    parser.add_argument("--check", action="store_true", help="Fail if anything is over its limit.")
    arguments = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    sys.path[:1] = [str(_ROOT), str(_ROOT / "backend")]
    import django

    django.setup()
    from benchmarks import machine, report
    from benchmarks.world import World

    world = World(arguments.users)
    world.prepare()
    facts = [f"`python benchmarks/growth.py`: medians of {arguments.runs} runs", *machine.description()]
    rows = _measure(world, arguments.runs)
    lines = ["".join(f"* {line}\n" for line in facts), _HEADER, *(_cells(row, rows[0]) for row in rows)]
    text = "\n".join(lines)
    print(text)
    if arguments.save:
        report.save("growth", text)
    problems = list(_problems(rows))
    print("\n".join(f"OVER: {problem}" for problem in problems) or "Everything is within its limits.", file=sys.stderr)
    return 1 if problems and arguments.check else 0


def _measure(world: World, runs: int) -> list[Row]:
    from benchmarks.cases import CASES
    from benchmarks.changes import Departure
    from benchmarks.handwritten import Handwritten, forms
    from benchmarks.product import Product
    from benchmarks.timing import Contestant, compete
    from openedx_user_groups.data import Scope

    case, course_key = CASES[0], world.course_key(_SIZE)
    scope = Scope.course(course_key)
    product = Product.with_new_group(case, scope, "growth")
    other = Product.with_new_group(case, scope, "growth, by hand")
    form = next(form for form in forms(case) if form.name == "subqueries")
    hand = Handwritten(case, form, course_key, other.group.pk)
    members = list(product.ids())
    rows = []
    for leaving in _LEAVING:
        print(f"{leaving:,} of {len(members):,} members leave", file=sys.stderr)
        departure = Departure(members[:: len(members) // leaving][:leaving] if leaving else [])
        contestants = []
        for name, side in (("hand-written", hand), ("product", product)):
            side.refresh()

            def undo(refresh=side.refresh, departure=departure) -> None:  # type: ignore[no-untyped-def]
                departure.undo()
                refresh()

            contestants.append(Contestant(name, side.refresh, before=departure.make, after=undo))
        results = compete(contestants, runs)
        rows.append(Row(leaving, results["hand-written"], results["product"]))
    return rows


def _cells(row: Row, without: Row) -> str:
    more = (row.product.median - without.product.median) * 1000
    cells = (
        f"{row.leaving:,}",
        f"{row.hand.median * 1000:.0f} ms",
        f"{row.product.median * 1000:.0f} ms",
        f"{row.ratio:.2f}",
        f"{_LIMIT:g}: {'ok' if row.ratio <= _LIMIT else '**over**'}",
        f"{more:.0f} ms" if row.leaving else "",
        str(row.product.statements),
        f"{row.product.rows_written:,}",
    )
    return f"| {' | '.join(cells)} |"


def _problems(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.ratio > _LIMIT:
            yield f"{row.leaving:,} members leave: {row.ratio:.2f} x, limit {_LIMIT:g} x"
        if row.product.rows_written != 2 * row.leaving:
            yield f"{row.leaving:,} members leave: {row.product.rows_written:,} rows were written"


if __name__ == "__main__":
    sys.exit(main())
