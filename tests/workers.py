"""Real Celery workers on the database under test, and ways to see where one waits for a lock that the test holds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import DatabaseError, connection

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60
#: Seconds in which something is over that would else take far longer, however busy the machine is.
SOON = 10

#: What holds whatever a statement reads, without keeping others from reading it or from referring to it.
SHARED = {"mysql": "LOCK IN SHARE MODE", "postgresql": "FOR SHARE"}


def database_url() -> str:
    """The address of the test database itself, for the worker's settings."""
    if connection.vendor == "sqlite":
        pytest.skip("A worker is another process: it needs a database server (make test-services runs it on two).")
    scheme = {"mysql": "mysql", "postgresql": "postgres"}[connection.vendor]
    given = connection.settings_dict
    return f"{scheme}://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def use_broker(monkeypatch: Any, url: str, queue: str) -> None:
    """Have this process send its tasks there."""
    monkeypatch.setitem(current_app.conf, "broker_url", url)
    monkeypatch.setitem(current_app.conf, "task_always_eager", False)
    monkeypatch.setitem(current_app.conf, "task_default_queue", queue)
    monkeypatch.setattr(current_app.amqp, "_producer_pool", None)  # The connections to another test's broker.


class Worker:
    """A worker, which takes one task at a time or, with several processes, as many."""

    def __init__(
        self, broker_url: str, queue: str, *, settings: str = "tests.refresh.worker_settings", processes: int = 1
    ) -> None:
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": broker_url,
            "CELERY_TASK_DEFAULT_QUEUE": queue,
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "backend"), str(ROOT)]),
        }
        pool = ["-P", "solo"] if processes == 1 else ["-c", str(processes)]
        self._command = ["celery", "-A", "sandbox.celery", "worker", "-Q", queue, "-l", "INFO", *pool]
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, error: Any, *details: object) -> None:
        self.end()
        if error is not None:
            sys.stdout.write(self.log())  # For pytest, which shows it with the failure.
        self._output.close()

    def start(self) -> None:
        """Start it; it takes tasks when it is ready."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self._command],
            cwd=ROOT / "backend",
            env=self._environment,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def log(self) -> str:
        """What it has said so far."""
        return Path(self._output.name).read_text()

    def suspend(self) -> None:
        """Have it stand still (SIGSTOP)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """End it at once (SIGKILL) with all its processes, wherever they are."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=PATIENCE)
            self._process = None


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """What ``condition`` returns once that is true; a failure where it never is."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    pytest.fail(f"After {PATIENCE} seconds: {what}")


@contextmanager
def second_connection() -> Iterator[Any]:
    """A cursor in a transaction of its own, which is rolled back at the end: to hold a lock."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            yield cursor
        with suppress(DatabaseError):  # The server is gone, and with it the lock.
            other.rollback()
    finally:
        other.close()


def waiting_connections(text: str) -> list[int]:
    """The connections that wait for a lock with a statement that contains ``text``."""
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            long = "time_ms > 300" if connection.mysql_is_mariadb else "time >= 1"
            cursor.execute(
                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
                f" AND command = 'Query' AND {long} AND info LIKE %s",
                [f"%{text}%"],
            )
        else:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND wait_event_type = 'Lock' AND query ILIKE %s",
                [f"%{text}%"],
            )
        return [row[0] for row in cursor.fetchall()]


def end_connection(pid: int) -> None:
    """End a connection on the server, as when the server is restarted."""
    with connection.cursor() as cursor:
        cursor.execute(f"KILL {pid}" if connection.vendor == "mysql" else f"SELECT pg_terminate_backend({pid})")
