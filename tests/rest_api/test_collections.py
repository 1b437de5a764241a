"""Collections: sets of groups, of which exclusive ones share no learner."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.models import LastLogin
from openedx_user_groups.data import GroupState
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.models import Collection, Membership, MembershipChange, UserGroup

from .conftest import (
    AWAY,
    BIO,
    FAILING,
    IN_SPAIN,
    LAW,
    ROOT,
    assert_problem,
    leaf,
    organization,
    rule,
    scope,
)

COLLECTIONS = f"{ROOT}collections/"


def new(*groups, **more):
    return {"scope": scope(), "name": "Help", "groups": [str(group.uuid) for group in groups], **more}


def create(client, *groups, **more):
    answer = client.post(COLLECTIONS, new(*groups, **more), format="json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def members(group):
    return set(Membership.objects.filter(user_group__uuid=group.uuid).values_list("user__username", flat=True))


@pytest.fixture
def groups(world):
    """Three groups that overlap: away = ada, dan; failing = ada, cleo, dan, eve; spain = ada, cleo."""
    return (
        world.criteria_group("Away", rule(AWAY)),
        world.criteria_group("Failing", rule(FAILING)),
        world.criteria_group("Spain", rule(IN_SPAIN)),
    )


def test_first_group_in_order_gets_the_learner(staff, groups):
    away, failing, spain = groups
    body = create(staff, spain, away, failing)
    assert [(group["name"], group["member_count"]) for group in body["groups"]] == [
        ("Spain", 2),
        ("Away", 1),
        ("Failing", 1),
    ]
    assert body["is_exclusive"] is True
    assert (members(spain), members(away), members(failing)) == ({"ada", "cleo"}, {"dan"}, {"eve"})
    for group in groups:
        group.refresh_from_db()
        assert group.member_count == len(members(group))
    staff.patch(
        f"{COLLECTIONS}{body['uuid']}/", {"groups": [str(g.uuid) for g in (failing, spain, away)]}, format="json"
    )
    assert (members(failing), members(spain), members(away)) == ({"ada", "cleo", "dan", "eve"}, set(), set())


def test_history_adds_up_to_the_members(staff, groups):
    create(staff, *groups)
    for group in groups:
        changes = MembershipChange.objects.filter(user_group=group).order_by("id")
        inside = set()
        for kind, name in changes.values_list("kind", "user__username"):
            (inside.add if kind == "added" else inside.remove)(name)
        assert inside == members(group)


def test_editing_a_rule_moves_learners_between_the_groups(staff, groups):
    away, failing, _spain = groups
    create(staff, away, failing)
    assert (members(away), members(failing)) == ({"ada", "dan"}, {"cleo", "eve"})
    body = staff.get(f"{ROOT}user_groups/{away.uuid}/").json()
    body["rule"]["nodes"][0]["config"]["days"] = 25
    answer = staff.patch(f"{ROOT}user_groups/{away.uuid}/", {"rule": body["rule"], "rule_version": 1}, format="json")
    assert answer.status_code == 200, answer.content
    assert (members(away), members(failing)) == ({"dan"}, {"ada", "cleo", "eve"})


def test_refreshing_any_group_settles_all(staff, world, groups):
    away, failing, _spain = groups
    create(staff, away, failing)
    world.users["dan"].last_login = world.users["ben"].last_login
    world.users["dan"].save()
    assert staff.post(f"{ROOT}user_groups/{failing.uuid}/refreshes/", {}, format="json").status_code in (201, 202)
    assert (members(away), members(failing)) == ({"ada"}, {"cleo", "dan", "eve"})


def test_not_exclusive(staff, groups):
    body = create(staff, *groups, is_exclusive=False)
    assert [group["member_count"] for group in body["groups"]] == [2, 4, 2]
    answer = staff.patch(f"{COLLECTIONS}{body['uuid']}/", {"is_exclusive": True}, format="json")
    assert [group["member_count"] for group in answer.json()["groups"]] == [2, 2, 0]


def test_the_database_refuses_a_second_membership(staff, groups):
    away, failing, _spain = groups
    create(staff, away, failing)
    present = Membership.objects.get(user_group=away, user__username="ada")
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(
            user_group=failing,
            user=present.user,
            joined_at=present.joined_at,
            origin="manual",
            exclusive_collection=present.exclusive_collection,
        )


def test_learners_of_a_list_are_in_no_group_by_criteria(staff, world, groups):
    away, failing, _spain = groups
    mentors = world.manual_group("Mentors", ("ada",))
    create(staff, away, failing, mentors)
    assert (members(mentors), members(away), members(failing)) == ({"ada"}, {"dan"}, {"cleo", "eve"})


def test_a_list_refuses_learners_of_another_group(staff, world, groups):
    away, _failing, _spain = groups
    mentors = world.manual_group("Mentors")
    create(staff, away, mentors)
    answer = staff.post(f"{ROOT}user_groups/{mentors.uuid}/members/", {"learners": ["ben", "dan"]}, format="json")
    body = assert_problem(answer, 409, "in_other_group", ("/learners/1", "in_other_group"))
    assert body["detail"] == "1 learner is in another group of this collection: Away."
    assert members(mentors) == set()
    answer = staff.post(f"{ROOT}user_groups/{mentors.uuid}/members/", {"learners": ["ben"]}, format="json")
    assert answer.status_code == 200
    assert members(mentors) == {"ben"}


def test_lists_that_overlap(staff, world):
    first, second = world.manual_group("First", ("ada", "ben")), world.manual_group("Second", ("ben",))
    answer = staff.post(COLLECTIONS, new(first, second), format="json")
    body = assert_problem(answer, 409, "collection_not_exclusive")
    assert body["detail"].startswith("1 learner is in both “First” and “Second”.")
    assert Collection.objects.count() == 0
    assert (members(first), members(second)) == ({"ada", "ben"}, {"ben"})


def test_frozen_groups_keep_their_members(staff, groups):
    away, failing, _spain = groups
    staff.patch(f"{ROOT}user_groups/{failing.uuid}/", {"is_frozen": True}, format="json")
    create(staff, away, failing)
    assert (members(away), members(failing)) == (set(), {"ada", "cleo", "dan", "eve"})


def test_dissolving_brings_the_groups_back_to_their_rules(staff, groups):
    body = create(staff, *groups)
    assert staff.delete(f"{COLLECTIONS}{body['uuid']}/").status_code == 204
    assert [len(members(group)) for group in groups] == [2, 4, 2]
    assert not Membership.objects.filter(exclusive_collection__isnull=False).exists()
    assert_problem(staff.get(f"{COLLECTIONS}{body['uuid']}/"), 404, "not_found")


def test_taking_a_group_out(staff, groups):
    away, failing, spain = groups
    body = create(staff, *groups)
    answer = staff.patch(f"{COLLECTIONS}{body['uuid']}/", {"groups": [str(away.uuid), str(spain.uuid)]}, format="json")
    assert [group["name"] for group in answer.json()["groups"]] == ["Away", "Spain"]
    assert members(failing) == {"ada", "cleo", "dan", "eve"}


def test_an_archived_group_leaves_its_learners_to_the_others(staff, groups):
    away, failing, _spain = groups
    create(staff, away, failing)
    assert staff.delete(f"{ROOT}user_groups/{away.uuid}/").status_code == 204
    assert members(failing) == {"ada", "cleo", "dan", "eve"}


def test_what_the_rules_say_of_each_other(staff, world):
    low = world.criteria_group("Low", rule(leaf("course_grade", operator="<", percent=40)))
    high = world.criteria_group("High", rule(leaf("course_grade", operator=">", percent=60)))
    away = world.criteria_group("Away", rule(AWAY))
    body = create(staff, low, high, away)
    pairs = staff.get(f"{COLLECTIONS}{body['uuid']}/").json()["pairs"]
    assert [(pair["first"], pair["second"], pair["disjoint"]) for pair in pairs] == [
        (str(low.uuid), str(high.uuid), True),
        (str(low.uuid), str(away.uuid), False),
        (str(high.uuid), str(away.uuid), False),
    ]
    assert pairs[0]["example"] is None
    assert pairs[1]["example"]


def test_a_group_is_put_before_those_that_share_its_learners(staff, groups):
    away, failing, spain = groups
    address = f"{COLLECTIONS}{create(staff, failing)['uuid']}/"
    uuids = [str(group.uuid) for group in (away, spain, failing)]
    answer = staff.patch(address, {"groups": uuids}, format="json")
    assert answer.status_code == 200, answer.content
    assert [members(group) for group in (away, spain, failing)] == [{"ada", "dan"}, {"cleo"}, {"eve"}]


def test_a_group_that_is_held_keeps_its_members_wherever_it_is_put(staff, groups):
    away, failing, spain = groups
    UserGroup.objects.filter(pk=failing.pk).update(state=GroupState.HELD)
    create(staff, away, failing, spain)
    assert [members(group) for group in (away, failing, spain)] == [set(), {"ada", "cleo", "dan", "eve"}, set()]


def test_bad_input_changes_nothing(staff, world, groups):
    away, failing, _spain = groups
    taken = create(staff, away)
    foreign = api.create_user_group(scope=organization(), name="Org", rule=rule(AWAY), acting_user=world.users["admin"])
    cases = [
        (new(failing, failing, name="Other"), 400, "validation_failed", ("/groups/1", "duplicate_item")),
        (new(away, name="Other"), 400, "validation_failed", ("/groups/0", "in_other_collection")),
        (new(foreign, name="Other"), 400, "validation_failed", ("/groups/0", "unknown_user_group")),
        (
            {**new(name="Other"), "groups": [str(uuid4())]},
            400,
            "validation_failed",
            ("/groups/0", "unknown_user_group"),
        ),
        ({**new(name="Other"), "groups": ["x"]}, 400, "validation_failed", ("/groups/0", "wrong_type")),
        ({**new(), "name": "help"}, 409, "name_taken", ("/name", "name_taken")),
        ({**new(), "name": " H\u00e9lp\u200b"}, 409, "name_taken", ("/name", "name_taken")),
        ({**new(), "name": "\u202eHelp me"}, 400, "validation_failed", ("/name", "invalid_text")),
        ({**new(), "name": ""}, 400, "validation_failed", ("/name", "missing_field")),
        ({**new(), "colour": 1}, 400, "validation_failed", ("/colour", "unknown_field")),
    ]
    for body, status, code, *places in cases:
        assert_problem(staff.post(COLLECTIONS, body, format="json"), status, code, *places)
    assert [collection["uuid"] for collection in staff.get(COLLECTIONS).json()["results"]] == [taken["uuid"]]


def test_a_key_without_its_kind_is_not_ignored(staff):
    answer = staff.get(COLLECTIONS, {"scope_key": "zzz"})
    assert_problem(answer, 400, "validation_failed", ("/scope_type", "missing_field"))
    assert staff.get(COLLECTIONS, {"scope_key": ""}).status_code == 200


def test_collections_are_listed_by_name_without_regard_to_case(staff):
    for name in ("beta", "Alpha", "Gamma", "alto"):
        staff.post(COLLECTIONS, new(name=name), format="json")
    assert [row["name"] for row in staff.get(COLLECTIONS).json()["results"]] == ["Alpha", "alto", "beta", "Gamma"]


def test_collections_of_a_scope_are_of_exactly_that(world, staff):
    create(staff)
    Collection.objects.create(scope_type="course", scope_key=BIO.replace("BIO", "bio"), name="Lower")
    found = world.client("admin").get(COLLECTIONS, {"scope_type": "course", "scope_key": BIO}).json()["results"]
    assert [collection["name"] for collection in found] == ["Help"]


def test_permissions(world, groups):
    body = create(world.client("staff"), *groups)
    address = f"{COLLECTIONS}{body['uuid']}/"
    for name in ("learner", "other_staff"):
        client = world.client(name)
        assert client.get(COLLECTIONS).json()["results"] == []
        assert_problem(client.get(address), 404, "not_found")
        assert_problem(client.patch(address, {"name": "Mine"}, format="json"), 404, "not_found")
        assert_problem(client.delete(address), 404, "not_found")
        assert_problem(client.post(COLLECTIONS, new(name="Mine"), format="json"), 403, "permission_denied")
    assert_problem(world.client("anonymous").get(COLLECTIONS), 401, "not_authenticated")
    assert world.client("org_staff").get(address).status_code == 200
    assert [
        item["name"]
        for item in world.client("admin")
        .get(COLLECTIONS, scope(BIO) and {"scope_type": "course", "scope_key": BIO})
        .json()["results"]
    ] == ["Help"]
    assert_problem(
        world.client("staff").get(COLLECTIONS, {"scope_type": "course", "scope_key": LAW}), 403, "permission_denied"
    )
    assert UserGroup.objects.filter(collection__isnull=False).count() == 3


def test_where_the_first_group_has_no_answer_the_others_are_due(staff, groups, monkeypatch, settings):
    away, failing, spain = groups
    body = create(staff, spain, away, failing)

    def fail(*args):
        raise SourceUnavailable

    monkeypatch.setattr(LastLogin, "fact", fail)
    UserGroup.objects.update(next_refresh_at=timezone.now() + timedelta(days=1))
    order = [str(group.uuid) for group in (away, failing, spain)]
    assert staff.patch(f"{COLLECTIONS}{body['uuid']}/", {"groups": order}, format="json").status_code == 200
    failing.refresh_from_db()
    assert failing.next_refresh_at <= timezone.now()
