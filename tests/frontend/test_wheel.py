"""The wheel alone, on a site without Node, serves the group builder, its script, its styles and its translations."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")

#: Run where neither the repository nor Node can be found. The address of a file is what the page names.
PROGRAM = """
import json, re
import django
django.setup()
from django.contrib.auth.models import User
from django.contrib.staticfiles.views import serve
from django.core.management import call_command
from django.test import Client, RequestFactory
import openedx_user_groups
call_command("migrate", verbosity=0)
client = Client()
client.force_login(User.objects.create_superuser("admin"))
page = client.get("/builder/", headers={"Accept-Language": "es"})
paths = re.findall(r'(?:src|href)="/static/([^"]+)"', page.content.decode())
static = {path: serve(RequestFactory().get("/"), path, insecure=True) for path in paths}
print(json.dumps({
    "package": openedx_user_groups.__path__[0],
    "status": page.status_code,
    "is_spanish": "<title>Grupos de usuarios</title>" in page.content.decode(),
    "static": {path: [answer.status_code, len(answer.getvalue())] for path, answer in static.items()},
}))
"""


@pytest.mark.slow
def test_the_builder_is_served_from_the_wheel(tmp_path):
    source, site, package = tmp_path / "source", tmp_path / "site", "backend/openedx_user_groups"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / package, source / package, symlinks=True, ignore=ignored)
    shutil.copytree(ROOT / "backend" / "sandbox", tmp_path / "backend" / "sandbox", ignore=ignored)
    for name in SOURCES:
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run([*pip, "--wheel-dir", str(tmp_path), str(source)], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert all(name.startswith("openedx_user_groups") for name in archive.namelist())
        archive.extractall(site)
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PYTHONPATH")} | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "sandbox.settings",
        "PATH": "/nowhere",
        "PYTHONPATH": os.pathsep.join([str(site), str(tmp_path / "backend")]),
    }
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["package"] == str(site / "openedx_user_groups")
    assert (found["status"], found["is_spanish"]) == (200, True)
    assert set(found["static"]) == {"openedx_user_groups/builder/builder.css", "openedx_user_groups/builder/builder.js"}
    assert all(status == 200 and size > 100_000 for status, size in found["static"].values())
