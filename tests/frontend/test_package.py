"""The npm package's own checks: wire types, compilers, unit tests, a consumer with the MFE's compiler, the built page.

They need Node and the packages (``npm ci`` in ``frontend-contract``). Where these are missing, the tests are skipped;
in continuous integration they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[2] / "frontend-contract"
#: The parts of ``npm run check``, one test each.
CHECKS = ("check:types", "typecheck", "test", "check:consumer", "check:page")


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
    done = subprocess.run(
        ["npm", "run", "--silent", name], cwd=FRONTEND, capture_output=True, stdin=subprocess.DEVNULL, text=True
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_the_lock_file_names_no_place_and_pins_every_package():
    """Packages come from wherever the machine is set up to take them; what comes is told by its hash."""
    packages = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {path: package for path, package in packages.items() if path}
    assert len(installed) > 500
    assert [path for path, package in installed.items() if "resolved" in package] == []
    assert [path for path, package in installed.items() if "integrity" not in package] == []
