"""A criterion type whose app is installed but not migrated: it cannot be used, and nothing else suffers."""

import pytest

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.criteria.country import Country
from openedx_user_groups.criteria import storage
from openedx_user_groups.models import Criterion, UserGroup

from .conftest import AWAY, BIO, FAILING, IN_SPAIN, ROOT, assert_problem, rule, scope, snapshot

GROUPS = f"{ROOT}user_groups/"
TYPES = f"{ROOT}criterion_types/"
SCOPED = {"scope_type": "course", "scope_key": BIO}


@pytest.fixture
def spanish(world):
    return world.criteria_group("Spain", rule(IN_SPAIN, AWAY))


@pytest.fixture
def unmigrated(world, spanish, monkeypatch, without_table):
    """Country has no table, in a process that has just started."""
    monkeypatch.setattr(storage, "_readable", set())
    without_table(Country)


def availability(client):
    types = client.get(TYPES, SCOPED).json()["criterion_types"]
    return {found["id"]: found["availability"]["reason_code"] for found in types}


def test_it_is_offered_as_unavailable(staff, unmigrated, monkeypatch):
    found = availability(staff)
    assert (found["country"], found["last_login"]) == ("criterion_type_unreadable", None)
    one = staff.get(f"{TYPES}country/", SCOPED).json()["availability"]
    assert (one["status"], one["reason_code"]) == ("unavailable", "criterion_type_unreadable")
    monkeypatch.undo()
    assert availability(staff)["country"] is None


def test_it_cannot_be_saved(world, staff, unmigrated):
    other = world.criteria_group("Other")
    before, place = snapshot(), ("/rule/nodes/1/type", "criterion_type_unreadable")
    new = {"scope": scope(), "name": "New", "rule": rule(AWAY, IN_SPAIN)}
    assert_problem(staff.post(GROUPS, new, format="json"), 400, "validation_failed", place)
    changes = {"rule": rule(AWAY, IN_SPAIN), "rule_version": 1}
    assert_problem(staff.patch(f"{GROUPS}{other.uuid}/", changes, format="json"), 400, "validation_failed", place)
    assert snapshot() == before


def test_a_table_that_goes_while_the_process_runs(world, staff, spanish, without_table):
    assert availability(staff)["country"] is None
    without_table(Country)
    new = {"scope": scope(), "name": "New", "rule": rule(IN_SPAIN)}
    assert staff.post(GROUPS, new, format="json").status_code == 400
    assert availability(staff)["country"] == "criterion_type_unreadable"


def test_whoever_meets_the_missing_table_first_remembers(world, staff, spanish, without_table):
    assert availability(staff)["country"] is None
    without_table(Country)
    assert staff.get(f"{GROUPS}{spanish.uuid}/").json()["state"] == "unevaluable"
    assert availability(staff)["country"] == "criterion_type_unreadable"


def test_the_criterion_can_be_removed(staff, spanish, unmigrated):
    url = f"{GROUPS}{spanish.uuid}/"
    body = staff.get(url).json()
    assert body["state_reason"]["code"] == "criterion_type_unreadable"
    answer = staff.patch(url, {"rule": rule(AWAY), "rule_version": 1}, format="json")
    assert (answer.status_code, answer.json()["state"], answer.json()["member_count"]) == (200, "fresh", 2)
    assert list(Criterion.objects.values_list("type_slug", flat=True)) == ["last_login"]


def test_the_criterion_may_stay_while_others_are_edited(staff, spanish, unmigrated, monkeypatch):
    url = f"{GROUPS}{spanish.uuid}/"
    definition = staff.get(url).json()["rule"]
    definition["nodes"][1] = FAILING
    answer = staff.patch(url, {"rule": definition, "rule_version": 1}, format="json")
    assert (answer.status_code, answer.json()["state"]) == (200, "unevaluable")
    definition = answer.json()["rule"]
    assert [node["type"] for node in definition["nodes"]] == ["country", "course_grade"]
    definition["nodes"][0]["config"] = {"operator": "in", "countries": ["FR"]}
    answer = staff.patch(url, {"rule": definition, "rule_version": 2}, format="json")
    assert_problem(answer, 400, "validation_failed", ("/rule/nodes/0/type", "criterion_type_unreadable"))
    monkeypatch.undo()
    assert staff.post(f"{url}refreshes/").status_code in (200, 201, 202)
    assert staff.get(url).json()["state"] == "fresh"


def test_another_criterion_can_be_removed(world, staff, unmigrated):
    """Django would look for each criterion that is deleted in the tables of all types."""
    group = world.criteria_group("Both", rule(AWAY, FAILING))
    answer = staff.patch(f"{GROUPS}{group.uuid}/", {"rule": rule(AWAY), "rule_version": 1}, format="json")
    assert answer.status_code == 200
    assert not Criterion.objects.filter(user_group=group, type_slug="course_grade").exists()


def fail(*args, **kwargs):
    raise storage.DatabaseError("deadlock")


def test_other_mistakes_of_the_database_are_no_matter_of_the_type(world, monkeypatch):
    monkeypatch.setattr(Country, "save", fail)
    with pytest.raises(storage.DatabaseError):
        world.criteria_group("Spain", rule(IN_SPAIN))
    assert not UserGroup.objects.filter(name="Spain").exists()


def test_nor_do_they_delete_half_a_criterion(world, spanish, monkeypatch):
    monkeypatch.setattr(storage.Collector, "delete", fail)
    changes = {"rule": rule(AWAY)}
    before = snapshot()
    with pytest.raises(storage.DatabaseError):
        api.update_user_group(spanish.uuid, changes=changes, rule_version=1, acting_user=world.users["admin"])
    assert snapshot() == before


def test_a_group_with_it_can_be_copied_and_looked_at_in_the_admin(world, staff, spanish, unmigrated):
    answer = staff.post(f"{GROUPS}{spanish.uuid}/copies/", {"scope": scope()}, format="json")
    assert answer.status_code == 201, answer.content
    admin = world.client("admin")
    for address in ("", f"{spanish.pk}/change/"):
        assert admin.get(f"/admin/openedx_user_groups/usergroup/{address}").status_code == 200


def test_a_group_with_it_can_be_archived(staff, spanish, unmigrated):
    assert staff.delete(f"{GROUPS}{spanish.uuid}/").status_code == 204
