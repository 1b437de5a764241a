"""User groups: creating, reading, editing, archiving, listing."""

from uuid import uuid4

import pytest
from django.utils.dateparse import parse_datetime

from openedx_user_groups import api
from openedx_user_groups.data import Scope
from openedx_user_groups.models import Criterion, Membership, UserGroup
from sandbox.platform.course_overviews.models import CourseOverview

from .conftest import (
    ART,
    AWAY,
    BIO,
    FAILING,
    IN_SPAIN,
    INSTANCE,
    LAW,
    ROOT,
    assert_problem,
    asserted_queries,
    leaf,
    organization,
    rule,
    scope,
    snapshot,
)

GROUPS = f"{ROOT}user_groups/"


def new(**more):
    return {"scope": scope(), "name": "Away", "rule": rule(AWAY, FAILING), **more}


def names(response):
    assert response.status_code == 200, response.content
    return [group["name"] for group in response.json()["results"]]


def test_create_and_read(staff):
    answer = staff.post(GROUPS, new(description="Not seen lately"), format="json")
    assert answer.status_code == 201
    body = answer.json()
    assert answer.headers["Location"] == f"http://testserver{GROUPS}{body['uuid']}/"
    assert staff.get(answer.headers["Location"]).json() == body
    node_ids = [body["rule"].pop("id"), *(node.pop("id") for node in body["rule"]["nodes"])]
    assert len(set(node_ids)) == 3
    times = [parse_datetime(body.pop(name)) for name in ("created", "modified", "members_as_of", "next_refresh_at")]
    assert all(times)
    assert body == {
        "uuid": body["uuid"],
        "scope": {"type": "course", "key": BIO},
        "name": "Away",
        "description": "Not seen lately",
        "membership_source": "criteria",
        "rule": {"kind": "rule", "combine": "all", "negated": False, "nodes": [AWAY, FAILING]},
        "rule_version": 1,
        "state": "fresh",
        "state_reason": None,
        "member_count": 2,
        "pinned_missed_count": 0,
        "is_enabled": True,
        "is_frozen": False,
        "refresh_interval": None,
        "max_removal_percent": None,
        "created_by": "staff",
        "modified_by": "staff",
    }
    members = Membership.objects.filter(user_group__uuid=body["uuid"]).values_list("user__username", flat=True)
    assert set(members) == {"ada", "dan"}


def test_create_a_manual_group(staff):
    answer = staff.post(GROUPS, {"scope": scope(), "name": "M", "membership_source": "manual"}, format="json")
    assert answer.status_code == 201
    assert (answer.json()["rule"], answer.json()["state"]) == (None, "fresh")


def test_edit_one_node_and_keep_the_others(staff):
    body = staff.post(GROUPS, new(), format="json").json()
    edited = body["rule"]
    edited["nodes"][0]["config"]["days"] = 25
    answer = staff.patch(f"{GROUPS}{body['uuid']}/", {"rule": edited, "rule_version": 1}, format="json")
    assert answer.status_code == 200
    assert (answer.json()["rule"], answer.json()["rule_version"], answer.json()["member_count"]) == (edited, 2, 1)


def test_edit_what_is_not_the_rule(staff):
    body = staff.post(GROUPS, new(), format="json").json()
    url = f"{GROUPS}{body['uuid']}/"
    changes = {"name": "New", "description": "d", "is_frozen": True}
    answer = staff.patch(url, changes, format="json").json()
    assert {key: answer[key] for key in changes} == changes
    assert (answer["state"], answer["rule_version"], answer["member_count"]) == ("frozen", 1, 2)
    assert staff.patch(url, {"is_frozen": False, "is_enabled": False}, format="json").json()["state"] == "disabled"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rule_version": 1},
        {"name": " Away ", "description": "", "is_enabled": True, "refresh_interval": None},
        {"rule": rule(AWAY, FAILING), "rule_version": 1},
    ],
)
def test_who_changes_nothing_is_not_who_changed_it_last(world, staff, changes):
    url = f"{GROUPS}{staff.post(GROUPS, new(), format='json').json()['uuid']}/"
    before = snapshot()
    answer = world.client("org_staff").patch(url, changes, format="json")
    assert (answer.status_code, answer.json()) == (200, staff.get(url).json())
    assert snapshot() == before
    assert_problem(staff.patch(url, {"rule_version": 2}, format="json"), 409, "rule_version_conflict")
    assert_problem(world.client("other_staff").patch(url, changes, format="json"), 404, "not_found")


def test_a_group_that_rests_is_not_due(staff):
    url = f"{GROUPS}{staff.post(GROUPS, new(), format='json').json()['uuid']}/"
    for rest, again in (({"is_enabled": False}, {"is_enabled": True}), ({"is_frozen": True}, {"is_frozen": False})):
        assert staff.patch(url, rest, format="json").json()["next_refresh_at"] is None
        assert staff.patch(url, {"refresh_interval": 5}, format="json").json()["next_refresh_at"] is None
        assert staff.patch(url, again | {"refresh_interval": None}, format="json").json()["next_refresh_at"]
    resting = staff.post(GROUPS, new(name="Later", is_enabled=False), format="json").json()
    assert resting["next_refresh_at"] is None


def test_a_stale_version_changes_nothing(staff):
    body = staff.post(GROUPS, new(), format="json").json()
    url = f"{GROUPS}{body['uuid']}/"
    assert staff.patch(url, {"rule": rule(AWAY), "rule_version": 1}, format="json").json()["rule_version"] == 2
    before = snapshot()
    stale = {"rule": rule(IN_SPAIN), "rule_version": 1, "name": "Other"}
    assert_problem(staff.patch(url, stale, format="json"), 409, "rule_version_conflict")
    missing = {"rule": rule(IN_SPAIN)}
    assert_problem(
        staff.patch(url, missing, format="json"), 400, "validation_failed", ("/rule_version", "missing_field")
    )
    assert snapshot() == before


def test_archive(staff):
    body = staff.post(GROUPS, new(), format="json").json()
    url = f"{GROUPS}{body['uuid']}/"
    answer = staff.delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert_problem(staff.get(url), 404, "not_found")
    assert_problem(staff.delete(url), 404, "not_found")
    assert names(staff.get(GROUPS)) == []
    assert staff.post(GROUPS, new(), format="json").status_code == 201


def test_a_name_is_taken_in_any_case(staff):
    staff.post(GROUPS, new(), format="json")
    before = snapshot()
    assert_problem(staff.post(GROUPS, new(name=" aWAY "), format="json"), 409, "name_taken", ("/name", "name_taken"))
    assert snapshot() == before


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"name": ""}, ("/name", "missing_field")),
        ({"name": "  "}, ("/name", "missing_field")),
        ({"name": None}, ("/name", "wrong_type")),
        ({"name": 10}, ("/name", "wrong_type")),
        ({"name": "x" * 256}, ("/name", "max_length")),
        ({"name": "a\x00b"}, ("/name", "invalid_text")),
        ({"description": ["x"]}, ("/description", "wrong_type")),
        ({"is_enabled": "true"}, ("/is_enabled", "wrong_type")),
        ({"is_enabled": 1}, ("/is_enabled", "wrong_type")),
        ({"is_enabled": None}, ("/is_enabled", "wrong_type")),
        ({"membership_source": "magic"}, ("/membership_source", "invalid_choice")),
        ({"membership_source": "manual"}, ("/rule", "rule_not_allowed")),
        ({"rule": None}, ("/rule", "missing_field")),
        ({"rule": []}, ("/rule", "wrong_type")),
        ({"uuid": str(uuid4())}, ("/uuid", "unknown_field")),
        ({"scope": {"type": "organization", "key": ""}}, ("/scope/key", "missing_field")),
    ],
)
def test_bad_fields(staff, more, place):
    before = snapshot()
    assert_problem(staff.post(GROUPS, new(**more), format="json"), 400, "validation_failed", place)
    assert snapshot() == before


def _bad(config):
    return rule(AWAY, leaf("last_login", **config))


@pytest.mark.parametrize(
    ("definition", "places"),
    [
        (rule(leaf("unknown", operator="=")), [("/rule/nodes/0/type", "unknown_type")]),
        (_bad({"operator": "!=", "days": 1}), [("/rule/nodes/1/config/operator", "unknown_operator")]),
        (_bad({"operator": ["="], "days": 1}), [("/rule/nodes/1/config/operator", "unknown_operator")]),
        (_bad({"days": 1}), [("/rule/nodes/1/config/operator", "missing_field")]),
        (_bad({"operator": ">", "days": "10"}), [("/rule/nodes/1/config/days", "wrong_type")]),
        (_bad({"operator": ">", "days": 10.0}), [("/rule/nodes/1/config/days", "wrong_type")]),
        (_bad({"operator": ">", "days": True}), [("/rule/nodes/1/config/days", "wrong_type")]),
        (_bad({"operator": ">", "days": None}), [("/rule/nodes/1/config/days", "wrong_type")]),
        (_bad({"operator": ">", "days": -1}), [("/rule/nodes/1/config/days", "min_value")]),
        (_bad({"operator": ">", "days": 10**9}), [("/rule/nodes/1/config/days", "max_value")]),
        (_bad({"operator": ">"}), [("/rule/nodes/1/config/days", "missing_field")]),
        (_bad({"operator": ">", "days": 1, "weeks": 2}), [("/rule/nodes/1/config/weeks", "unknown_field")]),
        (_bad({"operator": ">", "date": "2026-02-30"}), [("/rule/nodes/1/config/date", "wrong_type")]),
        (
            _bad({"operator": "between", "days": {"from": 9, "to": 3}}),
            [("/rule/nodes/1/config/days", "range_inverted")],
        ),
        (_bad({"operator": "between", "days": 3}), [("/rule/nodes/1/config/days", "wrong_type")]),
        (rule(leaf("country", operator="in", countries=[])), [("/rule/nodes/0/config/countries", "empty_list")]),
        (
            rule(leaf("country", operator="in", countries=["ES", "XX"])),
            [("/rule/nodes/0/config/countries/1", "invalid_choice")],
        ),
        (rule(leaf("course_grade", operator="<", percent=101)), [("/rule/nodes/0/config/percent", "max_value")]),
        (
            rule(leaf("course_grade", operator="<", percent=1.234)),
            [("/rule/nodes/0/config/percent", "max_decimal_places")],
        ),
        (rule(), [("/rule/nodes", "empty_node")]),
        (rule(AWAY, AWAY, AWAY, AWAY), [("/rule", "too_many_criteria")]),
        ({"combine": "xor", "nodes": [AWAY]}, [("/rule/combine", "invalid_choice")]),
        ({"nodes": [AWAY]}, [("/rule/combine", "missing_field")]),
        (rule({"kind": "magic"}), [("/rule/nodes/0/kind", "unknown_kind")]),
        (rule({"type": "country"}), [("/rule/nodes/0/kind", "missing_field")]),
        (rule({**AWAY, "weight": 1}), [("/rule/nodes/0/weight", "unknown_field")]),
        (rule({**AWAY, "id": str(uuid4())}), [("/rule/nodes/0/id", "unknown_node")]),
        ({**rule(AWAY), "negated": "no"}, [("/rule/negated", "wrong_type")]),
        (
            rule({"kind": "rule", **rule({"kind": "rule", **rule({"kind": "rule", **rule(AWAY)})})}),
            [("/rule/nodes/0/nodes/0/nodes/0", "too_deep")],
        ),
        (
            rule(leaf("unknown"), leaf("last_login", operator=">", days="x")),
            [("/rule/nodes/0/type", "unknown_type"), ("/rule/nodes/1/config/days", "wrong_type")],
        ),
    ],
)
def test_bad_rules(staff, definition, places):
    group = staff.post(GROUPS, new(name="Kept"), format="json").json()
    before = snapshot()
    url = f"{GROUPS}{group['uuid']}/"
    assert_problem(staff.post(GROUPS, new(rule=definition), format="json"), 400, "validation_failed", *places)
    changed = staff.patch(url, {"rule": definition, "rule_version": 1}, format="json")
    assert_problem(changed, 400, "validation_failed", *places)
    assert_problem(
        staff.post(f"{ROOT}previews/", {"scope": scope(), "rule": definition}, format="json"),
        400,
        "validation_failed",
        *places,
    )
    assert snapshot() == before


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"scope": scope(ART)}, ("/scope", "read_only_field")),
        ({"membership_source": "manual"}, ("/membership_source", "read_only_field")),
        ({"member_count": 0}, ("/member_count", "read_only_field")),
        ({"colour": "red"}, ("/colour", "unknown_field")),
        ({"rule_version": "1"}, ("/rule_version", "wrong_type")),
        ({"is_frozen": "false"}, ("/is_frozen", "wrong_type")),
        ({"rule": None, "rule_version": 1}, ("/rule", "missing_field")),
    ],
)
def test_bad_changes(world, staff, changes, place):
    url = f"{GROUPS}{world.criteria_group().uuid}/"
    before = snapshot()
    assert_problem(staff.patch(url, changes, format="json"), 400, "validation_failed", place)
    assert snapshot() == before


@pytest.mark.parametrize("uuid", [uuid4(), "abc", "%00", "{x}", "0" * 32, "a%0Ab"])
def test_a_group_that_is_none(staff, uuid):
    for method in (staff.get, staff.delete):
        assert_problem(method(f"{GROUPS}{uuid}/"), 404, "not_found")
    assert_problem(staff.patch(f"{GROUPS}{uuid}/", {}, format="json"), 404, "not_found")


@pytest.fixture
def groups(world):
    """Six groups of several scopes, kinds and states."""
    made = {
        "Zoo": world.manual_group("Zoo", ("ada", "ben", "cleo")),
        "away": world.criteria_group("away"),
        "Mentors": world.manual_group("Mentors"),
        "Art": world.criteria_group("Art", key=ART),
        "Law": world.criteria_group("Law", key=LAW),
        "Org": world.manual_group("Org", at=organization()),
        "All": world.manual_group("All", at=INSTANCE),
    }
    UserGroup.objects.filter(name="Zoo").update(description="Animals", is_enabled=False, state="disabled")
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["All", "Art", "away", "Law", "Mentors", "Org", "Zoo"]),
        ({"scope_type": "course", "scope_key": BIO}, ["away", "Mentors", "Zoo"]),
        ({"scope_type": "course"}, ["Art", "away", "Law", "Mentors", "Zoo"]),
        ({"scope_type": "organization", "scope_key": "DemoX"}, ["Org"]),
        ({"scope_type": "instance"}, ["All"]),
        ({"search": "ANIMAL"}, ["Zoo"]),
        ({"search": "a"}, ["All", "Art", "away", "Law", "Zoo"]),
        ({"search": "%"}, []),
        ({"name": "or"}, ["Mentors", "Org"]),
        ({"membership_source": "criteria"}, ["Art", "away", "Law"]),
        ({"is_enabled": "false"}, ["Zoo"]),
        ({"is_enabled": "true", "membership_source": "manual"}, ["All", "Mentors", "Org"]),
        ({"state": "disabled"}, ["Zoo"]),
        ({"state": ["disabled", "stale"]}, ["Zoo"]),
        ({"state": "fresh", "scope_type": "course", "scope_key": BIO}, ["away", "Mentors"]),
        ({"ordering": "-name", "membership_source": "criteria"}, ["Law", "away", "Art"]),
        ({"ordering": "-member_count,name", "membership_source": "manual"}, ["Zoo", "All", "Mentors", "Org"]),
        ({"ordering": "created"}, ["Zoo", "away", "Mentors", "Art", "Law", "Org", "All"]),
        ({"ordering": "members_as_of", "membership_source": "criteria"}, ["away", "Art", "Law"]),
        ({"ordering": "members_as_of"}, ["Mentors", "Org", "All", "Zoo", "away", "Art", "Law"]),
        ({"ordering": "-members_as_of"}, ["Law", "Art", "away", "Zoo", "Mentors", "Org", "All"]),
    ],
)
def test_filters_and_orders(world, groups, query, expected):
    assert names(world.client("admin").get(GROUPS, query)) == expected


def test_pages(world, groups):
    admin = world.client("admin")
    body = admin.get(GROUPS, {"page_size": 3, "page": 2}).json()
    assert [group["name"] for group in body["results"]] == ["Law", "Mentors", "Org"]
    assert (body["count"], body["num_pages"], body["current_page"], body["start"]) == (7, 3, 2, 3)
    assert names(admin.get(body["next"])) == ["Zoo"]
    assert names(admin.get(body["previous"])) == ["All", "Art", "away"]
    assert len(names(admin.get(GROUPS, {"page_size": 1000}))) == 7
    assert_problem(admin.get(GROUPS, {"page": 99}), 404, "not_found")


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("page=abc", ("/page", "wrong_type")),
        ("page=last", ("/page", "wrong_type")),
        ("page=%00", ("/page", "wrong_type")),
        ("page=9999999999999999999999", ("/page", "wrong_type")),
        ("page_size=0", ("/page_size", "wrong_type")),
        ("ordering=password", ("/ordering", "invalid_choice")),
        ("ordering=,", ("/ordering", "invalid_choice")),
        ("ordering=name,", ("/ordering", "invalid_choice")),
        ("ordering=,name", ("/ordering", "invalid_choice")),
        ("ordering=name,,created", ("/ordering", "invalid_choice")),
        ("state=", ("/state", "invalid_choice")),
        ("state=great", ("/state", "invalid_choice")),
        ("is_enabled=maybe", ("/is_enabled", "invalid_choice")),
        ("membership_source=x", ("/membership_source", "invalid_choice")),
        ("search=%00", ("/search", "invalid_text")),
        (f"name={'x' * 256}", ("/name", "max_length")),
        ("scope_key=x", ("/scope_type", "missing_field")),
        ("scope_type=galaxy", ("/scope_type", "invalid_choice")),
        ("scope_type=course&scope_key=course-v1:DemoX+BIO+2026", ("/scope_key", "invalid")),
    ],
)
def test_bad_parameters(staff, query, place):
    assert_problem(staff.get(f"{GROUPS}?{query}"), 400, "validation_failed", place)


def test_a_saved_rule_means_the_same_when_it_comes_back(world, staff):
    """Although somebody's user name is the e-mail address of somebody else."""
    named = world.users["fay"]
    named.username, named.email = "ben@example.com", "fay@example.org"
    named.save()
    definition = rule(leaf("learner_list", operator="in", learners=["fay@example.org"]))
    body = staff.post(GROUPS, new(rule=definition), format="json").json()
    assert body["rule"]["nodes"][0]["config"]["learners"] == ["ben@example.com"]
    changes = {"rule": body["rule"], "rule_version": 1}
    answer = staff.patch(f"{GROUPS}{body['uuid']}/", changes, format="json").json()
    assert (answer["rule"], answer["rule_version"]) == (body["rule"], 1)
    assert Criterion.objects.get().config["learners"] == [named.pk]


def test_addresses_are_not_turned_into_names_of_strangers(world):
    """Neither does the answer tell whether there is such an account."""
    client, answers = world.client("other_staff"), []
    for address in ("ada@example.com", "nobody@example.com"):
        definition = rule(leaf("learner_list", operator="in", learners=[address]))
        answer = client.post(GROUPS, new(scope=scope(LAW), rule=definition), format="json")
        place = ("/rule/nodes/0/config/learners/0", "unknown_learner")
        answers.append(assert_problem(answer, 400, "validation_failed", place))
    assert len({str(answer).replace("ada@", "nobody@") for answer in answers}) == 1


@pytest.mark.parametrize("is_retired", [False, True])
def test_a_rule_that_lists_nobody_any_more_can_be_edited_and_previewed(world, staff, is_retired):
    definition = rule(leaf("learner_list", operator="in", learners=["learner"]), AWAY, combine="any")
    body = staff.post(GROUPS, new(rule=definition), format="json").json()
    if is_retired:
        api.forget_learner(world.users["learner"].pk)
    else:
        world.users["learner"].delete()
    url = f"{GROUPS}{body['uuid']}/"
    stored = Criterion.objects.get(type_slug="learner_list").config
    edited = staff.get(url).json()["rule"]
    assert edited["nodes"][0]["config"] == {"operator": "in", "learners": []}
    edited["nodes"][1]["config"]["days"] = 25
    preview = {"scope": scope(), "rule": edited, "user_group": body["uuid"]}
    assert staff.post(f"{ROOT}previews/", preview, format="json").json()["count"]["value"] == 1
    answer = staff.patch(url, {"rule": edited, "rule_version": 1}, format="json")
    assert (answer.status_code, answer.json()["rule"], answer.json()["member_count"]) == (200, edited, 1)
    assert Criterion.objects.get(type_slug="learner_list").config == stored


def test_a_list_of_learners_is_not_emptied(world, staff):
    """Neither of those who are still there, nor in a node that was not saved."""
    listed = leaf("learner_list", operator="in", learners=["learner", "ada"])
    body = staff.post(GROUPS, new(rule=rule(listed)), format="json").json()
    world.users["learner"].delete()
    place = ("/rule/nodes/0/config/learners", "empty_list")
    for names_present in (True, False):
        if not names_present:
            world.users["ada"].delete()
            del body["rule"]["nodes"][0]["id"]
        body["rule"]["nodes"][0]["config"]["learners"] = []
        answer = staff.patch(f"{GROUPS}{body['uuid']}/", {"rule": body["rule"], "rule_version": 1}, format="json")
        assert_problem(answer, 400, "validation_failed", place)
    listed["config"]["learners"] = []
    assert_problem(staff.post(GROUPS, new(rule=rule(listed)), format="json"), 400, "validation_failed", place)


def test_a_listed_stranger_may_be_kept_by_address(world, staff):
    named = {"rule": rule(leaf("learner_list", operator="in", learners=["learner", "ada"]))}
    world.users["learner"].email = "l@example.com"
    world.users["learner"].save()
    body = staff.post(GROUPS, new(**named), format="json").json()
    body["rule"]["nodes"][0]["config"]["learners"] = ["l@example.com", "ben@example.com"]
    answer = staff.patch(f"{GROUPS}{body['uuid']}/", {"rule": body["rule"], "rule_version": 1}, format="json")
    assert answer.json()["rule"]["nodes"][0]["config"]["learners"] == ["learner", "ben"]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("user_groups/", {"name": "Away", "rule": rule(AWAY)}),
        ("previews/", {"rule": rule(AWAY)}),
        ("explanations/", {"rule": rule(AWAY), "learner": "ada"}),
        ("collections/", {"name": "Help", "groups": []}),
    ],
)
def test_a_course_in_another_case_is_no_scope_of_its_own(world, path, more):
    before = snapshot()
    body = {"scope": scope("course-v1:DemoX+bio+2026"), **more}
    problem = assert_problem(
        world.client("org_staff").post(f"{ROOT}{path}", body, format="json"),
        400,
        "validation_failed",
        ("/scope/key", "invalid"),
    )
    assert BIO in problem["violations"][0]["message"]
    assert snapshot() == before


def test_a_group_of_such_a_scope_can_still_be_put_away(world):
    """It may be there from before its course was."""
    group = world.manual_group(at=Scope.course("course-v1:DemoX+NEW+2026"))
    CourseOverview.objects.create(id="course-v1:DemoX+new+2026", org="DemoX", display_name="New")
    client = world.client("org_staff")
    assert names(client.get(GROUPS, {"scope_type": "course", "scope_key": "course-v1:DemoX+new+2026"})) == []
    assert client.patch(f"{GROUPS}{group.uuid}/", {"name": "Old"}, format="json").status_code == 200
    assert client.delete(f"{GROUPS}{group.uuid}/").status_code == 204


def test_staff_of_a_course_see_nothing_of_another_case(world, staff):
    group = world.manual_group("Lower", ("ada",))
    UserGroup.objects.filter(pk=group.pk).update(scope_key=BIO.replace("BIO", "bio"))
    assert names(staff.get(GROUPS)) == names(staff.get(GROUPS, {"scope_type": "course", "scope_key": BIO})) == []
    assert staff.get(f"{ROOT}memberships/", {"username": "ada"}).json()["results"] == []


def test_a_group_whose_type_is_gone_still_opens(world, staff):
    group = world.criteria_group()
    Criterion.objects.filter(user_group=group).update(type_slug="gone")
    body = staff.get(f"{GROUPS}{group.uuid}/").json()
    assert (body["state"], body["member_count"]) == ("unevaluable", 2)
    assert body["state_reason"]["code"] == "criterion_type_missing"
    assert body["state_reason"]["pointer"] == "/rule/nodes/0"
    assert names(staff.get(GROUPS, {"state": "unevaluable"})) == ["Away"]
    assert names(staff.get(GROUPS, {"state": "fresh"})) == []


def test_the_number_of_queries_of_a_list_does_not_depend_on_its_length(world, staff):
    rules = [rule(AWAY), rule(FAILING, IN_SPAIN), rule(AWAY, FAILING, IN_SPAIN, combine="any")]
    listed = rule(leaf("learner_list", operator="in", learners=["ada", "ben"]))
    for index in range(3):
        world.criteria_group(f"First {index}", rules[index])
    world.criteria_group("First list", listed)
    with asserted_queries(QUERIES_OF_A_LIST):
        assert len(names(staff.get(GROUPS, {"page_size": 100}))) == 4
    for index in range(70):
        world.criteria_group(f"Group {index}", [*rules, listed][index % 4])
    for index in range(26):
        world.manual_group(f"Manual {index}")
    with asserted_queries(QUERIES_OF_A_LIST):
        assert len(names(staff.get(GROUPS, {"page_size": 100}))) == 100


#: Session, account, roles, count, page, rule nodes, criteria, four types, listed learners, pinned examples.
QUERIES_OF_A_LIST = 13


def test_the_scope_of_an_organization(world):
    client = world.client("org_staff")
    definition = {"scope": {"type": "organization", "key": "DemoX"}, "name": "All of us", "rule": rule(IN_SPAIN)}
    body = client.post(GROUPS, definition, format="json").json()
    assert (body["scope"], body["member_count"]) == ({"type": "organization", "key": "DemoX"}, 2)
    assert UserGroup.objects.get(uuid=body["uuid"]).scope == Scope.parse("organization", "DemoX")
