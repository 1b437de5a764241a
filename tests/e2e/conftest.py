"""The sandbox as a running site, and a browser's view of it.

The tests themselves are written where the browser's libraries are, in ``frontend-contract/e2e``: here are the sites
that they need. A site has a database file of its own. By hand, against a site that runs already::

    E2E_WORLD='{"address": …}' node --test frontend-contract/e2e/story.e2e.mjs
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FRONTEND = REPOSITORY / "frontend-contract"
SAMPLE_PLUGIN = REPOSITORY / "tests" / "plugin" / "sample"
MANAGE = REPOSITORY / "backend" / "sandbox" / "manage.py"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
OULAD = Path(os.environ.get("OULAD_PATH") or REPOSITORY.parent / "shared" / "data" / "oulad")

#: An account of no role, in either world.
LEARNER = ("browser_learner", "browser")

#: Learners of the demo's first course who read about events in the sample plugin's newsletter.
SUBSCRIBERS = 7
_SUBSCRIBE = f"""
from sample_criteria.models import Subscription
from sandbox.platform.student.models import CourseEnrollment
rows = CourseEnrollment.objects.filter(course_id="course-v1:DemoX+BIO101+2026", is_active=True).order_by("user_id")
for user_id in rows.values_list("user_id", flat=True)[:{SUBSCRIBERS}]:
    Subscription.objects.create(user_id=user_id, topic="events")
"""

#: What the shell that runs the tests may say about another site.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "DEBUG", "TIME_ZONE")


def missing_tools() -> list[str]:
    """What a browser test needs and this machine lacks."""
    needed = {
        "Node": shutil.which("node") is not None,
        "the packages of frontend-contract (npm ci)": (FRONTEND / "node_modules" / "playwright-core").is_dir(),
        "Chromium": Path(CHROMIUM).exists(),
    }
    return [name for name, found in needed.items() if not found]


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    """Without a browser there is nothing to test; continuous integration has to have one."""
    missing = missing_tools()
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"Not on this machine: {', '.join(missing)}.")
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")


class Site:
    """A sandbox in a folder of its own. ``plugins`` is a folder of installed distributions that only it sees."""

    def __init__(self, folder: Path, plugins: Path | None = None) -> None:
        path = [REPOSITORY / "backend", *([plugins] if plugins else [])]
        self.environment = {name: value for name, value in os.environ.items() if name not in FOREIGN} | {
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "PYTHONPATH": os.pathsep.join(map(str, path)),
        }

    def manage(self, *arguments: str) -> None:
        """Run a management command. Fails with what it said where it fails."""
        command = [sys.executable, str(MANAGE), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, stdin=subprocess.DEVNULL, text=True)
        assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"

    def make_learner(self) -> None:
        """An account that is nobody's staff."""
        name, password = LEARNER
        account = f"create_user({name!r}, password={password!r})"
        self.run_code(f"from django.contrib.auth.models import User; User.objects.{account}")

    def run_code(self, code: str) -> None:
        """Run Python in the site's shell."""
        self.manage("shell", "-v", "0", "-c", code)

    @contextmanager
    def served(self, log: Path) -> Iterator[str]:
        """Serve the site, and answer its address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(MANAGE), "runserver", f"127.0.0.1:{port}", "--noreload"]
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
            try:
                _wait_for(address, process, log)
                yield address
            finally:
                process.terminate()
                process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"The site did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Invented learners, and the sample plugin installed as an operator would install it."""
    folder = tmp_path_factory.mktemp("demo")
    plugins = folder / "plugins"
    source = shutil.copytree(SAMPLE_PLUGIN, folder / "source", ignore=shutil.ignore_patterns("build", "*.egg-info"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    done = subprocess.run([*pip, "--target", str(plugins), str(source)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    site = Site(folder, plugins)
    site.manage("migrate", "-v", "0")
    site.manage("load_demo")
    site.make_learner()
    site.run_code(_SUBSCRIBE)
    with site.served(folder / "server.log") as address:
        yield {
            "address": address,
            "course": "course-v1:DemoX+BIO101+2026",
            "staff": "staff",
            "staffPassword": "staff",
            "learner": _account(*LEARNER),
            "plugin": {"type": "newsletter", "label": "Newsletter", "choice": "Events", "matches": SUBSCRIBERS},
        }


@pytest.fixture(scope="session")
def oulad_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The real data of one university's courses, on their 120th day."""
    if not (OULAD / "studentInfo.csv.gz").exists():
        pytest.skip(f"the OULAD data is not in {OULAD}; OULAD_PATH names another folder")
    folder = tmp_path_factory.mktemp("oulad")
    site = Site(folder)
    site.manage("migrate", "-v", "0")
    site.manage("load_oulad", str(OULAD), "--day", "120")
    site.make_learner()
    with site.served(folder / "server.log") as address:
        yield {
            "address": address,
            "course": "course-v1:OULAD+BBB+2013J",
            "staff": "staff_BBB_2013J",
            "staffPassword": "edx",
            "expected": 179,
            "isReal": True,
            "learner": _account(*LEARNER),
            "otherStaff": _account("staff_AAA_2013J", "edx"),
        }


def _account(user: str, password: str) -> dict[str, str]:
    return {"user": user, "password": password}


def _screenshots(world: dict[str, Any]) -> dict[str, str]:
    """Where pictures of the states go: beside the tests, or with UPDATE_SCREENSHOTS=1 the README's into the docs."""
    is_real = world.get("isReal", False)
    if is_real and os.environ.get("UPDATE_SCREENSHOTS") == "1":
        pictures = REPOSITORY / "backend" / "docs" / "images" / "builder"
        return {"E2E_SCREENSHOTS": str(pictures), "E2E_SHOTS": "list,preview,difference,group", "E2E_SCALE": "0.6"}
    return {"E2E_SCREENSHOTS": str(FRONTEND / "test-results" / ("oulad" if is_real else "demo"))}


@pytest.fixture
def run_in_browser() -> Callable[[dict[str, Any], str], None]:
    """Runs one file of browser tests against a world. Fails with what Node's test runner said."""

    def run(world: dict[str, Any], name: str) -> None:
        settings = {"E2E_WORLD": json.dumps(world), "CHROMIUM": CHROMIUM} | _screenshots(world)
        command = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", f"e2e/{name}.e2e.mjs"]
        done = subprocess.run(
            command, cwd=FRONTEND, env=os.environ | settings, capture_output=True, stdin=subprocess.DEVNULL, text=True
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    return run
