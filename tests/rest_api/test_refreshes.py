"""Runs that are held, through the API; and what a group says of its refreshes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from openedx_user_groups.data import RefreshTrigger
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh.runs import request_refresh

from .conftest import BIO, ROOT, assert_problem, snapshot

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def held(world, settings):
    """A group whose two members have come back, and its run that waits for a person: their addresses."""
    settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM = 1
    group = world.criteria_group()
    User.objects.filter(username__in=["ada", "dan"]).update(last_login=timezone.now())
    User.objects.filter(username="ben").update(last_login=timezone.now() - timedelta(days=40))
    run = request_refresh(group, RefreshTrigger.SCHEDULE)
    address = f"{ROOT}user_groups/{group.uuid}/"
    return address, f"{address}refreshes/{run.uuid}/"


def members(group_address, staff):
    return [row["username"] for row in staff.get(f"{group_address}members/").json()["results"]]


def test_a_held_group_says_why_and_shows_whom(held, staff):
    group, run = held
    body = staff.get(group).json()
    message = "A refresh would remove 2 of 2 members. Confirm or discard it."
    assert (body["state"], body["member_count"], body["next_refresh_at"]) == ("held", 2, None)
    assert body["state_reason"] == {"code": "removes_too_many", "message": message}
    one = staff.get(run).json()
    assert (one["state"], one["error"]) == ("held", {"code": "removes_too_many", "message": message})
    assert staff.get(f"{group}refreshes/", {"state": "held"}).json()["results"] == [one]
    assert staff.get(f"{group}refreshes/", {"state": ["failed", "cancelled"]}).json()["results"] == []
    assert staff.get(f"{group}refreshes/", {"trigger": "schedule"}).json()["results"] == [one]
    assert_problem(
        staff.get(f"{group}refreshes/", {"state": "odd"}), 400, "validation_failed", ("/state", "invalid_choice")
    )
    page = staff.get(f"{run}difference/", {"page_size": 2}).json()
    leaving = [{"username": name, "kind": "removed"} for name in ("ada", "dan")]
    assert (page["count"], page["num_pages"], page["results"]) == (3, 2, leaving)
    joining = [{"username": "ben", "kind": "added"}]
    assert staff.get(f"{run}difference/", {"page_size": 2, "page": 2}).json()["results"] == joining
    assert staff.get(f"{run}difference/", {"kind": "added"}).json()["results"] == joining
    listed = staff.get(f"{ROOT}user_groups/", {"scope_type": "course", "scope_key": BIO, "state": "held"}).json()
    assert [row["uuid"] for row in listed["results"]] == [body["uuid"]]


def test_confirming(held, staff):
    group, run = held
    answer = staff.post(f"{run}confirmation/")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["state"], body["trigger"], body["requested_by"]) == ("succeeded", "manual", "staff")
    assert (body["added_count"], body["removed_count"]) == (1, 2)
    assert members(group, staff) == ["ben"]
    assert staff.get(run).json()["state"] == "confirmed"
    for late in (staff.post(f"{run}confirmation/"), staff.get(f"{run}difference/"), staff.delete(f"{run}difference/")):
        assert_problem(late, 409, "not_held")


def test_discarding(held, staff):
    group, run = held
    assert staff.delete(f"{run}difference/").status_code == 204
    assert members(group, staff) == ["ada", "dan"]
    body = staff.get(group).json()
    assert (body["state"], body["state_reason"]["code"]) == ("stale", "difference_discarded")
    assert staff.get(run).json()["state"] == "discarded"


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("learner", 404, "not_found"), ("other_staff", 404, "not_found"), ("anonymous", 401, None)],
)
def test_who_may_not(held, world, name, status, code):
    _group, run = held
    before, client = snapshot(), world.client(name)
    for answer in (
        client.get(run),
        client.get(f"{run}difference/"),
        client.delete(f"{run}difference/"),
        client.post(f"{run}confirmation/"),
    ):
        assert answer.status_code == status
        assert code is None or answer.json()["code"] == code
    assert snapshot() == before


@pytest.mark.parametrize("uuid", [NOBODY, "nonsense"])
def test_runs_that_there_are_not(held, staff, uuid):
    group, _run = held
    for answer in (
        staff.get(f"{group}refreshes/{uuid}/"),
        staff.get(f"{group}refreshes/{uuid}/difference/"),
        staff.delete(f"{group}refreshes/{uuid}/difference/"),
        staff.post(f"{group}refreshes/{uuid}/confirmation/"),
    ):
        assert_problem(answer, 404, "not_found")


def test_a_run_that_is_not_held_cannot_be_confirmed(world, staff):
    group = world.criteria_group()
    run = group.refreshes.get()
    address = f"{ROOT}user_groups/{group.uuid}/refreshes/{run.uuid}/"
    assert staff.get(address).json()["state"] == "succeeded"
    assert_problem(staff.post(f"{address}confirmation/"), 409, "not_held")
    assert Membership.objects.filter(user_group=group).count() == 2


def test_a_group_has_its_own_interval_and_brake(world, staff):
    address = f"{ROOT}user_groups/{world.criteria_group().uuid}/"
    body = staff.patch(address, {"refresh_interval": 60, "max_removal_percent": 10}, format="json").json()
    assert (body["refresh_interval"], body["max_removal_percent"], body["rule_version"]) == (60, 10, 1)
    body = staff.patch(address, {"refresh_interval": None, "max_removal_percent": None}, format="json").json()
    assert (body["refresh_interval"], body["max_removal_percent"]) == (None, None)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"refresh_interval": 0}, "min_value"),
        ({"refresh_interval": 10_000_000}, "max_value"),
        ({"refresh_interval": "60"}, "wrong_type"),
        ({"max_removal_percent": 101}, "max_value"),
        ({"max_removal_percent": -1}, "min_value"),
    ],
)
def test_intervals_and_brakes_that_mean_nothing(world, staff, values, code):
    address = f"{ROOT}user_groups/{world.criteria_group().uuid}/"
    before = snapshot()
    assert_problem(
        staff.patch(address, values, format="json"), 400, "validation_failed", (f"/{next(iter(values))}", code)
    )
    assert snapshot() == before
