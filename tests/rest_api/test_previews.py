"""Previews: counts, samples and warnings on the small world, and what cannot be previewed."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
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


def node(pointer, count, *, running=None, without=None, redundant=None, decisive=None):
    """The numbers of one node."""
    numbers = {"count": count, "running": running, "without": without}
    return {"pointer": pointer, **numbers, "redundant": redundant, "decisive": decisive}


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
            node("/rule", 2),
            node("/rule/nodes/0", 2, running=2, without=4, redundant=False, decisive=False),
            node("/rule/nodes/1", 4, running=2, without=2, redundant=True, decisive=False),
        ],
        "sample": {"size": 25, "offset": 0, "results": [{"username": "ada"}, {"username": "dan"}]},
        "difference": None,
        "overlap": None,
        "warnings": [
            {
                "code": "redundant_criterion",
                "pointer": "/rule/nodes/1",
                "related": [],
                "message": "Without this criterion the same learners match.",
                "params": {},
            }
        ],
        "leaves": [
            {"pointer": "/rule/nodes/0", "uses": "as_of"},
            {"pointer": "/rule/nodes/1", "uses": "current_data"},
        ],
        "plan": body["plan"],
        "token": None,
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
        ("decisive_criterion", "/rule/nodes/1"),
    ]


def test_the_funnel_of_a_nested_rule(staff, settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 4
    abroad = {"kind": "rule", **rule(IN_SPAIN, leaf("country", operator="not_exists"), combine="any", negated=True)}
    body = staff.post(PREVIEWS, request(rule(FAILING, abroad, AWAY)), format="json").json()
    assert body["nodes"] == [
        node("/rule", 0),
        node("/rule/nodes/0", 4, running=4, without=0, redundant=True, decisive=False),
        node("/rule/nodes/1", 2, running=1),  # ben, eve; of those before it only eve.
        # As found by the nested rule, which says no to them: ada, cleo; and dan.
        node("/rule/nodes/1/nodes/0", 2, running=2, without=1, redundant=False, decisive=True),
        node("/rule/nodes/1/nodes/1", 1, running=3, without=1, redundant=False, decisive=True),
        node("/rule/nodes/2", 2, running=0, without=1, redundant=False, decisive=True),
    ]


def test_only_a_count_is_paid_where_only_a_count_is_asked(world, staff):
    staff.post(PREVIEWS, request(rule(AWAY)), format="json")
    group = world.criteria_group()
    for more, queries in (({}, 9), ({"user_group": str(group.uuid)}, 9 + 5)):  # The group, its rule, who is pinned.
        with asserted_queries(queries) as captured:
            answer = staff.post(PREVIEWS, request(rule(AWAY), detail="count", sample_size=0, **more), format="json")
        last = [query["sql"] for query in captured if "COUNT(" in query["sql"]][-1]
        assert re.search(r"SELECT (/\*.+?\*/ )?COUNT\(", last)  # MySQL's time limit is a hint behind SELECT.
        body = answer.json()
        assert body["count"] == {"value": 2, "exactness": "exact", "universe": None}
        assert (body["nodes"], body["difference"], body["warnings"]) == ([node("/rule", 2)], None, [])


def at_another_instant(client, definition, days):
    """The names, and what each criterion used, of a preview so many days from now."""
    as_of = timezone.now() + timedelta(days=days)
    body = client.post(PREVIEWS, request(definition, as_of=as_of.isoformat()), format="json").json()
    assert parse_datetime(body["as_of"]) == as_of
    names = [learner["username"] for learner in body["sample"]["results"]]
    assert body["count"]["value"] == len(names)
    return names, [used["uses"] for used in body["leaves"]]


def test_another_instant(world, staff):
    """In six days ben will have been away for eleven, if he stays away; 19 days ago only dan's account was 10 old."""
    assert at_another_instant(staff, rule(AWAY), 0)[0] == ["ada", "dan"]
    assert at_another_instant(staff, rule(AWAY), 6) == (["ada", "ben", "dan"], ["as_of"])
    for name, days in (("ada", 20), ("dan", 30)):
        User.objects.filter(username=name).update(date_joined=timezone.now() - timedelta(days=days))
    old = leaf("account_age", operator=">", days=10)
    assert at_another_instant(staff, rule(old), 0)[0] == ["ada", "dan"]
    assert at_another_instant(staff, rule(old), -19) == (["dan"], ["as_of"])


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (AWAY, ["ada", "dan"]),
        (leaf("last_login", operator="<=", days=10), ["ben", "eve"]),
        (leaf("last_login", operator=">", days=10, include_never=True), ["ada", "cleo", "dan"]),
    ],
)
def test_of_the_past_what_is_overwritten_says_what_it_is_now(staff, asked, names):
    """When ben signed in before his last time nobody knows: he is not said to have been away, or never to have come."""
    assert at_another_instant(staff, rule(asked), -8) == (names, ["current_data"])
    assert at_another_instant(staff, rule(asked), 0)[0] == names


@pytest.mark.parametrize("days", [-91, 91])
def test_an_instant_that_is_too_far_away(staff, days):
    as_of = (timezone.now() + timedelta(days=days)).isoformat()
    answer = staff.post(PREVIEWS, request(rule(AWAY), as_of=as_of), format="json")
    body = assert_problem(answer, 400, "validation_failed", ("/as_of", "as_of_out_of_range"))
    assert body["violations"][0]["params"] == {"back": 90, "ahead": 90}


def test_how_far_away_is_a_setting(staff, settings):
    settings.OPENEDX_USER_GROUPS_MAX_AS_OF_DAYS_AHEAD = 400
    as_of = (timezone.now() + timedelta(days=399)).isoformat()
    assert staff.post(PREVIEWS, request(rule(AWAY), as_of=as_of), format="json").status_code == 200


def test_what_is_certain_without_data_comes_first(staff):
    passing = leaf("course_grade", operator=">", percent=60)
    body = staff.post(PREVIEWS, request(rule(IN_SPAIN, FAILING, passing)), format="json").json()
    assert body["count"]["value"] == 0
    found = [(warning["code"], warning["pointer"], warning["related"]) for warning in body["warnings"]]
    assert found == [
        ("impossible_rule", "/rule", ["/rule/nodes/1", "/rule/nodes/2"]),
        ("matches_nobody", "/rule", []),
        ("decisive_criterion", "/rule/nodes/2", []),
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
        ({"detail": "all"}, ("/detail", "invalid_choice")),
        ({"overlap": "true"}, ("/overlap", "wrong_type")),
        ({"difference": "added"}, ("/difference", "wrong_type")),
        ({"difference": {}}, ("/difference/kind", "missing_field")),
        ({"difference": {"kind": "stays"}}, ("/difference/kind", "invalid_choice")),
        ({"difference": {"kind": "added", "size": 26}}, ("/difference/size", "max_value")),
        ({"difference": {"kind": "added", "size": 0}}, ("/difference/size", "min_value")),
        ({"difference": {"kind": "added", "offset": -1}}, ("/difference/offset", "min_value")),
        ({"difference": {"kind": "added"}}, ("/difference", "no_members_to_compare")),
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


@pytest.mark.parametrize("resource", ["previews", "explanations"])
def test_nor_does_it_in_an_organization(world, resource):
    """Its courses are looked up for all criteria at once."""
    client, found = world.client("org_staff"), set()
    learner = {} if resource == "previews" else {"learner": "ada"}
    for count in (1, 3):
        enrolled = (leaf("enrollment_date", operator=">=", days=days) for days in range(count))
        body = {"scope": {"type": "organization", "key": "DemoX"}, "rule": rule(*enrolled, combine="any"), **learner}
        with CaptureQueriesContext(connection) as captured:
            assert client.post(f"{ROOT}{resource}/", body, format="json").status_code == 200
        statements = [query["sql"].replace("`", '"') for query in captured]
        of_courses = [statement for statement in statements if 'FROM "organizations_organizationcourse' in statement]
        assert len(of_courses) == 1
        found.add(len(captured))
    assert len(found) == 1


def test_the_difference_costs_the_same_number_of_queries_for_any_rule(world, staff):
    group = world.criteria_group()
    found = set()
    for definition in (rule(AWAY), rule(AWAY, FAILING), rule(AWAY, FAILING, IN_SPAIN)):
        with CaptureQueriesContext(connection) as captured:
            body = request(definition, user_group=str(group.uuid))
            assert staff.post(PREVIEWS, body, format="json").json()["difference"] is not None
        found.add(len(captured))
    assert len(found) == 1


#: Session, account, roles, how the course is written; a place; clock, size of the site, all answers at once, the names
#: of the sample; and the place is given up.
QUERIES = 10
