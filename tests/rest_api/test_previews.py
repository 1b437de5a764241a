"""Previews: counts, samples and warnings on the small world, and what cannot be previewed."""

import pytest
from django.utils.dateparse import parse_datetime

from openedx_user_groups.contrib.lms.models import LastLogin
from openedx_user_groups.exceptions import SourceUnavailable

from .conftest import (
    AWAY,
    BIO,
    FAILING,
    IN_SPAIN,
    LAW,
    ROOT,
    assert_problem,
    asserted_queries,
    leaf,
    rule,
    scope,
    snapshot,
)

PREVIEWS = f"{ROOT}previews/"


def request(definition, **more):
    return {"scope": scope(), "rule": definition, **more}


def test_who_would_match(staff):
    before = snapshot()
    answer = staff.post(PREVIEWS, request(rule(AWAY, FAILING)), format="json")
    assert answer.status_code == 200
    body = answer.json()
    assert parse_datetime(body.pop("as_of")).tzinfo is not None
    assert body == {
        "state": "succeeded",
        "count": {"value": 2, "exactness": "exact", "universe": 5},
        "nodes": [
            {"pointer": "/rule", "count": 2},
            {"pointer": "/rule/nodes/0", "count": 2},
            {"pointer": "/rule/nodes/1", "count": 4},
        ],
        "sample": {"size": 25, "offset": 0, "results": [{"username": "ada"}, {"username": "dan"}]},
        "warnings": [],
        "plan": body["plan"],
    }
    assert snapshot() == before


@pytest.mark.parametrize(
    ("definition", "names"),
    [
        (rule(IN_SPAIN), ["ada", "cleo"]),
        (rule(IN_SPAIN, negated=True), ["ben", "dan", "eve"]),
        (rule(AWAY, IN_SPAIN, combine="any"), ["ada", "cleo", "dan"]),
        (rule(FAILING, {"kind": "rule", **rule(AWAY, negated=True)}), ["cleo", "eve"]),
        (rule(leaf("last_login", operator=">", days=10, include_never=True)), ["ada", "cleo", "dan"]),
        (rule(leaf("country", operator="not_in", countries=["ES"])), ["ben", "dan", "eve"]),
    ],
)
def test_rules_and_their_learners(staff, definition, names):
    body = staff.post(PREVIEWS, request(definition), format="json").json()
    assert [learner["username"] for learner in body["sample"]["results"]] == names
    assert body["count"]["value"] == len(names)


def test_the_sample_is_paged(staff):
    pages = [
        staff.post(PREVIEWS, request(rule(FAILING), sample_size=3, sample_offset=offset), format="json").json()
        for offset in (0, 3, 6)
    ]
    names = [[learner["username"] for learner in page["sample"]["results"]] for page in pages]
    assert names == [["ada", "cleo", "dan"], ["eve"], []]
    nobody = staff.post(PREVIEWS, request(rule(FAILING), sample_size=0), format="json").json()
    assert nobody["sample"] == {"size": 0, "offset": 0, "results": []}
    assert nobody["count"]["value"] == 4


def test_warnings_point_to_nodes(staff):
    nobody = leaf("country", operator="in", countries=["AQ"])
    body = staff.post(PREVIEWS, request(rule(AWAY, nobody)), format="json").json()
    assert [(warning["code"], warning["pointer"]) for warning in body["warnings"]] == [
        ("matches_nobody", "/rule"),
        ("node_matches_nobody", "/rule/nodes/1"),
    ]


def test_node_ids_of_the_group_that_is_edited(world, staff):
    group = world.criteria_group()
    saved = staff.get(f"{ROOT}user_groups/{group.uuid}/").json()["rule"]
    assert_problem(
        staff.post(PREVIEWS, request(saved), format="json"),
        400,
        "validation_failed",
        ("/rule/id", "unknown_node"),
        ("/rule/nodes/0/id", "unknown_node"),
    )
    body = staff.post(PREVIEWS, request(saved, user_group=str(group.uuid)), format="json").json()
    assert body["count"]["value"] == 2


def test_a_group_that_is_not_there_or_elsewhere(world, staff):
    hidden, art = world.criteria_group(key=LAW), world.criteria_group(key="course-v1:DemoX+ART+2026")
    for uuid in ("00000000-0000-4000-8000-000000000000", str(hidden.uuid), str(art.uuid)):
        answer = staff.post(PREVIEWS, request(rule(AWAY), user_group=uuid), format="json")
        assert_problem(answer, 400, "validation_failed", ("/user_group", "unknown_user_group"))
    answer = world.client("admin").post(PREVIEWS, request(rule(AWAY), user_group=str(art.uuid)), format="json")
    assert_problem(answer, 400, "validation_failed", ("/user_group", "other_scope"))


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"sample_size": 26}, ("/sample_size", "max_value")),
        ({"sample_size": -1}, ("/sample_size", "min_value")),
        ({"sample_size": "3"}, ("/sample_size", "wrong_type")),
        ({"sample_size": 3.0}, ("/sample_size", "wrong_type")),
        ({"sample_size": True}, ("/sample_size", "wrong_type")),
        ({"sample_offset": 2**31}, ("/sample_offset", "max_value")),
        ({"user_group": "abc"}, ("/user_group", "wrong_type")),
        ({"user_group": 7}, ("/user_group", "wrong_type")),
        ({"save": True}, ("/save", "unknown_field")),
        ({"a/b~c": 1}, ("/a~1b~0c", "unknown_field")),
        ({"scope": BIO}, ("/scope", "wrong_type")),
        ({"scope": {"type": "course"}}, ("/scope/key", "missing_field")),
        ({"scope": {"type": "course", "key": "x"}}, ("/scope/key", "invalid")),
        ({"scope": {"type": "planet", "key": "x"}}, ("/scope/type", "invalid_choice")),
        ({"scope": {**scope(), "name": "x"}}, ("/scope/name", "unknown_field")),
    ],
)
def test_bad_requests(staff, more, place):
    assert_problem(
        staff.post(PREVIEWS, {**request(rule(AWAY)), **more}, format="json"), 400, "validation_failed", place
    )


def test_an_outdated_client_is_told_so_only_when_it_matters(staff):
    valid = staff.post(PREVIEWS, request(rule(AWAY), contract_revision="old"), format="json")
    assert valid.status_code == 200
    wrong = rule(leaf("last_login", operator="!=", days=1))
    place = ("/rule/nodes/0/config/operator", "unknown_operator")
    stale = staff.post(PREVIEWS, request(wrong, contract_revision="old"), format="json")
    assert_problem(stale, 409, "contract_stale", place)
    revision = staff.get(f"{ROOT}criterion_types/", {"scope_type": "course", "scope_key": BIO}).json()["revision"]
    current = staff.post(PREVIEWS, request(wrong, contract_revision=revision), format="json")
    assert_problem(current, 400, "validation_failed", place)


def test_a_rule_without_an_answer(staff, monkeypatch):
    def down(self, context):
        raise SourceUnavailable()

    monkeypatch.setattr(LastLogin, "learner_set", down)
    answer = staff.post(PREVIEWS, request(rule(IN_SPAIN, AWAY, combine="any")), format="json")
    body = assert_problem(answer, 409, "source_unavailable", ("/rule/nodes/1", "source_unavailable"))
    assert body["user_message"] == body["detail"]


def test_the_number_of_queries_does_not_depend_on_criteria(staff):
    staff.post(PREVIEWS, request(rule(AWAY)), format="json")
    for definition in (rule(AWAY), rule(AWAY, FAILING, IN_SPAIN)):
        with asserted_queries(QUERIES):
            assert staff.post(PREVIEWS, request(definition), format="json").status_code == 200


#: Session, account, roles; clock, size of the site, all counts at once, who is in the sample, their names.
QUERIES = 8
