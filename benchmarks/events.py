"""What an event costs: ``python benchmarks/events.py``. One learner, or a hundred, against all groups of a course.

The groups have three criteria each (last login, country, grade). A query a group is what the same answers cost without
facts; it is measured with a few groups and shown for a hundred at the most.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_SIZE = 100_000
_RUNS = 25
_COUNTRIES = ("US", "ES", "FR", "IN", "BR", "DE", "GB", "MX", "IE", "CN")
#: Milliseconds: one learner against a thousand groups, and each learner of a batch.
_LIMITS = {"one": 20.0, "batch": 2.0, "intake": 2.0}
_HEADER = (
    "| groups | one learner evaluated | a query a group | each of 100 | whole event, nothing changes | statements "
    "| whole event, all change | statements |\n|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def main() -> int:
    """Prepare the database, measure, print the table."""
    parser = argparse.ArgumentParser(description="Measure what events cost.")
    parser.add_argument("--groups", type=int, nargs="+", default=[10, 100, 1_000], help="Numbers of groups.")
    parser.add_argument("--users", type=int, default=2_000_000, help="Accounts to invent where there are none yet.")
    parser.add_argument("--save", action="store_true", help="Put the table into README.md.")
    parser.add_argument("--check", action="store_true", help="Fail if anything is over its limit.")
    arguments = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    sys.path[:1] = [str(_ROOT), str(_ROOT / "backend")]
    import django

    django.setup()
    return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks import machine, report
    from benchmarks.world import World

    world = World(arguments.users)
    world.prepare()
    facts = [f"`python benchmarks/events.py`: medians of {_RUNS} runs", *machine.description()]
    course = Events(world.course_key(_SIZE), max(arguments.groups))
    rows = [course.row(groups) for groups in sorted(arguments.groups)]
    intake = _median(course.mark)
    lines = ["".join(f"* {line}\n" for line in facts), _HEADER, *(_cells(row) for row in rows)]
    text = "\n".join([*lines, "", f"Intake, one mark written: {intake:.2f} ms."])
    print(text)
    if arguments.save:
        report.save("events", text)
    over = list(_over(rows, intake))
    print("\n".join(f"OVER: {line}" for line in over) or "Everything is within its limits.", file=sys.stderr)
    return 1 if over and arguments.check else 0


class Events:
    """A course with many groups, and a few of its learners."""

    def __init__(self, course_key: str, groups: int) -> None:
        from benchmarks.world import instant
        from openedx_user_groups.data import Scope
        from openedx_user_groups.sets import IdSet
        from sandbox.platform.student.models import CourseEnrollment

        self.scope, self.as_of = Scope.course(course_key), instant()
        enrolled = CourseEnrollment.objects.filter(course_id=course_key, is_active=True).order_by("user_id")
        self.hundred = IdSet(list(enrolled.values_list("user_id", flat=True)[:100_000:1_000]))
        self.one = IdSet([self.hundred[50]])
        self._make_groups(groups)

    def row(self, groups: int) -> dict[str, Any]:
        """What is measured with so many groups."""
        from openedx_user_groups.evaluation.learners import answer_rules
        from openedx_user_groups.groups.models import UserGroup
        from openedx_user_groups.refresh.drift import groups_to_check
        from openedx_user_groups.refresh.rules import rules_of

        keys = list(UserGroup.objects.order_by("pk").values_list("pk", flat=True))
        UserGroup.objects.filter(pk__in=keys[:groups]).update(is_enabled=True)
        UserGroup.objects.filter(pk__in=keys[groups:]).update(is_enabled=False)
        rules = rules_of(groups_to_check(self.scope))
        assert len(rules) == groups
        self._drain()
        few = dict(list(rules.items())[:100])
        naive = _median(lambda: self._query_a_group(few), runs=3) if groups <= 100 else None
        still, still_statements = self._event([self.as_of - timedelta(days=5)])
        all_change, change_statements = self._event([self.as_of - timedelta(days=90), self.as_of - timedelta(days=5)])
        return {
            "groups": groups,
            "one": _median(lambda: answer_rules(rules, self.scope, self.as_of, self.one)),
            "naive": naive,
            "batch": _median(lambda: answer_rules(rules, self.scope, self.as_of, self.hundred)) / 100,
            "still": still,
            "still_statements": still_statements,
            "change": all_change,
            "change_statements": change_statements,
        }

    def mark(self) -> None:
        """Write one mark, as a receiver does."""
        from openedx_user_groups.groups.changes import Touched
        from openedx_user_groups.refresh import marks

        marks.mark({Touched(self.one[0])}, "benchmark")

    def _event(self, logins: list[Any]) -> tuple[float, int]:
        """The median time of an event of the one learner, whose last login becomes one of these in turn."""
        from django.contrib.auth.models import User
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        account = User.objects.filter(pk=self.one[0])
        before, times, statements = account.get().last_login, [], 0
        try:
            for number in range(_RUNS + 1):
                account.update(last_login=logins[number % len(logins)])
                self.mark()
                started = time.perf_counter()
                self._drain()
                times.append((time.perf_counter() - started) * 1000)
            account.update(last_login=logins[(_RUNS + 1) % len(logins)])
            self.mark()
            with CaptureQueriesContext(connection) as captured:
                self._drain()
            statements = len(captured)
        finally:
            account.update(last_login=before)
            self.mark()
            self._drain()
        return statistics.median(times[1:]), statements

    def _query_a_group(self, rules: dict[int, Any]) -> None:
        from django.db.models import Q

        from openedx_user_groups.evaluation import statement
        from openedx_user_groups.evaluation.evaluator import Evaluation

        for rule in rules.values():
            evaluation = Evaluation(rule, self.scope, self.as_of)
            where = statement.where(rule, evaluation.sets, evaluation.universe)
            list(evaluation.universe.ids(Q(user_id=self.one[0]) & where))

    @staticmethod
    def _drain() -> None:
        from openedx_user_groups.refresh.drain import drain

        drain()

    def _make_groups(self, count: int) -> None:
        from openedx_user_groups.data import GroupState
        from openedx_user_groups.testing.factories import UserGroupFactory, criterion, rule

        print(f"Making {count:,} groups.", file=sys.stderr)
        for number in range(count):
            countries = sorted({_COUNTRIES[number % 10], _COUNTRIES[number // 10 % 10]})
            definition = rule(
                criterion("last_login", operator=">", days=6 + number % 60),
                rule(
                    criterion("country", operator="in", countries=countries),
                    criterion("course_grade", operator=">=", percent=number % 97),
                    combine="any",
                ),
            )
            UserGroupFactory(scope=self.scope, rule=definition, members_rule_version=1, state=GroupState.FRESH)


def _median(action: Callable[[], Any], runs: int = _RUNS) -> float:
    """Milliseconds."""
    action()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _cells(row: dict[str, Any]) -> str:
    naive = "" if row["naive"] is None else f"{row['naive']:.0f} ms"
    cells = (
        f"{row['groups']:,}", f"{row['one']:.1f} ms", naive, f"{row['batch']:.2f} ms", f"{row['still']:.1f} ms",
        str(row["still_statements"]), f"{row['change']:.1f} ms", str(row["change_statements"]),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _over(rows: list[dict[str, Any]], intake: float) -> Iterator[str]:
    for row in rows:
        for name in ("one", "batch"):
            if row[name] > _LIMITS[name]:
                yield f"{row['groups']:,} groups, {name}: {row[name]:.2f} ms, limit {_LIMITS[name]:g} ms"
    if intake > _LIMITS["intake"]:
        yield f"intake: {intake:.2f} ms, limit {_LIMITS['intake']:g} ms"
    for name in ("still_statements", "change_statements"):
        if len({row[name] for row in rows}) > 1:
            yield f"{name} depend on the number of groups"


if __name__ == "__main__":
    sys.exit(main())
