"""Previews of a saved group: who would join and leave, because of what, and who is in other groups too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.models import LastLogin
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.models import Criterion, Membership
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.student.models import CourseEnrollment, UserProfile

from .conftest import ART, AWAY, BIO, FAILING, IN_SPAIN, ROOT, assert_problem, leaf, rule, scope, snapshot

PREVIEWS = f"{ROOT}previews/"


@pytest.fixture
def group(world):
    """Away and failing: ada and dan."""
    return world.criteria_group("Away and failing", rule(AWAY, FAILING))


def ask(client, group, definition, **more):
    body = {"scope": scope(), "rule": definition, "user_group": str(group.uuid), "sample_size": 0, **more}
    answer = client.post(PREVIEWS, body, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def moves(client, group, definition, kind, **page):
    sample = ask(client, group, definition, difference={"kind": kind, **page})["difference"]["sample"]
    assert sample["kind"] == kind
    return sample["results"]


def saved_rule(client, group):
    return client.get(f"{ROOT}user_groups/{group.uuid}/").json()["rule"]


def move(username, cause, decided_by=(), flips=()):
    names = ("pointer", "saved_pointer", "saved_answer", "answer")
    flips = [dict(zip(names, flip, strict=True)) for flip in flips]
    decided = {"decided_by": list(decided_by), "flips": flips}
    return {"username": username, "cause": cause, **decided, "preceding_group": None}


def test_the_numbers_come_with_a_saved_group(staff, group):
    before = snapshot()
    for definition, numbers in (
        (rule(AWAY, FAILING), (0, 0, 2)),
        (rule(FAILING), (2, 0, 2)),
        (rule(IN_SPAIN), (1, 1, 1)),
        (rule(IN_SPAIN, negated=True), (2, 1, 1)),
    ):
        difference = ask(staff, group, definition)["difference"]
        assert difference == {
            **dict(zip(("added", "removed", "unchanged"), numbers, strict=True)),
            "elsewhere": 0,
            "sample": None,
        }
    assert snapshot() == before


def test_what_an_edit_moves(staff, group):
    edited = saved_rule(staff, group)
    edited["nodes"][0]["config"]["days"] = 25  # ada is 20 days away.
    assert moves(staff, group, edited, "removed") == [
        move("ada", "rule", ["/rule/nodes/0"], [("/rule/nodes/0", "/rule/nodes/0", True, False)])
    ]
    edited["nodes"][0]["config"] = {"operator": "<", "days": 3}  # eve, who is here and fails.
    assert moves(staff, group, edited, "added") == [
        move("eve", "rule", ["/rule/nodes/0", "/rule/nodes/1"], [("/rule/nodes/0", "/rule/nodes/0", False, True)])
    ]


def test_criteria_that_come_and_go(staff, group):
    saved = saved_rule(staff, group)
    shorter = {**saved, "nodes": saved["nodes"][1:]}  # Failing alone.
    assert moves(staff, group, shorter, "added") == [
        move(name, "rule", ["/rule/nodes/0"], [(None, "/rule/nodes/0", False, None)]) for name in ("cleo", "eve")
    ]
    longer = {**saved, "nodes": [*saved["nodes"], IN_SPAIN]}
    assert moves(staff, group, longer, "removed") == [
        move("dan", "rule", ["/rule/nodes/2"], [("/rule/nodes/2", None, None, False)])
    ]


def test_a_rule_that_is_combined_in_another_way(staff, group):
    looser = {**saved_rule(staff, group), "combine": "any"}
    assert moves(staff, group, looser, "added") == [move(name, "rule", ["/rule/nodes/1"]) for name in ("cleo", "eve")]


def test_where_one_criterion_alone_decides_nothing_the_fewest_are_named(staff, group):
    three = rule(FAILING, IN_SPAIN, leaf("last_login", operator="not_exists"), combine="any")
    pointers = [f"/rule/nodes/{index}" for index in range(3)]
    new = [(pointer, None, None, True) for pointer in pointers]
    away = (None, "/rule/nodes/0", False, None)
    assert moves(staff, group, three, "added") == [
        move("cleo", "rule", pointers, [*new, away]),
        move("eve", "rule", pointers[:1], [new[0], away]),
    ]


def test_what_has_moved_without_an_edit(world, staff, group):
    saved = saved_rule(staff, group)
    User.objects.filter(username="ada").update(last_login=timezone.now())
    PersistentCourseGrade.objects.filter(user_id=world.users["ben"].pk).update(percent_grade=0.1)
    User.objects.filter(username="ben").update(last_login=timezone.now() - timedelta(days=40))
    CourseEnrollment.objects.filter(user=world.users["dan"], course_id=BIO).update(is_active=False)
    numbers = {"added": 1, "removed": 2, "unchanged": 0, "elsewhere": 0}
    assert ask(staff, group, saved)["difference"] == {**numbers, "sample": None}
    assert moves(staff, group, saved, "added") == [move("ben", "data", ["/rule/nodes/0", "/rule/nodes/1"])]
    assert moves(staff, group, saved, "removed") == [
        move("ada", "data", ["/rule/nodes/0"]),
        move("dan", "universe"),
    ]


def test_the_learners_are_paged(staff, group):
    definition = rule(FAILING)
    pages = [moves(staff, group, definition, "added", size=1, offset=offset) for offset in range(3)]
    assert [[found["username"] for found in page] for page in pages] == [["cleo"], ["eve"], []]
    sample = ask(staff, group, definition, difference={"kind": "added"})["difference"]["sample"]
    assert (sample["size"], sample["offset"], len(sample["results"])) == (25, 0, 2)


def test_a_page_with_the_count_alone(staff, group):
    body = ask(staff, group, rule(FAILING), detail="count", difference={"kind": "removed"})
    assert body["difference"]["sample"]["results"] == []
    assert (body["difference"]["added"], body["count"]["universe"], len(body["nodes"])) == (2, None, 1)


def test_a_saved_rule_without_an_answer(staff, group, monkeypatch):
    Criterion.objects.filter(user_group=group, position=0).update(type_slug="gone")
    assert moves(staff, group, rule(IN_SPAIN), "added") == [move("cleo", "unknown", ["/rule/nodes/0"])]


def test_a_source_that_is_down_is_told_as_in_any_preview(staff, group, monkeypatch):
    def down(self, context):
        raise SourceUnavailable()

    monkeypatch.setattr(LastLogin, "learner_set", down)
    assert moves(staff, group, rule(IN_SPAIN), "added") == [move("cleo", "unknown", ["/rule/nodes/0"])]
    body = {"scope": scope(), "rule": rule(AWAY), "user_group": str(group.uuid), "difference": {"kind": "added"}}
    answer = staff.post(PREVIEWS, body, format="json")
    assert_problem(answer, 409, "source_unavailable", ("/rule/nodes/0", "source_unavailable"))


def test_a_listed_group_has_no_difference(world, staff):
    mentors = world.manual_group(learners=("ada",))
    assert ask(staff, mentors, rule(AWAY))["difference"] is None
    body = {"scope": scope(), "rule": rule(AWAY), "user_group": str(mentors.uuid), "difference": {"kind": "added"}}
    answer = staff.post(PREVIEWS, body, format="json")
    assert_problem(answer, 400, "validation_failed", ("/difference", "no_members_to_compare"))


def test_the_overlap_with_other_groups(world, staff, group, settings):
    failing = world.criteria_group("Failing", rule(FAILING))
    mentors = world.manual_group("Mentors", learners=("ada", "ben"))
    world.manual_group("Others", learners=("ben",))
    world.manual_group("Empty")
    world.criteria_group("Elsewhere", rule(leaf("last_login", operator="not_exists")), key=ART)
    expected = [
        {"user_group": str(failing.uuid), "name": "Failing", "member_count": 4, "learners": 2},
        {"user_group": str(mentors.uuid), "name": "Mentors", "member_count": 2, "learners": 1},
    ]
    overlap = ask(staff, group, rule(AWAY), overlap=True)["overlap"]
    assert overlap == {"groups": expected, "compared": 3, "left_out": 0}
    settings.OPENEDX_USER_GROUPS_MAX_OVERLAP_GROUPS = 1
    overlap = ask(staff, group, rule(AWAY), overlap=True)["overlap"]
    assert overlap == {"groups": expected[:1], "compared": 1, "left_out": 2}


@pytest.fixture
def collection(world):
    """Who lives in Spain (ada, cleo) and, after them, who is away (ada, dan)."""
    first = world.criteria_group("First", rule(IN_SPAIN))
    second = world.criteria_group("Second", rule(AWAY))
    api.create_collection(
        scope=Scope.course(BIO), name="One", groups=[first.uuid, second.uuid], acting_user=world.users["staff"]
    )
    return first, second


def test_whom_an_earlier_group_of_the_collection_has_does_not_join(world, staff, collection):
    _first, second = collection
    matching = set(Membership.objects.filter(user_group=second).values_list("user__username", flat=True))
    answer = staff.post(PREVIEWS, {"scope": scope(), "rule": rule(AWAY), "user_group": str(second.uuid)}, format="json")
    body = answer.json()
    assert body["count"]["value"] > len(matching)
    assert (body["difference"]["added"], body["difference"]["removed"]) == (0, 0)
    assert (body["difference"]["unchanged"], body["difference"]["elsewhere"]) == (len(matching), 1)


def test_whom_an_earlier_group_of_the_collection_takes_leaves(world, staff, collection):
    first, second = collection
    dan = world.users["dan"]
    assert Membership.objects.filter(user_group=second, user=dan).exists()
    UserProfile.objects.update_or_create(user=dan, defaults={"country": "ES"})
    body = {"scope": scope(), "rule": rule(AWAY), "user_group": str(second.uuid), "difference": {"kind": "removed"}}
    found = staff.post(PREVIEWS, body, format="json").json()["difference"]
    assert (found["added"], found["removed"]) == (0, 1)
    (move,) = found["sample"]["results"]
    assert (move["username"], move["cause"]) == ("dan", "collection")
    assert move["preceding_group"] == {"uuid": str(first.uuid), "name": "First", "collection": "One"}
    api.refresh_now(api.get_user_group(second.uuid), acting_user=world.users["staff"])
    assert Membership.objects.get(user=dan).user_group == first


def test_a_pinned_learner_whom_an_earlier_group_has_is_missed(world, staff, collection):
    first, second = collection
    assert Membership.objects.filter(user_group=first, user__username="ada").exists()
    api.pin_learner(second, "ada", expected=True, acting_user=world.users["staff"])
    answer = staff.post(PREVIEWS, {"scope": scope(), "rule": rule(AWAY), "user_group": str(second.uuid)}, format="json")
    (missed,) = (each for each in answer.json()["warnings"] if each["code"] == "pinned_example_missed")
    assert missed["params"] == {
        "username": "ada",
        "expected": True,
        "preceding_group": "First",
        "collection": "One",
    }
    assert missed["message"] == (
        "ada must be in this user group and matches, but the user group “First” of the collection “One” comes first."
    )


def test_a_pinned_learner_whom_an_earlier_group_has_may_be_expected_out(world, staff, collection):
    """And who does not match is told so, whoever has them."""
    _first, second = collection
    api.pin_learner(second, "ada", expected=False, acting_user=world.users["staff"])
    api.pin_learner(second, "cleo", expected=True, acting_user=world.users["staff"])
    answer = staff.post(PREVIEWS, {"scope": scope(), "rule": rule(AWAY), "user_group": str(second.uuid)}, format="json")
    missed = [each["message"] for each in answer.json()["warnings"] if each["code"] == "pinned_example_missed"]
    assert missed == ["cleo must be in this user group but does not match."]
