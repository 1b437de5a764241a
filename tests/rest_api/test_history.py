"""The history of a group over HTTP: members at an instant, changes of the definition; copies; health."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from openedx_user_groups import api
from openedx_user_groups.models import MembershipChange, OutboxMessage, Refresh, UserGroup
from openedx_user_groups.refresh import health

from .conftest import ART, AWAY, BIO, IN_SPAIN, ROOT, assert_problem, asserted_queries, leaf, rule, scope, snapshot


def url(group, part):
    return f"{ROOT}user_groups/{group.uuid}/{part}/"


@pytest.fixture
def history(world):
    """ada joined on the first of January 2026 and left on the second, when ben joined; cleo on the third."""
    group, admin = world.manual_group(), world.users["admin"]
    api.add_members(group, ["ada"], acting_user=admin)
    api.remove_members(group, ["ada"], acting_user=admin)
    api.add_members(group, ["ben"], acting_user=admin)
    api.add_members(group, ["cleo"], acting_user=admin)
    for change, day in zip(MembershipChange.objects.order_by("id"), (1, 2, 2, 3), strict=True):
        MembershipChange.objects.filter(pk=change.pk).update(at=datetime(2026, 1, day, tzinfo=UTC))
    return group


@pytest.mark.parametrize(
    ("at", "found"),
    [
        ("2025-12-31T23:59:59Z", []),
        ("2026-01-01T00:00:00Z", ["ada"]),
        ("2026-01-02T01:00:00+02:00", ["ada"]),
        ("2026-01-02", ["ben"]),
        ("2026-01-03T00:00:00Z", ["ben", "cleo"]),
    ],
)
def test_members_at_an_instant(history, staff, at, found):
    body = staff.get(url(history, "members"), {"at": at}).json()
    assert [row["username"] for row in body["results"]] == found
    assert body["count"] == len(found)
    assert parse_datetime(body["members_as_of"]).utcoffset() == timedelta(0)


def test_a_past_member_is_shown_as_a_present_one(history, staff):
    answer = staff.get(url(history, "members"), {"at": "2026-01-03T12:00:00Z", "page_size": 1, "search": "CL"}).json()
    assert answer["results"] == [{"username": "cleo", "joined_at": "2026-01-03T00:00:00Z", "origin": "manual"}]
    assert answer["members_as_of"] == "2026-01-03T12:00:00Z"


def test_members_at_an_instant_page_by_page(history, staff):
    first = staff.get(url(history, "members"), {"at": "2026-01-03", "page_size": 1}).json()
    assert (first["count"], first["num_pages"]) == (2, 2)
    assert [row["username"] for row in staff.get(first["next"]).json()["results"]] == ["cleo"]


def test_instants_that_history_does_not_know(history, staff, settings):
    future = (timezone.now() + timedelta(hours=1)).isoformat()
    assert_problem(staff.get(url(history, "members"), {"at": future}), 400, "outside_history")
    UserGroup.objects.update(history_from=datetime(2026, 1, 2, tzinfo=UTC))
    assert_problem(staff.get(url(history, "members"), {"at": "2026-01-01"}), 400, "outside_history")
    assert staff.get(url(history, "members"), {"at": "2026-01-02"}).status_code == 200
    settings.OPENEDX_USER_GROUPS_HISTORY_RETENTION_DAYS = 1
    assert_problem(staff.get(url(history, "members"), {"at": "2026-01-02"}), 400, "outside_history")
    bad = staff.get(url(history, "members"), {"at": "yesterday"})
    assert_problem(bad, 400, "validation_failed", ("/at", "wrong_type"))


def test_changes_keep_their_trigger_without_their_run(world, staff):
    group = world.criteria_group()
    Refresh.objects.all().delete()
    rows = staff.get(url(group, "membership_changes")).json()["results"]
    assert [(row["trigger"], row["refresh"]) for row in rows] == [("rule_change", None)] * 2


def test_definition_changes(world, staff):
    group = world.criteria_group()
    listing = rule(AWAY, leaf("learner_list", operator="not_in", learners=["ada"]))
    staff.patch(f"{ROOT}user_groups/{group.uuid}/", {"rule": listing, "rule_version": 1}, format="json")
    body = staff.get(url(group, "definition_changes")).json()
    assert body["count"] == 2
    changed, created = body["results"]
    assert (created["kind"], created["by"], created["before"], created["rule_version"]) == ("created", "admin", None, 1)
    assert (changed["kind"], changed["by"], changed["changed_fields"]) == ("changed", "staff", ["rule"])
    assert changed["before"] == created["after"]
    assert changed["after"]["rule"]["nodes"][1]["config"] == {"operator": "not_in", "learners": ["ada"]}
    for _number in range(20):
        api.update_user_group(
            group.uuid, changes={"name": f"N{_number}"}, rule_version=None, acting_user=world.users["admin"]
        )
    for size in (2, 20):
        # Session, account, group, roles, count, page, names of learners.
        with asserted_queries(7):
            rows = staff.get(url(group, "definition_changes"), {"page_size": size}).json()["results"]
        assert len(rows) == size


def test_copy(world):
    group, client = world.criteria_group(definition=rule(IN_SPAIN)), world.client("org_staff")
    answer = client.post(url(group, "copies"), {"scope": scope(ART), "name": "Spaniards"}, format="json")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["user_group"]["name"], body["user_group"]["scope"]["key"], body["unresolved"]) == (
        "Spaniards",
        ART,
        [],
    )
    assert client.get(answer.headers["Location"]).json() == body["user_group"]


def test_copy_with_unresolved_references(world):
    group, client = (
        world.criteria_group(definition=rule(leaf("course_grade", operator="exists"))),
        world.client("admin"),
    )
    body = client.post(url(group, "copies"), {"scope": {"type": "instance"}}, format="json").json()
    missing = {"pointer": "/rule/nodes/0", "field": "", "value": "course_grade", "label": "Course grade"}
    assert body["unresolved"] == [missing]
    assert body["user_group"]["state"] == "unevaluable"
    assert body["user_group"]["state_reason"] == {
        "code": "unresolved_reference",
        "message": "The criterion “course_grade” was copied and refers to something that does not exist here. Edit it.",
        "pointer": "/rule/nodes/0",
        "references": [missing],
    }
    listed = client.get(f"{ROOT}user_groups/", {"state": "unevaluable"}).json()["results"]
    assert [row["uuid"] for row in listed] == [body["user_group"]["uuid"]]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, [("/scope", "missing_field")]),
        ({"scope": {"type": "planet"}}, [("/scope/type", "invalid_choice")]),
        ({"scope": {"type": "course", "key": "x"}}, [("/scope/key", "invalid")]),
        ({"scope": scope(), "name": 1}, [("/name", "invalid_text")]),
        ({"scope": scope(), "rule": {}}, [("/rule", "unknown_field")]),
    ],
)
def test_bad_copies(world, staff, body, places):
    group = world.criteria_group()
    before = snapshot()
    answer = staff.post(url(group, "copies"), body, format="json")
    assert answer.status_code == 400
    assert [violation["pointer"] for violation in answer.json()["violations"]] == [pointer for pointer, _code in places]
    assert snapshot() == before


def test_copies_that_conflict(world, staff):
    manual, group = world.manual_group(), world.criteria_group()
    before = snapshot()
    answer = staff.post(url(manual, "copies"), {"scope": scope(BIO)}, format="json")
    assert_problem(answer, 409, "wrong_membership_source")
    answer = staff.post(url(group, "copies"), {"scope": scope(BIO), "name": "AWAY"}, format="json")
    assert_problem(answer, 409, "name_taken", ("/name", "name_taken"))
    assert snapshot() == before


def test_health(world):
    client = world.client("admin")
    group = world.criteria_group()
    body = client.get(f"{ROOT}health/").json()
    assert body["status"] == "ok"
    assert body["parts"]["groups"]["figures"]["fresh"] == 1
    assert body["parts"]["refreshes"]["figures"] == {
        "queued": 0, "running": 0, "oldest_queued_at": None, "oldest_running_at": None,
    }  # fmt: skip
    assert body["parts"]["outbox"]["figures"]["pending"] == 2
    hour_ago = timezone.now() - timedelta(hours=1)
    OutboxMessage.objects.update(created=hour_ago)
    Refresh.objects.create(user_group=group, trigger="manual", rule_version=1, requested_at=hour_ago)
    body = client.get(f"{ROOT}health/").json()
    assert body["status"] == "degraded"
    assert {name: part["problems"] for name, part in body["parts"].items() if part["problems"]} == {
        "outbox": ["delivery_late"],
        "refreshes": ["queued_too_long"],
    }
    assert body["parts"]["refreshes"]["figures"]["oldest_queued_at"] is not None


def test_a_part_that_cannot_be_looked_at_is_not_well(world, monkeypatch):
    def fail(now):
        raise ZeroDivisionError

    monkeypatch.setattr(health, "_probes", dict(health._probes))
    health.register("schedule", fail)
    body = world.client("admin").get(f"{ROOT}health/").json()
    assert (body["status"], body["parts"]["schedule"]) == ("degraded", {"problems": ["probe_failed"], "figures": {}})
