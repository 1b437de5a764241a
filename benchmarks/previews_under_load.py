"""Previews of a rule that takes too long, end to end: ``python benchmarks/previews_under_load.py``.

One course with 1,000,000 learners, a budget of one second, a web server and a Celery worker as processes of their own,
MariaDB and Redis. What is shown: the 202 and its estimate, the result that the worker brings, how soon a cancelled
statement is gone from the database's process list, and what the database is at while twenty editors preview at once.
Fails (exit code 1) where one of them is not as it should be.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_ROOT = Path(__file__).resolve().parents[1]
_SETTINGS = "benchmarks.load_settings"
_PORT, _EDITORS = 8765, 20
_PREVIEWS = "/api/user_group/v1/previews/"
_LOOK_SECONDS = 0.02


@dataclass
class Outcome:
    """What one editor was told, and when."""

    statuses: Counter[int] = field(default_factory=Counter)
    longest_answer: float = 0.0
    finished_after: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)


class Editor:
    """A client with the token of an account that may edit."""

    def __init__(self, token: str) -> None:
        self._token = token

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
        """One request: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", _PORT, timeout=120)
        headers = {"Authorization": f"Token {self._token}", "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, dict(answer.headers), json.loads(text) if text else None

    def preview(self, body: Any) -> Outcome:
        """Ask until there is a result, as the builder does: come back when told to."""
        outcome, start = Outcome(), time.monotonic()
        method, path, data = "POST", _PREVIEWS, body
        while True:
            asked = time.monotonic()
            status, headers, outcome.body = self.send(method, path, data)
            outcome.longest_answer = max(outcome.longest_answer, time.monotonic() - asked)
            outcome.statuses[status] += 1
            if status == 202:
                method, path, data = "GET", urlsplit(headers.get("Location", path)).path, None
                time.sleep(outcome.body["poll_after_ms"] / 1000)
            elif status == 429:
                time.sleep(float(headers["Retry-After"]))
            else:
                outcome.finished_after = time.monotonic() - start
                return outcome


class ProcessList:
    """Looks at what the database is doing, again and again, on a connection of its own."""

    def __init__(self) -> None:
        self.looks = self.most_statements = self.most_connections = 0

    def look(self) -> list[int]:
        """The connections that evaluate a rule now."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, command = 'Query' AND info LIKE '%%student_courseenrollment%%'"
                " FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            )
            rows = cursor.fetchall()
        working = [pk for pk, evaluates in rows if evaluates]
        self.looks += 1
        self.most_connections = max(self.most_connections, len(rows))
        self.most_statements = max(self.most_statements, len(working))
        return working

    def wait(self, condition: Callable[[list[int]], bool], seconds: float = 60) -> float:
        """How long it takes until what is seen satisfies ``condition``."""
        start = time.monotonic()
        while not condition(self.look()):
            if time.monotonic() - start > seconds:
                sys.exit("The database does not do what was expected of it.")
            time.sleep(_LOOK_SECONDS / 2)
        return time.monotonic() - start


def main() -> int:
    """Prepare, run the three parts, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=1_000_000, help="Learners of the course.")
    parser.add_argument("--users", type=int, default=2_000_000, help="Accounts to invent where there are none yet.")
    arguments = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = _SETTINGS
    sys.path[:1] = [str(_ROOT), str(_ROOT / "backend")]
    import django

    django.setup()
    from benchmarks.world import World

    world = World(arguments.users)
    world.prepare()
    with ExitStack() as stack:
        editors = stack.enter_context(_editors())
        stack.enter_context(_processes())
        problems = list(_all_parts(editors, {"type": "course", "key": world.course_key(arguments.size)}))
    print("\n".join(f"WRONG: {problem}" for problem in problems) or "Everything is as it should be.")
    return 1 if problems else 0


def _all_parts(editors: list[Editor], scope: dict[str, str]) -> Iterator[str]:
    yield from _one_preview(editors[0], _body(scope, 0))
    yield from _cancelled(editors[0], _body(scope, 0))
    yield from _many(editors, scope)


def _one_preview(editor: Editor, body: Any) -> Iterator[str]:
    start = time.monotonic()
    status, headers, pending = editor.send("POST", _PREVIEWS, body)
    seconds = time.monotonic() - start
    print(f"One preview: {status} after {seconds:.2f} s, {json.dumps(pending)}")
    if status != 202:
        yield f"the first answer has status {status}"
        return
    found, path = {}, urlsplit(headers["Location"]).path
    while status == 202:
        time.sleep(pending["poll_after_ms"] / 1000)
        status, _headers, found = editor.send("GET", path)
    print(f"  {status} after {time.monotonic() - start:.1f} s: {json.dumps(found['count'])}")
    about, count = pending["estimate"], found["count"]["value"]
    if about is None:
        yield "there was no estimate"
        return
    error, held = abs(about["value"] - count) / count, about["low"] <= count <= about["high"]
    print(
        f"  estimate {about['value']:,} [{about['low']:,}; {about['high']:,}] from {about['sample_size']:,} learners:"
        f" {error:.1%} off, {'within' if held else 'outside'} the interval (which misses one time in twenty)"
    )


def _cancelled(editor: Editor, body: Any) -> Iterator[str]:
    processes, times = ProcessList(), []
    for _number in range(5):
        status, headers, _pending = editor.send("POST", _PREVIEWS, body)
        path = urlsplit(headers["Location"]).path
        while editor.send("GET", path)[2]["state"] != "running":
            time.sleep(0.05)
        processes.wait(bool)
        start = time.monotonic()
        status, _headers, _nothing = editor.send("DELETE", path)
        processes.wait(lambda working: not working)
        times.append(time.monotonic() - start)
        after, _headers, problem = editor.send("GET", path)
        if (status, after, problem["code"]) != (204, 409, "preview_cancelled"):
            yield f"a cancelled preview answers {status}, then {after} {problem}"
    print(f"Cancelled 5 times: the statement was gone after {min(times):.2f} to {max(times):.2f} s")
    if max(times) > 2:
        yield "a cancelled statement ran on for more than 2 s"


def _many(editors: list[Editor], scope: dict[str, str]) -> Iterator[str]:
    from django.conf import settings

    from benchmarks.processes import WORKERS

    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda number=number: outcomes.append(editors[number].preview(_body(scope, number))))
        for number in range(_EDITORS)
    ]
    processes, start = ProcessList(), time.monotonic()
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        processes.look()
        time.sleep(_LOOK_SECONDS)
    statuses = sum((outcome.statuses for outcome in outcomes), Counter())
    finished = sorted(outcome.finished_after for outcome in outcomes)
    bound = settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_SCOPE
    connections = bound + settings.OPENEDX_USER_GROUPS_PREVIEW_ENTRANCE_SIZE + WORKERS
    print(
        f"{_EDITORS} editors at once: all done after {time.monotonic() - start:.0f} s; a result after"
        f" {finished[0]:.1f} to {finished[-1]:.1f} s, median {statistics.median(finished):.1f} s\n"
        f"  answers by status: {dict(sorted(statuses.items()))}; the slowest single answer took"
        f" {max(outcome.longest_answer for outcome in outcomes):.1f} s\n"
        f"  at a time: at most {processes.most_statements} evaluations (bound {bound}) and"
        f" {processes.most_connections} connections (bound {connections}, of which {WORKERS} are the worker's), in"
        f" {processes.looks:,} looks"
    )
    if len(outcomes) != _EDITORS or any(outcome.body.get("state") != "succeeded" for outcome in outcomes):
        yield "not every editor got a result"
    if set(statuses) - {200, 202, 429}:
        yield f"answers with other statuses: {statuses}"
    if processes.most_statements > bound:
        yield f"{processes.most_statements} evaluations at a time"
    if processes.most_connections > connections:
        yield f"{processes.most_connections} connections at a time"


def _body(scope: dict[str, str], number: int) -> dict[str, Any]:
    from benchmarks.cases import CASES

    rule = json.loads(json.dumps(CASES[0].definition))
    rule["nodes"][0]["config"]["days"] = 10 + number  # Nobody's answer can come from anybody else's.
    return {"scope": scope, "rule": rule, "editor": f"editor {number}"}


@contextmanager
def _editors() -> Iterator[list[Editor]]:
    """Twenty accounts that may edit, taken away again afterwards."""
    from django.contrib.auth.models import User
    from rest_framework.authtoken.models import Token

    names = [f"previews_under_load_{number}" for number in range(_EDITORS)]
    accounts = [User.objects.get_or_create(username=name, defaults={"is_superuser": True})[0] for name in names]
    User.objects.filter(username__in=names).update(is_staff=True)
    try:
        yield [Editor(Token.objects.get_or_create(user=account)[0].key) for account in accounts]
    finally:
        Token.objects.filter(user__in=accounts).delete()
        own = User.objects.filter(pk__in=[account.pk for account in accounts])
        own._raw_delete(own.db)


@contextmanager
def _processes() -> Iterator[None]:
    """The web server and the worker."""
    from benchmarks import processes

    server = ("django", "runserver", f"127.0.0.1:{_PORT}", "--noreload")
    with processes.running(server, (*processes.WORKER, "-l", "WARNING")):
        _until_it_answers()
        yield


def _until_it_answers() -> None:
    for _attempt in range(300):
        try:
            Editor("").send("GET", _PREVIEWS)
            return
        except OSError:
            time.sleep(0.2)
    sys.exit("The web server does not start.")


if __name__ == "__main__":
    sys.exit(main())
