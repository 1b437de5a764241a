"""The gate of the API's document: what would break clients of the released contract fails, all else passes."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

FRONTEND = Path(__file__).resolve().parents[2] / "frontend-contract"
RELEASED = yaml.safe_load((FRONTEND / "released" / "openapi.yaml").read_text(encoding="utf-8"))
GROUPS = "/api/user_group/v1/user_groups/"

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(autouse=True)
def _tools() -> None:
    if shutil.which("node") and (FRONTEND / "node_modules" / ".bin" / "oasdiff").exists():
        return
    if os.environ.get("CI") == "true":
        pytest.fail("Node or the packages of frontend-contract are missing: run npm ci there.")
    pytest.skip("Node or the packages of frontend-contract are missing (npm ci there)")


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def an_operation_is_gone(document):
    del document["paths"][GROUPS]["post"]


def a_field_of_an_answer_is_gone(document):
    found = schema(document, "UserGroup")
    del found["properties"]["member_count"]
    found["required"].remove("member_count")


def a_field_of_an_answer_has_another_type(document):
    schema(document, "UserGroup")["properties"]["member_count"] = {"type": "string"}


def a_new_field_must_be_sent(document):
    found = schema(document, "UserGroupCreate")
    found["properties"]["colour"] = {"type": "string"}
    found["required"].append("colour")


def a_parameter_is_gone(document):
    parameters = document["paths"][GROUPS]["get"]["parameters"]
    parameters[:] = [parameter for parameter in parameters if parameter["name"] != "search"]


BREAKING = [
    an_operation_is_gone,
    a_field_of_an_answer_is_gone,
    a_field_of_an_answer_has_another_type,
    a_new_field_must_be_sent,
    a_parameter_is_gone,
]


def nothing(document):
    pass


def a_field_is_added_to_an_answer(document):
    found = schema(document, "UserGroup")
    found["properties"]["colour"] = {"type": "string"}
    found["required"].append("colour")


def a_field_may_be_sent(document):
    schema(document, "UserGroupCreate")["properties"]["colour"] = {"type": "string"}


def an_operation_is_added(document):
    added = copy.deepcopy(document["paths"][GROUPS]["get"]) | {"operationId": "list_colours", "summary": "List colours"}
    document["paths"]["/api/user_group/v1/colours/"] = {"get": added}


def of_another_major(change: Change) -> Change:
    def changed(document):
        change(document)
        document["info"]["version"] = "2.0"

    return changed


COMPATIBLE = [nothing, a_field_is_added_to_an_answer, a_field_may_be_sent, an_operation_is_added]


def check(folder: Path, change: Change) -> subprocess.CompletedProcess[str]:
    """What the gate says about the released document with a change."""
    document = copy.deepcopy(RELEASED)
    change(document)
    path = folder / "openapi.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    command = ["node", "scripts/check-openapi.mjs", str(path)]
    return subprocess.run(command, cwd=FRONTEND, capture_output=True, stdin=subprocess.DEVNULL, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__)
def test_what_breaks_clients_fails(tmp_path, change):
    done = check(tmp_path, change)
    assert done.returncode == 1, done.stdout
    assert "Clients of contract 1.0 would break." in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("change", BREAKING[1:2], ids=lambda change: change.__name__)
def test_unless_the_major_moves(tmp_path, change):
    done = check(tmp_path, of_another_major(change))
    assert done.returncode == 0, done.stderr
    assert "Contract 2.0 may break clients of 1.0." in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("change", COMPATIBLE, ids=lambda change: change.__name__)
def test_what_adds_passes(tmp_path, change):
    done = check(tmp_path, change)
    assert done.returncode == 0, done.stderr


def without_tag(document):
    document["paths"][GROUPS]["get"]["tags"] = ["Nowhere"]


def without_security(document):
    del document["paths"][GROUPS]["get"]["security"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "tool", "rule"),
    [(without_tag, "spectral", "operation-tag-defined"), (without_security, "redocly", "security-defined")],
)
def test_a_document_that_breaks_a_rule_fails(tmp_path, change, tool, rule):
    done = check(tmp_path, change)
    assert done.returncode == 1
    assert f"{tool}:" in done.stderr
    assert rule in done.stderr


def test_the_released_document_names_its_contract():
    assert RELEASED["info"]["version"] == "1.0"
