"""The command: ``python benchmarks/previews.py``: a full preview against its hand-written SQL. See README.md."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure full previews against hand-written SQL.")
    parser.add_argument("--size", type=int, default=100_000, help="Learners.")
    parser.add_argument("--runs", type=int, default=5, help="Runs of each; the median counts.")
    parser.add_argument("--rule", action="append", help="Only this rule (four, ten); may be repeated.")
    parser.add_argument("--database", help="Its address; default DATABASE_URL, or user_groups_benchmark on localhost.")
    parser.add_argument("--check", action="store_true", help="Fail if anything is over its limit.")
    parser.add_argument("--save", action="store_true", help="Put the report into README.md.")
    return parser.parse_args()


def main() -> int:
    """Measure, print the report."""
    arguments = _arguments()
    if arguments.database:
        os.environ["DATABASE_URL"] = arguments.database
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    sys.path[:1] = [str(_ROOT), str(_ROOT / "backend")]
    import django

    django.setup()
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import machine, report
    from benchmarks.funnels import PREVIEW_CASES
    from benchmarks.world import World

    world = World()
    world.prepare()
    facts = [f"`python benchmarks/previews.py --size {arguments.size}`: medians of {arguments.runs} runs"]
    facts += machine.description()
    cases = [case for case in PREVIEW_CASES if not arguments.rule or case.name in arguments.rule]
    lines = [line for case in cases for line in _measured(world, case, arguments)]
    text = "\n".join([*(f"* {fact}" for fact in facts), "", report.preview_table(arguments.size, lines)])
    print(text)
    if arguments.save:
        report.save_previews(text)
    over = list(report.preview_failures(arguments.size, lines))
    print("\n".join(f"OVER: {line}" for line in over) or "Everything is within its limits.", file=sys.stderr)
    return 1 if over and arguments.check else 0


def _measured(world: Any, case: Any, arguments: argparse.Namespace) -> Any:
    """The full preview and the bare count of one rule, once both sides have given the same numbers."""
    from benchmarks.funnels import HandwrittenPreview, forms, numbers_of
    from benchmarks.report import PreviewLine
    from benchmarks.timing import Contestant, compete
    from benchmarks.world import instant
    from openedx_user_groups import api
    from openedx_user_groups.data import PreviewDetail, Scope

    key = world.course_key(arguments.size)
    scope = Scope.course(key)
    written = {form: HandwrittenPreview(case, form, key) for form in forms()}

    def full() -> Any:
        return api.preview(scope, case.definition, as_of=instant())

    def count() -> Any:
        return api.preview(scope, case.definition, as_of=instant(), detail=PreviewDetail.COUNT, sample_size=0)

    preview = full()
    for form, hand in written.items():
        if hand.preview() != numbers_of(preview):
            sys.exit(f"{case.name}, {form}: the numbers differ: {hand.preview()}, {numbers_of(preview)}")
    print(f"  {case.name}", file=sys.stderr)
    contestants = [Contestant(form, hand.preview) for form, hand in written.items()]
    results = compete([*contestants, Contestant("product", full), Contestant("count", count)], arguments.runs)
    best = min(written, key=lambda form: results[form].least)
    yield PreviewLine(case, preview.count, best, results[best], results["product"], results["count"], preview.plan)


if __name__ == "__main__":
    sys.exit(main())
