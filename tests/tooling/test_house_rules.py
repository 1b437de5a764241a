"""The rules of this repository that no linter knows.

What ruff, mypy and import-linter can check is configured there and runs in `make lint`; it is not repeated here. The
files are found by walking the folders and not by asking git, so that the rules hold in an unpacked archive as well.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "backend" / "openedx_user_groups"

# What tools leave behind in a checkout; nobody wrote it, so no rule holds for it.
GENERATED_FOLDERS = {
    ".git",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".schemathesis",
    ".tox",
    ".venv",
    "__pycache__",
    "node_modules",
}
GENERATED_AT_ROOT = {"build", "dist", "htmlcov"}

# Put together from pieces, or this file would break its own rules.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b(?!\(#\d+\))")
REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pypi", "python", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("npm", "pkg", "github", "com"),
        ("conda", "anaconda", "org"),
    )
)
# How a registry that the list above does not know would be named in a configuration or a lock file.
REGISTRY_SETTINGS = re.compile(r'index[-_]url|resolved"?:?\s+"http|\bregistry"?\s*[=:]\s*"?http')
READ_BY_INSTALLERS = (".npmrc", ".yarnrc", ".lock", "package-lock.json", "pip.conf", ".toml", ".txt", ".ini", ".cfg")


def written_files(*suffixes: str) -> Iterator[Path]:
    """Yield the files of the repository that people wrote; all of them, or those with one of the suffixes."""
    for folder, subfolders, names in os.walk(ROOT):
        here = Path(folder)
        subfolders[:] = sorted(
            name
            for name in subfolders
            if name not in GENERATED_FOLDERS
            and not name.endswith(".egg-info")
            and not (here == ROOT and name in GENERATED_AT_ROOT)
            # An environment by any other name.
            and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(names) if not suffixes or name.endswith(suffixes))


def text_of(path: Path) -> str:
    """Return the text of a file, or nothing for what is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""


def places(pattern: re.Pattern[str], path: Path) -> list[str]:
    """Return `file:line` for each match."""
    text = text_of(path)
    name = path.relative_to(ROOT)
    return [f"{name}:{text.count(chr(10), 0, match.start()) + 1}" for match in pattern.finditer(text)]


def test_what_is_unfinished_names_its_issue():
    """A note that something is unfinished is lost unless an issue holds it: write the number after it, `(#12)`."""
    found = [place for path in written_files(".py", ".ts", ".tsx") for place in places(UNFINISHED, path)]
    assert found == []


@pytest.mark.parametrize(
    ("line", "unfinished"),
    [
        ("# TO" + "DO: later", True),
        ("# FIX" + "ME", True),
        ("# XX" + "X(me): no issue", True),
        ("# TO" + "DO(#12): later", False),
        ("MASTO" + "DON", False),
    ],
)
def test_the_search_for_unfinished_work_finds_it(line, unfinished):
    """An empty result above means something only as long as the pattern matches."""
    assert bool(UNFINISHED.search(line)) is unfinished


def test_no_file_names_a_package_registry():
    """Where packages come from is configured on the machine that installs them, never here."""
    hosts = re.compile("|".join(re.escape(host) for host in REGISTRIES), re.IGNORECASE)
    found = [place for path in written_files() for place in places(hosts, path)]
    assert found == []


def test_no_configuration_points_at_a_registry():
    """The same for registries of any name, in the files that installers read or write."""
    found = [place for path in written_files(*READ_BY_INSTALLERS) for place in places(REGISTRY_SETTINGS, path)]
    assert found == []


def test_constraints_are_pins_and_nothing_else():
    """An address, a path or an option in constraints.txt would work on one machine only."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)] == []


def test_every_module_says_what_it_is_for():
    """Migrations are generated, and an empty `__init__.py` only marks a package; every other module has a docstring."""
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "migrations"]
    assert modules
    silent = [
        str(path.relative_to(ROOT))
        for path in modules
        if (text := path.read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []
