"""A throw-away site into which the sample plugin is installed as an operator would install it.

The site has an environment and a database file of its own. The environment sees every package of the one that runs the
tests, but pip installs into it alone, so nobody's checkout or environment changes and tests may run side by side.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).parent / "sample"
HTTP_CALLS = Path(__file__).parent / "http_calls.py"
DISTRIBUTION = "openedx-user-groups-sample"

#: The sample is a distribution of its own: its tests run where it is installed, not here.
collect_ignore = ["sample"]

#: What the shell that runs the tests may say about another site.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TIME_ZONE")


class Answer(NamedTuple):
    """What the site answered to a request."""

    status: int
    data: Any


class Site:
    """The sandbox in an environment of its own, served by one process until packages or tables change.

    ``template`` is a site whose database and wheel are copied, so that they are made once.
    """

    def __init__(self, folder: Path, template: Path | None = None) -> None:
        self.folder = folder
        self._server: subprocess.Popen[str] | None = None
        for name in ("site.sqlite3", "sources", "wheels"):
            if template is not None:
                copy = shutil.copytree if (template / name).is_dir() else shutil.copyfile
                copy(template / name, folder / name)
        self.python = folder / "env" / "bin" / "python"
        venv.create(folder / "env", with_pip=False, symlinks=True)
        [packages] = (folder / "env" / "lib").glob("python*/site-packages")
        shared = dict.fromkeys(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))
        (packages / "shared.pth").write_text("".join(f"{path}\n" for path in shared), encoding="utf-8")
        self.environment = {name: value for name, value in os.environ.items() if name not in FOREIGN} | {
            "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "sandbox.settings",
            "PYTHONPATH": str(REPOSITORY / "backend"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, *arguments: Any, cwd: Path | None = None) -> str:
        """Run the environment's Python. Fails with what it said where it fails."""
        command = [str(self.python), *map(str, arguments)]
        finished = subprocess.run(
            command,
            cwd=cwd or self.folder,
            env=self.environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        assert finished.returncode == 0, f"{' '.join(command)}\n{finished.stdout}\n{finished.stderr}"
        return finished.stdout

    def manage(self, *arguments: str) -> str:
        """Run a management command. What serves requests is restarted: tables may change."""
        self.stop()
        return self.run(REPOSITORY / "backend" / "sandbox" / "manage.py", *arguments)

    def shell(self, code: str) -> str:
        """Run code in the site."""
        return self.run("-c", f"import django; django.setup()\n{code}")

    def build(self) -> None:
        """Build the sample's wheel, from a copy because building leaves files behind."""
        sources = shutil.copytree(SAMPLE, self.folder / "sources", ignore=shutil.ignore_patterns("__pycache__"))
        self.run("-m", "pip", "wheel", "--no-deps", *_isolation(), "--wheel-dir", self.folder / "wheels", sources)

    def install(self) -> None:
        """Install the sample."""
        self.stop()
        [wheel] = (self.folder / "wheels").iterdir()
        self.run("-m", "pip", "install", "--no-deps", "--no-index", wheel)

    def uninstall(self) -> None:
        """Remove the sample."""
        self.stop()
        self.run("-m", "pip", "uninstall", "--yes", DISTRIBUTION)

    def http(self, *calls: tuple[str, str, Any]) -> list[Answer]:
        """Send requests (method, path below the API's root, body) as global staff, one after another."""
        server = self._server = self._server or self._start()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(calls) + "\n")
        server.stdin.flush()
        answers = server.stdout.readline()
        assert answers, (self.folder / "server.log").read_text(encoding="utf-8")
        return [Answer(*answer) for answer in json.loads(answers)]

    def stop(self) -> None:
        """End the process that serves requests, if there is one."""
        if self._server is not None:
            self._server.communicate()
            self._server = None

    def _start(self) -> subprocess.Popen[str]:
        with (self.folder / "server.log").open("a", encoding="utf-8") as log:
            return subprocess.Popen(
                [str(self.python), str(HTTP_CALLS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
                text=True,
            )


def _isolation() -> list[str]:
    """Build with the setuptools at hand where it can make wheels by itself: that needs no network."""
    try:
        release = metadata.version("setuptools").split(".")
    except metadata.PackageNotFoundError:
        return []
    return ["--no-build-isolation"] if (int(release[0]), int(release[1])) >= (70, 1) else []


@pytest.fixture(scope="session")
def template_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with its database migrated and the sample's wheel built."""
    site = Site(tmp_path_factory.mktemp("site"))
    site.manage("migrate", "--verbosity", "0")
    site.build()
    return site.folder


@pytest.fixture
def site(tmp_path: Path, template_site: Path) -> Iterator[Site]:
    """A migrated site without the plugin, whose global staff member is called ``staff``."""
    site = Site(tmp_path, template_site)
    yield site
    site.stop()
