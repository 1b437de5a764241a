"""The API's document: golden, complete, and about nothing but this API."""

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.urls import reverse

GOLDEN = Path(__file__).resolve().parents[2] / "openapi.yaml"
VERBS = {"get", "post", "patch", "put", "delete"}


@pytest.fixture(scope="module")
def document():
    """The committed document."""
    return yaml.safe_load(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def operations(document):
    """Each operation with its address and verb."""
    return [
        (path, verb, operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
        if verb in VERBS
    ]


def test_the_committed_document_is_the_one_that_the_code_generates(tmp_path):
    """Any warning fails. After a change on purpose: ``make openapi``."""
    generated = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(generated), validate=True, fail_on_warn=True)
    assert generated.read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")


def test_every_resource_is_documented(document):
    assert {
        path.removeprefix("/api/user_group/v1/"): set(item) & VERBS for path, item in document["paths"].items()
    } == {
        "collections/": {"get", "post"},
        "collections/{uuid}/": {"get", "patch", "delete"},
        "criterion_types/": {"get"},
        "criterion_types/{type}/": {"get"},
        "criterion_types/{type}/choices/{field}/": {"get"},
        "explanations/": {"post"},
        "health/": {"get"},
        "memberships/": {"get"},
        "previews/": {"post"},
        "previews/{id}/": {"get", "delete"},
        "user_groups/": {"get", "post"},
        "user_groups/{uuid}/": {"get", "patch", "delete"},
        "user_groups/{uuid}/copies/": {"post"},
        "user_groups/{uuid}/definition_changes/": {"get"},
        "user_groups/{uuid}/member_export/": {"get"},
        "user_groups/{uuid}/member_imports/": {"post"},
        "user_groups/{uuid}/members/": {"get", "post", "delete"},
        "user_groups/{uuid}/membership_changes/": {"get"},
        "user_groups/{uuid}/pinned_examples/": {"get", "post", "delete"},
        "user_groups/{uuid}/refreshes/": {"get", "post"},
        "user_groups/{uuid}/refreshes/{refresh}/": {"get"},
        "user_groups/{uuid}/refreshes/{refresh}/confirmation/": {"post"},
        "user_groups/{uuid}/refreshes/{refresh}/difference/": {"get", "delete"},
    }


def test_every_operation_is_named_tagged_explained_and_says_what_can_go_wrong(operations):
    ids = [operation["operationId"] for _path, _verb, operation in operations]
    assert len(set(ids)) == len(ids) == 36
    for path, verb, operation in operations:
        place = f"{verb} {path}"
        assert operation["tags"], place
        assert operation["description"], place
        expected = {"401", "403", "413", "429"}
        expected |= {"404"} if "{" in path else set()
        expected |= {"400", "415"} if "requestBody" in operation else set()
        assert expected <= set(operation["responses"]), place


def test_every_error_has_the_one_body(operations):
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, verb, operation in operations:
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response["content"] == problem, f"{verb} {path} {status}"


def test_bodies_are_documented_once_each(operations):
    kinds = {
        operation["operationId"]: list(operation["requestBody"]["content"])
        for _path, _verb, operation in operations
        if "requestBody" in operation
    }
    assert kinds.pop("import_members") == ["multipart/form-data"]
    assert set(map(tuple, kinds.values())) == {("application/json",)}
    assert set(kinds) == {
        *("create_preview", "create_explanation", "create_user_group", "update_user_group", "add_members"),
        *("remove_members", "pin_learner", "unpin_learners", "create_copy", "create_collection", "update_collection"),
    }


def test_the_numbers_of_a_group_have_their_limits(document):
    changes = document["components"]["schemas"]["PatchedUserGroupUpdate"]["properties"]
    numbers = [changes[name] for name in ("refresh_interval", "max_removal_percent")]
    limits = [(number["minimum"], number["maximum"]) for number in numbers]
    assert limits == [(1, 527_040), (0, 100)]


def test_nodes_of_a_rule_are_told_apart_by_their_kind(document):
    schemas = document["components"]["schemas"]
    assert schemas["RuleNode"]["discriminator"] == {
        "propertyName": "kind",
        "mapping": {
            "criterion": "#/components/schemas/CriterionNode",
            "rule": "#/components/schemas/NestedRule",
        },
    }
    assert (schemas["CriterionKindEnum"]["enum"], schemas["RuleKindEnum"]["enum"]) == (["criterion"], ["rule"])
    for name in ("CriterionNode", "NestedRule"):
        assert "kind" in schemas[name]["required"]
    assert "kind" not in schemas["Rule"]["required"]


@pytest.mark.django_db
def test_the_site_serves_the_same_document(client, document):
    answer = client.get(reverse("schema"), {"format": "json"})
    assert answer.status_code == 200
    assert answer.json()["paths"].keys() == document["paths"].keys()
