"""The command: ``python benchmarks/run.py --size 100000``. See README.md for what is compared with what."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

#: How often each side runs. A thousand learners take milliseconds, in which anything may happen.
_RUNS = {1_000: 25, 100_000: 5, 1_000_000: 3}
_ROOT = Path(__file__).resolve().parents[1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure user groups against hand-written SQL.")
    parser.add_argument("--size", type=int, required=True, choices=list(_RUNS), help="Learners.")
    parser.add_argument("--runs", type=int, help="Runs of each; the median counts. Default: 25, 5, 3.")
    parser.add_argument("--rule", action="append", help="Only this rule (four, any, negated); may be repeated.")
    parser.add_argument("--database", help="Its address; default DATABASE_URL, or user_groups_benchmark on localhost.")
    parser.add_argument("--users", type=int, default=2_000_000, help="Accounts to invent where there are none yet.")
    parser.add_argument("--check", action="store_true", help="Fail if anything is over its limit.")
    parser.add_argument("--save", action="store_true", help="Put the report into README.md.")
    return parser.parse_args()


def main() -> int:
    """Prepare the database, measure, print the report."""
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
    from benchmarks.cases import CASES
    from benchmarks.contests import Contest
    from benchmarks.world import World

    size, world = arguments.size, World(arguments.users)
    if size not in world.sizes:
        sys.exit(f"A course of {size:,} needs more accounts than {world.users:,}.")
    world.prepare()
    lines = machine.description()
    runs = arguments.runs or _RUNS[size]
    cases = [case for case in CASES if not arguments.rule or case.name in arguments.rule]
    outcomes = [Contest(world, case, size, runs).hold() for case in cases]
    facts = "".join(f"* {line}\n" for line in [f"`{_command()}`: medians of {runs} runs", *lines])
    text = "\n".join([facts, *(report.table(size, outcome) for outcome in outcomes)])
    print(text)
    if arguments.save:
        report.save(size, text)
    over = list(report.failures(size, outcomes))
    print("\n".join(f"OVER: {line}" for line in over) or "Everything is within its limits.", file=sys.stderr)
    return 1 if over and arguments.check else 0


def _command() -> str:
    words = [word for word in sys.argv[1:] if word not in ("--save", "--check")]
    return " ".join(["python", "benchmarks/run.py", *words])


if __name__ == "__main__":
    sys.exit(main())
