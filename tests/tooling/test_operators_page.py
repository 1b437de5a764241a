"""The operators' page names every setting with its default, every command, problem and measurement."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from openedx_user_groups.settings import DEFAULTS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "backend" / "openedx_user_groups"
PAGE = (ROOT / "backend" / "docs" / "how-tos" / "operate.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text under a heading of the page."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_setting_is_there_with_its_default():
    rows = re.findall(r"^\| `([A-Z_]+)` \| `(.+?)` \| \S", section("Settings"), flags=re.MULTILINE)
    documented = {name: ast.literal_eval(default) for name, default in rows}
    missing, gone = DEFAULTS.keys() - documented.keys(), documented.keys() - DEFAULTS.keys()
    assert (sorted(missing), sorted(gone)) == ([], []), "settings that the page does not name, and names no longer used"
    assert documented == DEFAULTS
    assert len(rows) == len(documented)


def test_every_command_is_there():
    commands = {path.stem for path in PACKAGE.glob("**/management/commands/*.py")} - {"__init__"}
    named = set(re.findall(r"^\| `([a-z_]+)", section("Regular work"), flags=re.MULTILINE))
    assert (sorted(commands - named), sorted(named - commands)) == ([], []), "commands not named, and names of none"


def test_every_task_of_the_schedule_exists():
    tasks = set(re.findall(r'"task": "([a-z_.]+)"', PAGE))
    known = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r'"(openedx_user_groups\.[a-z_]+)"', path.read_text())
    }
    assert tasks
    assert tasks <= known


def test_every_measurement_is_there():
    sent = {
        name for path in PACKAGE.rglob("*.py") for name in re.findall(r'\bmeasure\(\s*"([a-z.]+)"', path.read_text())
    }
    documented = set(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|", section("What to alert on"), flags=re.MULTILINE))
    assert sent == documented
