"""Timing things against each other: in turns, so that whatever else the machine does hits all of them."""

from __future__ import annotations

import glob
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

_WRITE = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) [`\"]?openedx_user_groups_membership(?:change)?\b")


def nothing() -> None:
    """What has to happen before and after most actions."""


@dataclass
class Contestant:
    """Something to time. ``before`` and ``after`` run each time and are not timed.

    ``once`` is for what is only shown for comparison and takes long: it runs a single time.
    """

    name: str
    action: Callable[[], Any]
    before: Callable[[], Any] = nothing
    after: Callable[[], Any] = nothing
    once: bool = False


@dataclass
class Result:
    """What one contestant took: a time for each run, and what the first, untimed run sent to the database."""

    seconds: list[float] = field(default_factory=list)
    #: Processor time of this process and of the database's thread; empty where it cannot be read.
    cpu_seconds: list[float] = field(default_factory=list)
    statements: int = 0
    rows_written: int = 0

    @property
    def median(self) -> float:
        """The median time."""
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        """The least that it took, by processor time where that is known: the steadiest figure of a few runs."""
        return min(self.cpu_seconds or self.seconds)

    @property
    def cpu_median(self) -> float | None:
        """The median processor time."""
        return statistics.median(self.cpu_seconds) if self.cpu_seconds else None


def compete(contestants: Sequence[Contestant], runs: int) -> dict[str, Result]:
    """Run all of them once to warm up, then ``runs`` times in turns."""
    results = {contestant.name: Result() for contestant in contestants}
    processor = _ProcessorClock()
    for number in range(runs + 1):
        for contestant in contestants:
            if contestant.once and number != 1:
                continue
            result = results[contestant.name]
            contestant.before()
            try:
                if number == 0:
                    with _recorded(result):
                        contestant.action()
                else:
                    _timed(contestant.action, result, processor)
            finally:
                contestant.after()
    return results


def _timed(action: Callable[[], Any], result: Result, processor: _ProcessorClock) -> None:
    cpu, start = processor.now(), time.perf_counter()
    action()
    result.seconds.append(time.perf_counter() - start)
    if cpu is not None:
        result.cpu_seconds.append((processor.now() or 0) - cpu)


@contextmanager
def _recorded(result: Result) -> Iterator[None]:
    """Count statements, and the rows of membership and history that they wrote."""

    def record(execute: Any, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        outcome = execute(sql, params, many, context)
        result.statements += 1
        if _WRITE.match(sql):
            result.rows_written += context["cursor"].rowcount
        return outcome

    with connection.execute_wrapper(record):
        yield


#: The thread or process that serves this connection.
_THREAD = {
    "MariaDB": "SELECT tid FROM information_schema.processlist WHERE id = connection_id()",
    "MySQL": "SELECT thread_os_id FROM performance_schema.threads WHERE processlist_id = connection_id()",
    "PostgreSQL": "SELECT pg_backend_pid()",
}


class _ProcessorClock:
    """Processor time of this process plus that of the database's thread or process for this connection.

    On a machine that others use too it says more than the time on the wall. Known on Linux, for a local server.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_THREAD[connection.display_name])
            thread = cursor.fetchone()[0]
        local = connection.settings_dict["HOST"] in ("", "localhost", "127.0.0.1", "::1")
        found = glob.glob(f"/proc/[0-9]*/task/{thread}/schedstat") if local else []
        self._path = found[0] if found else None

    def now(self) -> float | None:
        """Seconds since some moment; ``None`` where unknown."""
        if self._path is None:
            return None
        with open(self._path) as schedstat:
            return int(schedstat.read().split()[0]) / 1e9 + time.process_time()
