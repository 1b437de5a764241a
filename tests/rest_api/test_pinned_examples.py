"""Pinned examples: who must be in and who must not; they warn and never move anybody."""

from __future__ import annotations

import pytest

from openedx_user_groups import api
from openedx_user_groups.models import Membership, PinnedExample, Refresh

from .conftest import AWAY, FAILING, LAW, ROOT, assert_problem, rule, scope


@pytest.fixture
def group(world):
    """ada and dan."""
    return world.criteria_group()


@pytest.fixture
def pins(group):
    return f"{ROOT}user_groups/{group.uuid}/pinned_examples/"


def pin(client, pins, learner, expected, **more):
    return client.post(pins, {"learner": learner, "expected": expected, **more}, format="json")


def warnings(client, group, definition):
    body = {"scope": scope(), "rule": definition, "user_group": str(group.uuid)}
    found = client.post(f"{ROOT}previews/", body, format="json").json()["warnings"]
    return [(w["code"], w["pointer"], w["params"]) for w in found if w["code"] == "pinned_example_missed"]


def test_pin_list_replace_and_unpin(staff, pins):
    answer = pin(staff, pins, "ada", True, note="Asked for it")
    assert answer.status_code == 201
    body = answer.json()
    assert body == {
        "username": "ada",
        "expected": True,
        "is_member": True,
        "note": "Asked for it",
        "created": body["created"],
        "created_by": "staff",
    }
    pin(staff, pins, "ben@example.com", True)
    pin(staff, pins, "ada", False)
    listed = staff.get(pins).json()["results"]
    assert [(row["username"], row["expected"], row["is_member"], row["note"]) for row in listed] == [
        ("ada", False, True, ""),
        ("ben", True, False, ""),
    ]
    assert staff.delete(pins, {"learners": ["ada", "ben"]}, format="json").status_code == 204
    assert staff.get(pins).json()["results"] == []


def test_addresses_are_not_turned_into_names_of_strangers(world, staff, pins):
    stranger = world.users["learner"]
    stranger.email = "learner@example.com"
    stranger.save()
    answer = pin(staff, pins, "learner@example.com", True)
    assert_problem(answer, 400, "validation_failed", ("/learner", "unknown_learner"))
    assert pin(staff, pins, "fay@example.com", False).json()["username"] == "fay"  # Has left the course.
    assert pin(staff, pins, "learner", False).status_code == 201
    # Nor does unpinning confirm whose address it is.
    answer = staff.delete(pins, {"learners": ["learner@example.com"]}, format="json")
    assert_problem(answer, 400, "validation_failed", ("/learners/0", "not_pinned"))
    assert staff.delete(pins, {"learners": ["learner", "fay@example.com"]}, format="json").status_code == 204


def test_what_is_refused(world, staff, pins, group, settings):
    assert_problem(pin(staff, pins, "nobody", True), 400, "validation_failed", ("/learner", "unknown_learner"))
    assert_problem(pin(staff, pins, "ada", "yes"), 400, "validation_failed", ("/expected", "wrong_type"))
    pin(staff, pins, "ada", True)
    settings.OPENEDX_USER_GROUPS_MAX_PINNED_EXAMPLES = 1
    assert_problem(pin(staff, pins, "ben", True), 400, "validation_failed", ("/learner", "too_many_items"))
    assert pin(staff, pins, "ada", False).status_code == 201
    answer = staff.delete(pins, {"learners": ["ada", "ben"]}, format="json")
    assert_problem(answer, 400, "validation_failed", ("/learners/1", "not_pinned"))
    assert PinnedExample.objects.count() == 1
    elsewhere = world.criteria_group(key=LAW)
    assert_problem(pin(staff, pins.replace(str(group.uuid), str(elsewhere.uuid)), "ada", True), 404, "not_found")
    assert_problem(pin(world.client("learner"), pins, "ada", True), 404, "not_found")


def test_a_preview_warns(staff, group, pins):
    assert warnings(staff, group, rule(AWAY)) == []
    pin(staff, pins, "ada", True)
    pin(staff, pins, "ben", True)
    pin(staff, pins, "cleo", False)
    pin(staff, pins, "fay", False)  # Not in the course: never in.
    assert warnings(staff, group, rule(AWAY)) == [
        ("pinned_example_missed", "/rule", {"username": "ben", "expected": True}),
    ]
    assert warnings(staff, group, rule(FAILING)) == [
        ("pinned_example_missed", "/rule", {"username": "ben", "expected": True}),
        ("pinned_example_missed", "/rule", {"username": "cleo", "expected": False}),
    ]


def test_a_refresh_counts_and_moves_nobody(world, staff, group, pins):
    before = set(Membership.objects.values_list("user__username", flat=True))
    pin(staff, pins, "ben", True)
    pin(staff, pins, "dan", False)
    pin(staff, pins, "ada", True)
    address = f"{ROOT}user_groups/{group.uuid}/"
    assert staff.get(address).json()["pinned_missed_count"] == 2
    run = staff.post(f"{address}refreshes/").json()
    assert (run["state"], run["pinned_missed_count"]) == ("succeeded", 2)
    assert set(Membership.objects.values_list("user__username", flat=True)) == before
    mentors = world.manual_group(learners=("ben",))
    api.pin_learner(mentors, "ben", expected=False, acting_user=world.users["admin"])
    listed = {row["name"]: row["pinned_missed_count"] for row in staff.get(f"{ROOT}user_groups/").json()["results"]}
    assert listed == {"Away": 2, "Mentors": 1}


def test_they_go_with_the_account(world, staff, group, pins):
    pin(staff, pins, "ben", True)
    pin(staff, pins, "dan", False)
    world.users["dan"].delete()
    assert [row["username"] for row in staff.get(pins).json()["results"]] == ["ben"]
    world.users["ben"].username = "retired__user_4711"
    world.users["ben"].save()
    assert staff.get(pins).json()["results"] == []
    assert staff.get(f"{ROOT}user_groups/{group.uuid}/").json()["pinned_missed_count"] == 0
    assert warnings(staff, group, rule(AWAY)) == []
    api.refresh_now(group, acting_user=world.users["admin"])
    assert Refresh.objects.latest("pk").pinned_missed_count == 0
    assert not PinnedExample.objects.exists()
