"""The files of ``frontend-contract/``: up to date, complete, and read alike by the server and by every validator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from openedx_user_groups import exceptions
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import GroupState, Scope
from sandbox.contract import documents
from sandbox.contract.exchanges import PREVIEWS, Asker, preview_of
from sandbox.contract.layout import WIDTH, to_text
from sandbox.contract.world import world as contract_world

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "frontend-contract"
VALIDATION = CONTRACT / "validation" / "validate.mjs"

#: The profile on which all validators agree; `$defs` and local references because a rule is a tree.
KEYWORDS = {
    *("$defs", "$ref", "additionalProperties", "const", "default", "description", "discriminator", "enum", "format"),
    *("items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "oneOf", "properties"),
    *("required", "title", "type", "uniqueItems"),
}

#: Violations that a schema need not see: they depend on data, on limits or on the whole tree, or JavaScript has no
#: way to say them. Each is at least once in a fixture that the schema accepts.
BEYOND_SCHEMAS = {
    *("duplicate_node", "invalid_choice", "invalid_item", "invalid_key", "invalid_text", "max_decimal_places"),
    *("max_digits", "range_inverted", "too_deep", "too_many_criteria", "unknown_learner", "unknown_node", "wrong_type"),
}

#: Classes of errors that are never answered themselves, only by their more special kinds.
ABSTRACT = {"conflict", "error", "unevaluable"}

#: Codes that no request brings about: only a run that finds a group by criteria without its rule.
NOT_PROVOKED = {"no_rule"}

VALIDATORS = {"draft-07": jsonschema.Draft7Validator, "2020-12": jsonschema.Draft202012Validator}


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def fixtures(folder: str) -> dict[str, Any]:
    """The files of a folder of fixtures by name."""
    return {path.stem: read(path) for path in sorted((CONTRACT / "fixtures" / folder).glob("*.json"))}


DEFINITIONS = fixtures("definitions")
CASES = [case for cases in DEFINITIONS.values() for case in cases]
SCHEMAS = {path.stem: read(path) for path in sorted((CONTRACT / "schemas").glob("*.json"))}

every_file = pytest.mark.parametrize("name", DEFINITIONS)
every_schema = pytest.mark.parametrize("name", SCHEMAS)
every_draft = pytest.mark.parametrize("draft", VALIDATORS)


@pytest.fixture
def made(db):
    """The world that the fixtures were recorded on."""
    with contract_world() as made:
        yield made


def places(found: Any) -> list[tuple[str, str]]:
    return sorted((violation["pointer"], violation["code"]) for violation in found)


def validator(schema: str, draft: str) -> Any:
    return VALIDATORS[draft](SCHEMAS[schema], format_checker=jsonschema.FormatChecker())


#: Folders of exchanges.
EXCHANGES = ("errors", "previews", "explanations", "collections", "copies", "refreshes")


def of_exchange(folder: str, exchange: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """What of an exchange there is a schema for, and its name."""
    body, answer = exchange["request"]["body"], exchange["response"]
    requests = {"previews": "preview_request", "explanations": "explanation_request"}
    if folder in requests and body is not None:
        yield "request", body, requests[folder]
    of_previews = {"succeeded": "preview", "over_budget": "preview_over_budget"}
    several = "results" in answer
    schemas = {
        "previews": of_previews.get(answer.get("state"), "preview_pending"),
        "explanations": "explanation",
        "collections": "collections" if several else "collection",
        "copies": "copy",
        "refreshes": "refresh_difference" if several else "refresh",
    }
    yield "response", answer, schemas[folder] if exchange["status"] < 400 else "error"


# ---- Up to date ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_the_committed_files_are_those_that_the_code_generates():
    """On whichever database the tests run. After a change on purpose: ``make contract``."""
    assert documents.differences(CONTRACT, documents.generate()) == []


def test_the_command_finds_drift_and_leaves_the_database_alone(tmp_path):
    folder, database = tmp_path / "contract", tmp_path / "database.sqlite3"
    for name in documents.FOLDERS:
        shutil.copytree(CONTRACT / name, folder / name)
    changed = folder / "schemas" / "error.json"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (folder / "fixtures" / "errors" / "404_not_found.json").unlink()
    (folder / "fixtures" / "errors" / "old.json").write_text("{}", encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    found = subprocess.run(
        [sys.executable, "backend/sandbox/manage.py", "write_contract", "--check", "--folder", str(folder)],
        cwd=ROOT,
        # Other languages, time zones and sets of plugins than those of whoever generated the files.
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}", "TIME_ZONE": "Asia/Tokyo", "LANG": "es_ES.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stderr
    assert found.stderr.splitlines() == [
        "CommandError: fixtures/errors/404_not_found.json: is missing",
        "fixtures/errors/old.json: is not generated any more",
        "schemas/error.json: differs",
        "Run “make contract” and look at what has changed.",
    ]
    assert not database.exists()
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before


def test_writing_makes_the_files_those_that_were_generated(tmp_path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "old.json").write_text("{}", encoding="utf-8")
    generated = {"schemas/a.json": "1\n", "fixtures/b/c.json": "2\n"}
    assert documents.differences(tmp_path, generated) == [
        "fixtures/b/c.json: is missing",
        "schemas/a.json: is missing",
        "schemas/old.json: is not generated any more",
    ]
    documents.write(tmp_path, generated)
    assert documents.differences(tmp_path, generated) == []
    assert {path.name for path in tmp_path.rglob("*.json")} == {"a.json", "c.json"}


@pytest.mark.parametrize(
    "document",
    [None, [], {}, {"a": [1.0, 10, True, "ä\u200b"]}, {"deep": [{"list": [f"item-{n}" for n in range(60)]}] * 2}],
)
def test_the_layout_says_what_was_to_be_said(document):
    text = to_text(document)
    assert json.loads(text) == document
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= WIDTH + 2


# ---- Complete --------------------------------------------------------------------------------------------------------
def shipped_types() -> list[Any]:
    return [cls for cls in registry.installed() if cls.__module__.startswith("openedx_user_groups.")]


def test_there_are_enough_definitions_on_both_sides():
    counts = Counter(case["valid"] for case in CASES)
    assert counts[True] >= 300
    assert counts[False] >= 900
    assert len({case["name"] for case in CASES}) == len(CASES)
    for name, cases in DEFINITIONS.items():
        assert {case["valid"] for case in cases} == {True, False}, name
    assert {case["scope"]["type"] for case in CASES} == {"course", "organization", "instance"}


def test_every_operator_of_every_type_is_in_a_valid_definition_with_each_of_its_fields():
    shown = {
        (leaf["type"], leaf["config"]["operator"], name)
        for case in CASES
        if case["valid"]
        for leaf in _leaves(case["definition"])
        for name in [None, *leaf["config"]]
    }
    expected = {
        (cls.criterion_type, operator.id, name)
        for cls in shipped_types()
        for operator in cls.operators
        for name in (None, "operator", *operator.accepts)
    }
    assert len(shipped_types()) >= 24
    assert shown == expected


def _leaves(node: dict[str, Any]) -> list[dict[str, Any]]:
    if node.get("kind") == "criterion":
        return [node]
    return [leaf for child in node["nodes"] for leaf in _leaves(child)]


def test_every_code_that_the_document_lists_is_in_a_fixture():
    listed = {code["id"] for code in fixtures("metadata")["course"]["error_codes"]}
    shown = {violation["code"] for case in CASES for violation in case["violations"]}
    for exchange in (exchange for folder in EXCHANGES for exchange in fixtures(folder).values()):
        shown |= {exchange["response"].get("code")}
        shown |= {found["code"] for key in ("violations", "warnings") for found in exchange["response"].get(key, [])}
    shown |= {group["state_reason"]["code"] for group in fixtures("user_groups").values() if group["state_reason"]}
    for document in fixtures("metadata").values():
        shown |= {type_["availability"]["reason_code"] for type_ in document["criterion_types"]}
    assert listed - shown == ABSTRACT | NOT_PROVOKED
    assert shown - listed == {None}
    abstract = (exceptions.Conflict, exceptions.UserGroupsError, exceptions.Unevaluable)
    assert {error.code for error in abstract} == ABSTRACT


def test_where_schemas_are_wider_than_the_server():
    """Nowhere else: whatever a schema can say, it says."""
    wider = [case for case in CASES if case["schema_accepts"] and not case["valid"]]
    assert {violation["code"] for case in wider for violation in case["violations"]} == BEYOND_SCHEMAS
    # Of wrong types only this one: JavaScript has one kind of number.
    strict = [case["name"] for case in wider if case["violations"][0]["code"] == "wrong_type"]
    assert strict
    assert all("a whole number with a decimal point" in name for name in strict)
    assert all(case["schema_accepts"] for case in CASES if case["valid"])


def test_every_kind_of_error_is_recorded():
    found = Counter((exchange["status"], exchange["response"]["code"]) for exchange in fixtures("errors").values())
    assert set(found) == {
        (400, "malformed_json"),
        (400, "malformed_request"),
        (400, "outside_history"),
        (400, "validation_failed"),
        (401, "authentication_failed"),
        (401, "not_authenticated"),
        (403, "permission_denied"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (409, "budget_exceeded"),
        (409, "collection_not_exclusive"),
        (409, "contract_stale"),
        (409, "criterion_type_missing"),
        (409, "impossible_rule"),
        (409, "in_other_group"),
        (409, "database_busy"),
        (409, "name_taken"),
        (409, "not_held"),
        (409, "not_refreshable"),
        (409, "preview_cancelled"),
        (409, "preview_expired"),
        (409, "preview_lost"),
        (409, "preview_moved"),
        (409, "rule_version_conflict"),
        (409, "source_unavailable"),
        (409, "wrong_membership_source"),
        (413, "payload_too_large"),
        (415, "unsupported_media_type"),
        (429, "throttled"),
        (429, "too_many_previews"),
        (500, "internal_error"),
    }
    for name, exchange in fixtures("errors").items():
        assert name.startswith(str(exchange["status"]))
        assert exchange["response"]["status"] == exchange["status"]


def test_previews_are_recorded_in_every_state():
    found = fixtures("previews")
    outcomes = {
        name: exchange["response"].get("state") or (exchange["status"], exchange["response"]["code"])
        for name, exchange in found.items()
    }
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "succeeded"} == {
        "contract_stale": (409, "contract_stale"),
        "criterion_failed": (409, "criterion_failed"),
        "evaluation_failed": (409, "evaluation_failed"),
        "invalid": (400, "validation_failed"),
        "over_budget": "over_budget",
        "queued": "queued",
        "running": "running",
        "source_unavailable": (409, "source_unavailable"),
        "type_missing": (409, "criterion_type_missing"),
    }
    answers = {name: exchange["response"] for name, exchange in found.items() if outcomes[name] == "succeeded"}
    names = [learner["username"] for learner in answers["succeeded"]["sample"]["results"]]
    assert (answers["succeeded"]["count"]["value"], names) == (2, ["ada", "dan"])
    assert answers["succeeded_without_sample"]["sample"] == {"size": 0, "offset": 0, "results": []}
    assert answers["empty_universe"]["count"] == {"value": 0, "exactness": "exact", "universe": 0}
    assert answers["count_only"]["count"] == {"value": 2, "exactness": "exact", "universe": None}
    moved = {kind: answers[f"difference_{kind}"]["difference"] for kind in ("added", "removed")}
    assert [(move["username"], move["cause"]) for move in moved["removed"]["sample"]["results"]] == [("ada", "rule")]
    assert moved["added"]["added"] == len(moved["added"]["sample"]["results"]) == 2
    assert "Preview: mentors" in {group["name"] for group in answers["overlap"]["overlap"]["groups"]}
    warnings = {warning["code"] for answer in answers.values() for warning in answer["warnings"]}
    assert warnings == {
        *("always_true_rule", "empty_universe", "matches_everybody", "matches_nobody", "node_matches_everybody"),
        *("node_matches_nobody", "decisive_criterion", "redundant_criterion", "duplicate_criterion"),
        *("subsumed_criterion", "always_true_node", "impossible_rule", "impossible_node", "pinned_example_missed"),
    }
    assert found["over_budget"]["response"]["estimate"] == {
        **{"value": 2, "low": 2, "high": 2, "exactness": "estimate", "universe": 5, "sample_size": 5},
    }
    assert found["running"]["status"] == found["queued"]["status"] == 202
    assert [leaf["uses"] for leaf in answers["as_of"]["leaves"]] == ["as_of", "current_data"]


def test_explanations_are_recorded_in_their_main_states():
    found = fixtures("explanations")
    refused = {name: exchange["response"]["code"] for name, exchange in found.items() if exchange["status"] != 200}
    assert refused == {
        "no_rule": "wrong_membership_source",
        "source_unavailable": "source_unavailable",
        "unknown_learner": "validation_failed",
    }
    answers = {name: exchange["response"] for name, exchange in found.items() if name not in refused}
    assert {name for name, answer in answers.items() if answer["matches"]} == {
        *("as_of", "in", "instance", "listed", "saved_rule", "tree")
    }
    assert (answers["outside"]["outside"], answers["outside"]["nodes"]) == ("not_enrolled", [])
    assert answers["out"]["next_change"] == "2026-01-20T12:00:00Z"
    grades = {name: answers[name]["nodes"][2]["criterion"] for name in ("in", "without_values")}
    (grade,) = grades["in"]["values"]
    assert (grade["value"], grade["age_days"]) == (30.0, 2.0)
    assert (grades["without_values"]["values"], grades["without_values"]["counts_as"]["value"]) == ([], 0.0)
    assert answers["listed"]["nodes"][1]["criterion"]["tells_values"]


def test_collections_copies_and_held_refreshes_are_recorded():
    collections, copies, refreshes = (fixtures(name) for name in ("collections", "copies", "refreshes"))
    names = [group["name"] for group in collections["create"]["response"]["groups"]]
    assert names == ["First come", "Then these"]
    assert [group["name"] for group in collections["update"]["response"]["groups"]] == names[::-1]
    unresolved = copies["unresolved"]["response"]
    assert [reference["label"] for reference in unresolved["unresolved"]] == ["Morning"]
    assert unresolved["user_group"]["state_reason"]["code"] == "unresolved_reference"
    assert copies["same_scope"]["response"]["unresolved"] == []
    assert refreshes["held"]["response"]["error"]["code"] == "removes_too_many"
    assert refreshes["difference"]["response"]["results"] == [{"username": "ada", "kind": "removed"}]
    assert refreshes["confirmed"]["response"]["removed_count"] == 1


def test_metadata_is_recorded_for_each_scope_and_with_types_in_trouble():
    found = fixtures("metadata")
    assert {name: document["scope"]["type"] for name, document in found.items()} == {
        "course": "course",
        "course_unavailable": "course",
        "instance": "instance",
        "organization": "organization",
    }
    for name in ("course", "organization", "instance"):
        slugs = {cls.criterion_type for cls in shipped_types() if name in cls.scopes}
        assert {type_["id"] for type_ in found[name]["criterion_types"]} == slugs
    reasons = {
        type_["id"]: type_["availability"]["reason_code"]
        for type_ in found["course_unavailable"]["criterion_types"]
        if type_["availability"]["status"] == "unavailable"
    }
    assert reasons == {
        "attendance": "criterion_type_missing",
        "course_progress": "source_unavailable",
        "team": "criterion_type_failed",
    }


def test_user_groups_are_recorded_in_each_state():
    states = {group["state"] for group in fixtures("user_groups").values()}
    assert states == set(GroupState.values)


# ---- Accepted and refused alike --------------------------------------------------------------------------------------
@every_file
def test_the_rules_of_the_server(made, name):
    for case in DEFINITIONS[name]:
        scope = Scope.parse(case["scope"]["type"], case["scope"]["key"])
        try:
            parse_rule(case["definition"], scope)
            found = []
        except exceptions.InvalidInput as error:
            found = sorted((violation.pointer, violation.code) for violation in error.violations)
        assert found == places(case["violations"]), case["name"]
        assert case["valid"] is (found == []), case["name"]


@every_file
def test_the_api(made, name):
    """The whole way: parsers, serializers, models, and an evaluation of what is valid."""
    staff, admin = Asker(made), Asker(made, "admin")
    for case in DEFINITIONS[name]:
        asker = staff if case["scope"]["type"] == "course" else admin
        body = {**preview_of(case["definition"], sample_size=0), "scope": case["scope"]}
        response = asker.ask("POST", PREVIEWS, body)
        assert response.status_code == (200 if case["valid"] else 400), (case["name"], response.content)
        assert places(response.json().get("violations", [])) == places(case["violations"]), case["name"]


@every_file
@every_draft
def test_python_jsonschema(name, draft):
    checked = {kind: validator(f"definition.{kind}", draft) for kind in ("course", "organization", "instance")}
    of_any_type = validator("definition", draft)
    for case in DEFINITIONS[name]:
        answer = checked[case["scope"]["type"]].is_valid(case["definition"])
        assert answer is case["schema_accepts"], case["name"]
        assert of_any_type.is_valid(case["definition"]) or not answer, case["name"]


@every_draft
def test_python_jsonschema_on_what_the_api_answers(draft):
    found = [(document, "metadata") for document in fixtures("metadata").values()]
    found += [(group, "user_group") for group in fixtures("user_groups").values()]
    for folder in EXCHANGES:
        for exchange in fixtures(folder).values():
            found += [(value, schema) for _part, value, schema in of_exchange(folder, exchange)]
    assert len(found) >= 175
    for value, schema in found:
        validator(schema, draft).validate(value)


@every_draft
@pytest.mark.parametrize(
    ("schema", "spoil"),
    [
        ("error", lambda body: body.pop("code")),
        ("error", lambda body: body.update(status="404")),
        ("metadata", lambda body: body["criterion_types"][0].pop("form")),
        ("metadata", lambda body: body["criterion_types"][0]["availability"].update(status="down")),
        ("preview", lambda body: body["count"].update(value=None)),
        ("preview", lambda body: body.update(state="finished")),
        ("preview_request", lambda body: body.update(save=True)),
        ("preview_request", lambda body: body["rule"].update(nodes=[])),
        ("preview_request", lambda body: body["rule"]["nodes"][0].update(kind="group")),
        ("user_group", lambda body: body["rule"]["nodes"][0].pop("type")),
        ("user_group", lambda body: body.update(state="happy")),
    ],
)
def test_the_schemas_of_bodies_refuse_something(draft, schema, spoil):
    preview = fixtures("previews")["succeeded"]
    body = {
        "error": fixtures("errors")["404_not_found"]["response"],
        "metadata": fixtures("metadata")["instance"],
        "preview": preview["response"],
        "preview_request": preview["request"]["body"],
        "user_group": fixtures("user_groups")["fresh"],
    }[schema]
    assert validator(schema, draft).is_valid(body)
    spoil(body)
    assert not validator(schema, draft).is_valid(body)


def test_ajv_in_strict_mode():
    """In the browser's language. Skipped where Node is not installed; not in continuous integration."""
    reason = None
    if shutil.which("node") is None:
        reason = "Node is not installed"
    elif not (CONTRACT / "node_modules" / "ajv-formats").is_dir():
        reason = "run “npm ci” in frontend-contract"
    if reason and os.environ.get("CI") == "true":
        pytest.fail(f"Ajv must be asked in continuous integration, but: {reason}.")
    if reason:
        pytest.skip(reason)
    done = subprocess.run(["node", str(VALIDATION), "--json"], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert report["failures"] == []
    assert done.returncode == 0
    accepted = sum(case["schema_accepts"] for case in CASES)
    bodies = sum(len(fixtures(folder)) for folder in ("metadata", "user_groups"))
    exchanges = [(folder, exchange) for folder in EXCHANGES for exchange in fixtures(folder).values()]
    bodies += sum(len(list(of_exchange(folder, exchange))) for folder, exchange in exchanges)
    expected = {
        # A definition that its scope's schema accepts is one for the schema of any type as well.
        "accepted": 2 * accepted + bodies,
        "refused": len(CASES) - accepted,
        "forms": sum(len(document["criterion_types"]) for document in fixtures("metadata").values()),
    }
    assert report["counts"] == {"draft-07": expected, "2020-12": expected}


# ---- The schemas themselves ------------------------------------------------------------------------------------------
def _below(schema: Any) -> list[dict[str, Any]]:
    """A schema and every schema in it. Constants, defaults and names of properties are none."""
    if not isinstance(schema, dict):
        return []
    children = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("oneOf", [])]
    children += [schema.get("items"), schema.get("additionalProperties")]
    return [schema, *(found for child in children for found in _below(child))]


def test_every_document_has_a_schema():
    scopes = {f"definition.{kind}" for kind in ("course", "organization", "instance")}
    bodies = {"collection", "collections", "copy", "definition", "error", "explanation", "explanation_request"}
    bodies |= {"metadata", "preview", "preview_over_budget", "preview_pending", "preview_request"}
    bodies |= {"refresh", "refresh_difference", "user_group"}
    assert set(SCHEMAS) == scopes | bodies


@every_schema
@every_draft
def test_schemas_are_valid(name, draft):
    VALIDATORS[draft].check_schema(SCHEMAS[name])


@every_schema
def test_schemas_keep_to_the_profile_that_all_clients_understand(name):
    found = _below(SCHEMAS[name])
    assert {keyword for schema in found for keyword in schema} <= KEYWORDS
    for schema in found:
        # Ajv's strict mode wants what is required to be declared beside the keyword.
        assert set(schema.get("required", ())) <= set(schema.get("properties", {}))
        if "$ref" in schema:
            # Local, and alone: draft-07 ignores what stands beside a reference.
            assert list(schema) == ["$ref"]
            assert schema["$ref"].removeprefix("#/$defs/") in SCHEMAS[name]["$defs"]
