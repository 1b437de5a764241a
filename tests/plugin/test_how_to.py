"""The how-to shows the sample as it is, and names what the door for authors offers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from openedx_user_groups import criteria_api

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).parent / "sample"
HOW_TO = REPOSITORY / "backend" / "docs" / "how-tos" / "add_a_criterion_type.md"

#: A block of code that is a whole file: its name in a line of its own stands before it.
FILE_BLOCK = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: Any block of Python, indented or not.
PYTHON_BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)

#: What is no part of the lesson.
UNEXPLAINED = {"README.md", "sample_criteria/migrations/__init__.py", "tests/__init__.py"}


def shown() -> dict[str, str]:
    return dict(FILE_BLOCK.findall(HOW_TO.read_text(encoding="utf-8")))


def test_every_file_of_the_sample_is_shown():
    files = {
        str(path.relative_to(SAMPLE))
        for path in SAMPLE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert set(shown()) == files - UNEXPLAINED


@pytest.mark.parametrize("name", sorted(shown()))
def test_files_are_shown_as_they_are(name):
    assert shown()[name] == (SAMPLE / name).read_text(encoding="utf-8")


def test_snippets_are_python():
    snippets = PYTHON_BLOCK.findall(HOW_TO.read_text(encoding="utf-8"))
    assert len(snippets) > len(shown()) - 1
    for indent, code in snippets:
        compile(re.sub(f"^{indent}", "", code, flags=re.MULTILINE), str(HOW_TO), "exec")


def test_the_reference_names_the_whole_door_and_nothing_else():
    reference = HOW_TO.read_text(encoding="utf-8").split("## Reference")[1].split("|---|---|")[1]
    named = set(re.findall(r"`(\w+)`", reference))
    assert named == set(criteria_api.__all__)


def test_the_sample_imports_nothing_else_of_the_core():
    imported = set()
    for path in (SAMPLE / "sample_criteria").rglob("*.py"):
        imported.update(re.findall(r"(?:from|import) (openedx_user_groups[\w.]*)", path.read_text(encoding="utf-8")))
    assert imported == {"openedx_user_groups.criteria_api"}


def test_links_lead_somewhere():
    text = HOW_TO.read_text(encoding="utf-8")
    anchors = {
        "#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert target in anchors or (HOW_TO.parent / target).exists(), target
