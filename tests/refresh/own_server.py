"""A database server of a test's own, which may be killed: of the kind that is under test, on a free port."""

from __future__ import annotations

import glob
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections

_PATIENCE = 60
_NAME = "user_groups"


@dataclass(frozen=True)
class _Kind:
    """How a server is set up and started. ``stop`` ends it as if the plug were pulled: nothing is written any more."""

    user: str
    install: Callable[[Path], Sequence[str]]
    start: Callable[[Path, int], Sequence[str]]
    stop: signal.Signals
    #: The database that is there from the beginning.
    first: str
    create: str


def _mariadb_install(folder: Path) -> Sequence[str]:
    options = ("--auth-root-authentication-method=normal", "--skip-test-db", f"--tmpdir={folder}", *_as_root())
    return (_program("mariadb-install-db"), "--no-defaults", f"--datadir={folder}/data", *options)


def _mariadb_start(folder: Path, port: int) -> Sequence[str]:
    place = (f"--datadir={folder}/data", f"--socket={folder}/socket", f"--pid-file={folder}/pid", f"--port={port}")
    # A server that starts deletes the temporary tables that it finds: those of the server beside it are not its own.
    place += (f"--tmpdir={folder}",)
    rest = ("--bind-address=127.0.0.1", "--skip-log-bin", "--innodb-buffer-pool-size=64M", *_as_root())
    return (_program("mariadbd"), "--no-defaults", *place, *rest)


def _postgresql_install(folder: Path) -> Sequence[str]:
    return _as_postgres(_program("initdb"), "-A", "trust", "-U", "postgres", "-D", f"{folder}/data", "-E", "UTF8")


def _postgresql_start(folder: Path, port: int) -> Sequence[str]:
    place = ("-D", f"{folder}/data", "-p", str(port), "-k", str(folder), "-h", "127.0.0.1")
    return _as_postgres(_program("postgres"), *place)


_KINDS = {
    "mysql": _Kind(
        "root",
        _mariadb_install,
        _mariadb_start,
        signal.SIGKILL,
        "mysql",
        f"CREATE DATABASE {_NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
    ),
    # A killed postmaster leaves its children behind; this signal ends all of them at once, without a checkpoint.
    "postgresql": _Kind(
        "postgres", _postgresql_install, _postgresql_start, signal.SIGQUIT, "postgres", f"CREATE DATABASE {_NAME}"
    ),
}


class OwnServer:
    """The server's process."""

    def __init__(self, kind: _Kind, folder: Path, port: int) -> None:
        self._kind, self._folder, self._port = kind, folder, port
        self._process: subprocess.Popen[bytes] | None = None

    def install(self) -> None:
        """Lay an empty data folder."""
        subprocess.run(self._kind.install(self._folder), check=True, capture_output=True)

    def start(self) -> None:
        """Start, and wait until it lets somebody in; after a crash it recovers first."""
        with open(self._folder / "log", "ab") as log:
            command = self._kind.start(self._folder, self._port)
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            with suppress(DatabaseError):
                self.execute("SELECT 1")
                return
            time.sleep(0.1)
        pytest.fail(f"The server does not start: {(self._folder / 'log').read_text()[-2000:]}")

    def execute(self, statement: str) -> None:
        """Execute it in the database that is there from the beginning."""
        other = connection.copy()
        other.settings_dict["NAME"] = self._kind.first
        with closing(other), other.cursor() as cursor:
            cursor.execute(statement)

    def kill(self) -> None:
        """End it at once."""
        if self._process is None:
            return
        self._process.send_signal(self._kind.stop)
        self._process.wait(_PATIENCE)
        self._process = None


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server with the tables of the site, which takes the place of the database under test until the end."""
    kind, port = _KINDS[connection.vendor], _free_port()
    before, own = connections["default"], connection.copy()
    place: dict[str, Any] = {"HOST": "127.0.0.1", "PORT": str(port), "USER": kind.user, "PASSWORD": ""}
    own.settings_dict |= {**place, "NAME": _NAME}
    with TemporaryDirectory() as folder:
        if os.geteuid() == 0 and connection.vendor == "postgresql":
            shutil.chown(folder, "postgres")
        server = OwnServer(kind, Path(folder), port)
        connections["default"] = own
        try:
            server.install()
            server.start()
            server.execute(kind.create)
            call_command("migrate", verbosity=0)
            yield server
        finally:
            own.close()
            connections["default"] = before
            server.kill()


def _program(name: str) -> str:
    folders = (os.environ.get("PATH", ""), "/usr/sbin", *sorted(glob.glob("/usr/lib/postgresql/*/bin")))
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"{name} is not installed here: there is no server that this test could kill."
        )
    return found


def _as_root() -> Sequence[str]:
    return ("--user=root",) if os.geteuid() == 0 else ()


def _as_postgres(*command: str) -> Sequence[str]:
    """PostgreSQL refuses to run as root."""
    other_account = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
    return (*other_account, *command) if os.geteuid() == 0 else command


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
