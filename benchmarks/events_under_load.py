"""Events end to end, with workers as processes of their own: ``python benchmarks/events_under_load.py``.

A course of 100,000 learners with a hundred groups of three criteria each, on MariaDB or PostgreSQL (DATABASE_URL), and
Redis (REDIS_URL). What is shown: how long it takes from an event until every group is right about the learner, and what
ten thousand sign-ins do: what each costs its request, when everybody is answered for, and how often. The answers are
compared with the members that each rule has by itself, evaluated whole. Fails (exit code 1) where a bound is broken.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

_ROOT = Path(__file__).resolve().parents[1]
_SETTINGS = "benchmarks.load_settings"
_SIZE, _GROUPS, _STORM, _EVENTS = 100_000, 100, 10_000, 20
_COUNTRIES = ("US", "ES", "FR", "IN", "BR", "DE", "GB", "MX", "IE", "CN")
#: Seconds from an event to the memberships, milliseconds that a request pays, answers for each learner.
_LATENCY, _INTAKE, _ANSWERS = 1.0, 2.0, 2
_PATIENCE = 900


def main() -> int:
    """Prepare, run the parts, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, default=2_000_000, help="Accounts to invent where there are none yet.")
    arguments = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = _SETTINGS
    sys.path[:1] = [str(_ROOT), str(_ROOT / "backend")]
    import django

    django.setup()
    from benchmarks import machine, processes
    from benchmarks.world import World
    from openedx_user_groups.refresh import waking

    world = World(arguments.users)
    world.prepare()
    waking.drain_begins()  # Whatever an earlier run has left: nobody is woken yet.
    print("".join(f"* {line}\n" for line in machine.description()))
    with tempfile.NamedTemporaryFile() as log, processes.running((*processes.WORKER, "-l", "INFO"), log=log.file):
        course = Course(world.course_key(_SIZE), log.file)
        try:
            problems = [*course.fill(), *course.single_events(), *course.storm()]
        finally:
            course.restore()
    print("\n".join(f"WRONG: {problem}" for problem in problems) or "Everything is as it should be.")
    return 1 if problems else 0


class Course:
    """A course with a hundred groups, and what its worker says."""

    def __init__(self, course_key: str, log: IO[bytes]) -> None:
        from django.contrib.auth.models import User

        from benchmarks.world import instant
        from openedx_user_groups.data import Scope
        from sandbox.platform.student.models import CourseEnrollment

        self.scope, self.as_of, self._log = Scope.course(course_key), instant(), Path(log.name)
        enrolled = CourseEnrollment.objects.filter(course_id=course_key, is_active=True).order_by("user_id")
        self.learners = list(enrolled.values_list("user_id", flat=True)[:_STORM])

        accounts = User.objects.filter(pk__in=enrolled.values("user_id"))
        self._before = dict(accounts.values_list("pk", "last_login"))

    def restore(self) -> None:
        """Leave the learners as they were: other benchmarks measure them too."""
        from django.contrib.auth.models import User

        moved = [
            User(pk=pk, last_login=self._before[pk])
            for pk, last_login in User.objects.filter(pk__in=list(self._before)).values_list("pk", "last_login")
            if last_login != self._before[pk]
        ]
        User.objects.bulk_update(moved, ["last_login"], batch_size=1_000)

    def fill(self) -> Iterator[str]:
        """The groups are created through the API's door, and filled by the worker."""
        from django.contrib.auth.models import User

        from openedx_user_groups import api
        from openedx_user_groups.data import GroupState
        from openedx_user_groups.groups.models import UserGroup
        from openedx_user_groups.membership.models import Membership

        staff, _ = User.objects.get_or_create(username="benchmark", defaults={"is_staff": True})
        start = time.monotonic()
        for number in range(_GROUPS):
            api.create_user_group(scope=self.scope, name=f"{number}", rule=_rule(number), acting_user=staff)
        unfilled = UserGroup.objects.exclude(state=GroupState.FRESH)
        self._wait(lambda: not unfilled.exists())
        print(
            f"{_GROUPS} groups filled by the worker after {time.monotonic() - start:.0f} s:"
            f" {Membership.objects.count():,} memberships"
        )
        yield from self._wrong_members()

    def single_events(self) -> Iterator[str]:
        """One learner at a time, nothing else going on: members who sign in and leave their groups, and join again."""
        from openedx_user_groups.membership.models import Membership

        members = list(Membership.objects.order_by().values_list("user", flat=True).distinct()[: _EVENTS // 2])
        times, changed = [], 0
        for pk in members:
            for days in (1, 90):
                self._sign_in(pk, days)
                before, expected, start = self._present(pk), self._expected(pk), time.monotonic()
                changed += len(before ^ expected)
                _send(pk)
                self._wait(lambda pk=pk, expected=expected: self._present(pk) == expected, pause=0.005)  # type: ignore[misc]
                times.append(time.monotonic() - start)
                self._wait(self._drained)
                if before == expected:
                    yield f"learner {pk} was to move and did not"
        print(
            f"From an event to the memberships ({changed} changes): {statistics.median(times) * 1000:.0f} ms (median of"
            f" {len(times)}), at most {max(times) * 1000:.0f} ms; limit {_LATENCY:g} s"
        )
        if max(times) > _LATENCY:
            yield f"an event took {max(times):.2f} s"

    def storm(self) -> Iterator[str]:
        """Ten thousand sign-ins, one after the other, as fast as they go."""
        claimed_before = sum(self._claimed())
        alone = statistics.median(self._costs(_send_unheard) for _ in range(500))
        worked, waited, start = [], [], time.monotonic()
        for pk in self.learners:
            self._sign_in(pk, 1)
            clock = time.perf_counter()
            worked.append(self._costs(lambda pk=pk: _send(pk)) - alone)  # type: ignore[misc]
            waited.append(time.perf_counter() - clock - alone)
        sent = time.monotonic()
        self._wait(self._drained)
        drained, intake = time.monotonic(), statistics.median(worked) * 1000
        answers = sum(self._claimed()) - claimed_before
        print(
            f"{_STORM:,} sign-ins in {sent - start:.0f} s: each paid {intake:.2f} ms of processor time for being heard"
            f" ({statistics.median(waited) * 1000:.2f} ms on the clock; medians; limit {_INTAKE:g} ms); all answered"
            f" for {drained - sent:.1f} s after the last one, {answers / _STORM:.2f} answers for each learner"
        )
        if intake > _INTAKE:
            yield f"being heard costs {intake:.2f} ms"
        if not _STORM <= answers <= _ANSWERS * _STORM:
            yield f"{answers:,} answers for {_STORM:,} learners"
        yield from self._wrong_members()

    def _wrong_members(self) -> Iterator[str]:
        """Groups whose members are not those that the rule has when it is evaluated whole."""
        from openedx_user_groups.evaluation.evaluator import Evaluation
        from openedx_user_groups.groups.models import UserGroup
        from openedx_user_groups.membership.changes import member_ids
        from openedx_user_groups.refresh.rules import rules_of

        groups = list(UserGroup.objects.all())
        rules = rules_of(groups)
        for group in groups:
            wanted = Evaluation(rules[group.pk], self.scope, self.as_of).ids()
            if member_ids(group) != wanted:
                yield f"group {group.name} has {len(member_ids(group) ^ wanted)} learners too many or too few"
            if group.member_count != len(wanted):
                yield f"group {group.name} counts {group.member_count} members instead of {len(wanted)}"

    def _expected(self, user_id: int) -> set[int]:
        """The groups whose rule matches the learner, asked with a statement for each."""
        from django.db.models import Q

        from openedx_user_groups.evaluation import statement
        from openedx_user_groups.evaluation.evaluator import Evaluation
        from openedx_user_groups.groups.models import UserGroup
        from openedx_user_groups.refresh.rules import rules_of

        found = set()
        for pk, rule in rules_of(UserGroup.objects.all()).items():
            evaluation = Evaluation(rule, self.scope, self.as_of)
            where = statement.where(rule, evaluation.sets, evaluation.universe)
            if list(evaluation.universe.ids(Q(user_id=user_id) & where)):
                found.add(pk)
        return found

    @staticmethod
    def _present(user_id: int) -> set[int]:
        from openedx_user_groups.membership.models import Membership

        return set(Membership.objects.filter(user=user_id).values_list("user_group", flat=True))

    def _sign_in(self, user_id: int, days: int) -> None:
        from django.contrib.auth.models import User

        User.objects.filter(pk=user_id).update(last_login=self.as_of - timedelta(days=days))

    @staticmethod
    def _drained() -> bool:
        from openedx_user_groups.refresh import marks

        return marks.pending_count() == 0

    def _claimed(self) -> list[int]:
        """How many marks the drains of the worker have claimed so far: each is one answer for a learner."""
        return [int(number) for number in re.findall(r"(\d+) marks claimed", self._log.read_text(errors="replace"))]

    @staticmethod
    def _costs(action: Callable[[], Any]) -> float:
        """Seconds of this process's work."""
        working = time.process_time()
        action()
        return time.process_time() - working

    @staticmethod
    def _wait(condition: Callable[[], bool], pause: float = 0.05) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                sys.exit("The worker does not do what was expected of it.")
            time.sleep(pause)


def _rule(number: int) -> dict[str, Any]:
    from openedx_user_groups.testing.factories import criterion, rule

    countries = sorted({_COUNTRIES[number % 10], _COUNTRIES[(number // 10 + number) % 10]})
    return rule(
        criterion("last_login", operator=">", days=6 + number % 60),
        criterion("country", operator="in", countries=countries),
        criterion("course_grade", operator="<", percent=20 + number % 60),
    )


def _send(user_id: int) -> None:
    """What the platform sends when somebody has signed in."""
    from openedx_events.learning.data import UserData, UserPersonalData
    from openedx_events.learning.signals import SESSION_LOGIN_COMPLETED

    nobody = UserPersonalData(username="nobody", email="", name="")
    SESSION_LOGIN_COMPLETED.send_event(user=UserData(id=user_id, is_active=True, pii=nobody))


def _send_unheard() -> None:
    """The same where nobody listens."""
    from openedx_events.learning.signals import SESSION_LOGIN_COMPLETED

    receivers, SESSION_LOGIN_COMPLETED.receivers = SESSION_LOGIN_COMPLETED.receivers, []
    SESSION_LOGIN_COMPLETED.sender_receivers_cache.clear()
    try:
        _send(1)
    finally:
        SESSION_LOGIN_COMPLETED.receivers = receivers
        SESSION_LOGIN_COMPLETED.sender_receivers_cache.clear()


if __name__ == "__main__":
    sys.exit(main())
