"""Run the test suite on every database server that answers; called by `make test-services`.

A query that is right on SQLite can be wrong, slow or refused on the servers that Open edX runs on, so the whole suite
runs on each of them, together with the tests that are marked `services`. Which tests there are, and how they use a
server, is not decided here: this script finds the servers and says where through `DATABASE_URL` and `REDIS_URL`. A test
that needs a server whose address is not set has to skip itself.

Where it looks: `MARIADB_HOST`, `MARIADB_PORT`, `MARIADB_USER`, `MARIADB_PASSWORD`; `POSTGRES_…` likewise; `REDIS_URL`.
MySQL itself, which answers at the same port as MariaDB, is looked for where `MYSQL_HOST` or `MYSQL_PORT` names one.
A server that does not answer is reported, and is a failure only with `CI=true`. Two checkouts that share a server need
different names in `SERVICES_DATABASE`. Arguments are passed on to pytest.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 3

#: Tests whose outcome the database under test does not change; `make test` runs them.
INDEPENDENT_OF_THE_DATABASE = (
    "tests/contract/test_fixtures.py",
    "tests/e2e",
    "tests/frontend",
    "tests/tooling",
    "tests/translations",
    "tests/differential/test_proofs.py",
    # What they show beside the values of the files, the differential tests show on every database.
    "tests/oulad/test_explanations.py",
    "tests/oulad/test_funnel.py",
)


@dataclass(frozen=True)
class Server:
    """An account on a database server, as the environment describes it."""

    name: str
    scheme: str
    host: str
    port: int
    user: str
    password: str

    @classmethod
    def from_environment(cls, name: str, *, prefix: str, scheme: str, port: int, user: str) -> "Server":
        """Read the variables that start with `prefix`; an empty variable counts as absent."""
        return cls(
            name=name,
            scheme=scheme,
            host=os.environ.get(f"{prefix}_HOST") or "127.0.0.1",
            port=int(os.environ.get(f"{prefix}_PORT") or port),
            user=os.environ.get(f"{prefix}_USER") or user,
            password=os.environ.get(f"{prefix}_PASSWORD") or "",
        )

    @property
    def place(self) -> str:
        """Where the server is looked for, without the password."""
        return f"{self.user}@{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The value of DATABASE_URL. Django puts `test_` before the name and creates that database."""
        database = os.environ.get("SERVICES_DATABASE") or "openedx_user_groups"
        account = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{account}@{host}:{self.port}/{database}"


@dataclass(frozen=True)
class Probe:
    """Whether a service answers, and what it says of itself or why not."""

    name: str
    place: str
    answers: bool
    detail: str

    def __str__(self) -> str:
        """One line of the report."""
        state = "answering" if self.answers else "missing"
        return f"{self.name:<11} {state:<10} {self.place} ({self.detail})"


def named_mysql() -> list[Server]:
    """The server of MySQL itself, where the environment names one."""
    if not (os.environ.get("MYSQL_HOST") or os.environ.get("MYSQL_PORT")):
        return []
    return [Server.from_environment("MySQL", prefix="MYSQL", scheme="mysql", port=3306, user="root")]


def ask_mariadb(server: Server) -> str:
    """Connect over TCP (a socket file would hide a wrong host or port) to it or to MySQL, and return the version."""
    import MySQLdb

    connection = MySQLdb.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        connect_timeout=PATIENCE_SECONDS,
    )
    try:
        return str(connection.get_server_info())
    finally:
        connection.close()


def ask_postgresql(server: Server) -> str:
    """Connect to the maintenance database, as Django does to create another, and return the version."""
    import psycopg

    with psycopg.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        dbname="postgres",
        connect_timeout=PATIENCE_SECONDS,
    ) as connection:
        return str(connection.info.parameter_status("server_version"))


def ask_redis(url: str) -> str:
    """Ping the server and return its version."""
    import redis

    with redis.Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS) as client:
        return str(client.info("server")["redis_version"])


def probe(name: str, place: str, ask: Callable[[], str]) -> Probe:
    """Turn an answer, or whatever keeps a service from answering, into a line of the report."""
    try:
        detail, answers = ask(), True
    # A missing driver, a refused connection, a wrong password: each is an answer to "is it there?".
    except Exception as error:
        detail, answers = " ".join(f"{type(error).__name__}: {error}".split()), False
    return Probe(name, place, answers, detail)


def without_password(url: str) -> str:
    """Return a Redis address that may be printed."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def read_counts(report: Path) -> str:
    """Say in words what pytest's report counted."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    total = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in suites:
        for key in total:
            total[key] += int(suite.get(key, 0))
    bad = total["failures"] + total["errors"]
    return f"{total['tests'] - bad - total['skipped']} passed, {bad} failed, {total['skipped']} skipped"


def run_suite(server: Server, redis_url: str | None, arguments: list[str]) -> tuple[bool, str]:
    """Run pytest on one database; return whether all went well, and the line for the summary."""
    environment = {key: value for key, value in os.environ.items() if key != "REDIS_URL"}
    environment["DATABASE_URL"] = server.url
    if redis_url:
        environment["REDIS_URL"] = redis_url
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        elsewhere = [f"--ignore={path}" for path in INDEPENDENT_OF_THE_DATABASE]
        # One more than there are processors: some tests wait for the end of a lease, or for a worker to start.
        workers = str((os.cpu_count() or 1) + 1)
        # Long tests are not handed out beforehand, but taken by whoever has nothing to do.
        spread = ["-n", workers, "--dist", "worksteal"]
        command = [sys.executable, "-m", "pytest", *spread, f"--junitxml={report}", *elsewhere, *arguments]
        code = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=False).returncode
        counts = read_counts(report) if report.exists() else "no report"
    return code == 0, counts if code == 0 else f"{counts}; pytest ended with {code}"


def main(arguments: list[str]) -> int:
    """Look for the services, run the suite on each database, sum up; return the exit code."""
    mariadb = Server.from_environment("MariaDB", prefix="MARIADB", scheme="mysql", port=3306, user="root")
    postgresql = Server.from_environment("PostgreSQL", prefix="POSTGRES", scheme="postgres", port=5432, user="postgres")
    redis_url = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"

    databases = [
        (mariadb, probe(mariadb.name, mariadb.place, lambda: ask_mariadb(mariadb))),
        (postgresql, probe(postgresql.name, postgresql.place, lambda: ask_postgresql(postgresql))),
        *((mysql, probe(mysql.name, mysql.place, partial(ask_mariadb, mysql))) for mysql in named_mysql()),
    ]
    redis_probe = probe("Redis", without_password(redis_url), lambda: ask_redis(redis_url))
    probes = [found for _, found in databases] + [redis_probe]
    print(*probes, sep="\n", flush=True)

    missing_is_failure = os.environ.get("CI", "").lower() in {"true", "1"}
    failed = missing_is_failure and not all(found.answers for found in probes)
    summary = []
    for server, found in databases:
        if not found.answers:
            summary.append(f"{server.name:<11} {'FAILED' if missing_is_failure else 'not run'}: does not answer")
            continue
        print(f"\n=== {server.name} at {server.place} ===", flush=True)
        passed, counts = run_suite(server, redis_url if redis_probe.answers else None, arguments)
        failed = failed or not passed
        summary.append(f"{server.name:<11} {'passed' if passed else 'FAILED'}: {counts}")
    if not redis_probe.answers:
        summary.append(f"{'Redis':<11} {'FAILED' if missing_is_failure else 'not used'}: does not answer")

    print("\n=== Summary ===", *summary, sep="\n", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
