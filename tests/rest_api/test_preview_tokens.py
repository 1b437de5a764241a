"""Preview = save: a token gives exactly the learners that were seen, or says who has moved and why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openedx_user_groups.actions import previews, user_groups
from openedx_user_groups.evaluation.preview_places import clean_up
from openedx_user_groups.models import Membership, PreviewJob, Refresh, UserGroup
from sandbox.models import DataClock
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.student.models import CourseEnrollment

from .conftest import ART, AWAY, BIO, FAILING, ROOT, assert_problem, leaf, rule, scope, snapshot

PREVIEWS, GROUPS = f"{ROOT}previews/", f"{ROOT}user_groups/"


@pytest.fixture
def clock(world):
    """The clock of the rules stands still, so that only what a test moves has moved."""
    now = timezone.now()
    DataClock.stop_at(now)
    return now


def token_of(client, definition, key=BIO, **more):
    body = {"scope": scope(key), "rule": definition, "token": True, **more}
    answer = client.post(PREVIEWS, body, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()["token"]


def save(client, definition, token, name="Saved", **more):
    body = {"scope": scope(), "name": name, "rule": definition, "preview_token": token, **more}
    return client.post(GROUPS, body, format="json")


def members(group_uuid):
    return set(Membership.objects.filter(user_group__uuid=group_uuid).values_list("user__username", flat=True))


def moved(response):
    body = assert_problem(response, 409, "preview_moved", ("/preview_token", "preview_moved"))
    return body["violations"][0]["params"]


def test_the_learners_that_were_seen_become_the_members(staff, clock):
    token = token_of(staff, rule(AWAY, FAILING))
    answer = save(staff, rule(AWAY, FAILING), token)
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert (body["state"], body["member_count"]) == ("fresh", 2)
    assert members(body["uuid"]) == {"ada", "dan"}
    run = Refresh.objects.get(user_group__uuid=body["uuid"])
    assert (run.state, run.added_count, run.member_count, run.as_of) == ("succeeded", 2, 2, clock)


def test_only_who_asks_for_a_token_pays_for_it(staff, clock):
    answer = staff.post(PREVIEWS, {"scope": scope(), "rule": rule(AWAY)}, format="json")
    assert answer.json()["token"] is None
    assert not PreviewJob.objects.exists()
    assert token_of(staff, rule(AWAY))
    assert PreviewJob.objects.get().user_slot is None


def once_all_is_evaluated(monkeypatch, action):
    """What others do after everything that is shown has been read, before the token is made."""
    data_used = previews.data_used

    def then_act(evaluation):
        found = data_used(evaluation)
        action()
        return found

    monkeypatch.setattr(previews, "data_used", then_act)


@pytest.mark.parametrize("detail", ["full", "count"])
def test_a_token_stands_for_the_learners_that_were_shown(world, staff, clock, monkeypatch, detail):
    """Ada leaves and ben joins while the preview is made: as many as before, but not the same."""

    def swap():
        CourseEnrollment.objects.filter(user=world.users["ada"], course_id=BIO).update(is_active=False)
        PersistentCourseGrade.objects.filter(user_id=world.users["ben"].pk).update(percent_grade=0.1)

    once_all_is_evaluated(monkeypatch, swap)
    body = {"scope": scope(), "rule": rule(FAILING), "token": True, "detail": detail}
    found = staff.post(PREVIEWS, body, format="json").json()
    names = [learner["username"] for learner in found["sample"]["results"]]
    assert (found["count"]["value"], names) == (4, ["ada", "cleo", "dan", "eve"])
    params = moved(save(staff, rule(FAILING), found["token"]))
    assert params["added"]["learners"] == [{"username": "ben", "reason": "data"}]
    assert params["removed"]["learners"] == [{"username": "ada", "reason": "data"}]


def test_the_rule_is_evaluated_once_for_answer_and_token(staff, clock):
    for detail in ("full", "count"):
        body = {"scope": scope(), "rule": rule(FAILING), "token": True, "detail": detail}
        with CaptureQueriesContext(connection) as captured:
            assert staff.post(PREVIEWS, body, format="json").json()["token"]
        assert sum("grades_persistentcoursegrade" in query["sql"] for query in captured) == 1


def test_who_moved_because_data_moved(world, staff, clock):
    token = token_of(staff, rule(FAILING))  # ada, cleo, dan, eve
    PersistentCourseGrade.objects.filter(user_id=world.users["ada"].pk).update(percent_grade=0.9)
    PersistentCourseGrade.objects.filter(user_id=world.users["ben"].pk).update(percent_grade=0.1)
    CourseEnrollment.objects.filter(user=world.users["eve"]).update(is_active=False)
    before = snapshot()
    params = moved(save(staff, rule(FAILING), token))
    assert params["added"] == {"count": 1, "learners": [{"username": "ben", "reason": "data"}]}
    assert params["removed"]["count"] == 2
    assert sorted(params["removed"]["learners"], key=lambda learner: learner["username"]) == [
        {"username": "ada", "reason": "data"},
        {"username": "eve", "reason": "data"},
    ]
    assert (params["reasons"], params["contract_changed"]) == ({"data": 3, "time": 0}, False)
    assert snapshot() == before
    assert save(staff, rule(FAILING), token_of(staff, rule(FAILING))).status_code == 201
    assert members(UserGroup.objects.get().uuid) == {"ben", "cleo", "dan"}


def test_who_moved_because_time_passed(world, staff, clock):
    token = token_of(staff, rule(AWAY))  # ada, dan
    DataClock.stop_at(clock + timedelta(days=6))  # ben: 5 days, now 11.
    world.users["dan"].last_login = clock
    world.users["dan"].save()
    params = moved(save(staff, rule(AWAY), token))
    assert params["added"] == {"count": 1, "learners": [{"username": "ben", "reason": "time"}]}
    assert params["removed"] == {"count": 1, "learners": [{"username": "dan", "reason": "data"}]}
    assert params["reasons"] == {"data": 1, "time": 1}


def test_who_moved_since_a_preview_of_the_past(staff, clock):
    """Ben signed in five days ago, in the last ten; his logins before are not known."""
    lately = rule(leaf("last_login", operator="<=", days=10))
    token = token_of(staff, lately, as_of=(clock - timedelta(days=15)).isoformat())  # ben, eve
    DataClock.stop_at(clock + timedelta(days=6))
    params = moved(save(staff, lately, token))
    assert params["removed"] == {"count": 1, "learners": [{"username": "ben", "reason": "time"}]}
    assert params["reasons"] == {"data": 0, "time": 1}


def test_a_contract_that_changed_is_said(world, staff, clock, settings):
    token = token_of(staff, rule(FAILING))
    PersistentCourseGrade.objects.filter(user_id=world.users["ada"].pk).update(percent_grade=0.9)
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 7
    assert moved(save(staff, rule(FAILING), token))["contract_changed"] is True


def test_no_more_learners_are_named_than_allowed(world, staff, clock, settings):
    settings.OPENEDX_USER_GROUPS_MAX_MOVED_LEARNERS = 1
    token = token_of(staff, rule(FAILING))
    CourseEnrollment.objects.filter(course_id=BIO).update(is_active=False)
    removed = moved(save(staff, rule(FAILING), token))["removed"]
    assert (removed["count"], removed["learners"]) == (4, [{"username": "ada", "reason": "data"}])


def test_a_token_is_of_one_rule_scope_and_person(world, staff, clock):
    token, admin = token_of(staff, rule(AWAY)), world.client("admin")
    wrong = ("/preview_token", "other_preview")
    assert_problem(save(staff, rule(FAILING), token), 400, "validation_failed", wrong)
    assert_problem(save(admin, rule(AWAY), token), 400, "validation_failed", wrong)
    in_art = token_of(admin, rule(AWAY), key=ART)
    assert_problem(save(admin, rule(AWAY), in_art), 400, "validation_failed", wrong)
    tampered = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    assert_problem(save(staff, rule(AWAY), tampered), 400, "validation_failed", ("/preview_token", "invalid_token"))
    assert not UserGroup.objects.exists()


def test_expired(staff, clock, settings):
    token = token_of(staff, rule(AWAY))
    PreviewJob.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    clean_up()
    assert not PreviewJob.objects.exists()
    assert_problem(save(staff, rule(AWAY), token), 409, "preview_expired")
    settings.OPENEDX_USER_GROUPS_PREVIEW_TOKEN_SECONDS = -1
    assert_problem(save(staff, rule(AWAY), token_of(staff, rule(AWAY))), 409, "preview_expired")


def test_too_many_learners_for_a_token(staff, clock, settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_TOKEN_MAX_BYTES = 5
    assert token_of(staff, rule(AWAY)) is None
    assert not PreviewJob.objects.exists()


def test_saving_a_group_that_is_edited(world, staff, clock):
    group = world.criteria_group()
    token = token_of(staff, rule(FAILING), user_group=str(group.uuid))
    change = {"rule": rule(FAILING), "rule_version": 1, "preview_token": token}
    PersistentCourseGrade.objects.filter(user_id=world.users["ada"].pk).update(percent_grade=0.9)
    before = snapshot()
    params = moved(staff.patch(f"{GROUPS}{group.uuid}/", change, format="json"))
    assert params["removed"] == {"count": 1, "learners": [{"username": "ada", "reason": "data"}]}
    assert snapshot() == before
    change["preview_token"] = token_of(staff, rule(FAILING), user_group=str(group.uuid))
    answer = staff.patch(f"{GROUPS}{group.uuid}/", change, format="json")
    assert (answer.status_code, answer.json()["rule_version"], answer.json()["state"]) == (200, 2, "fresh")
    assert members(group.uuid) == {"cleo", "dan", "eve"}
    # The rule stays, the members are brought up to what was seen.
    world.users["eve"].delete()
    again = {"preview_token": token_of(staff, rule(FAILING))}
    assert staff.patch(f"{GROUPS}{group.uuid}/", again, format="json").status_code == 200
    assert members(group.uuid) == {"cleo", "dan"}
    assert Refresh.objects.filter(user_group=group).count() == 3


def test_where_a_token_has_no_place(world, staff, clock):
    token = token_of(staff, rule(AWAY))
    manual = world.manual_group()
    answer = staff.patch(f"{GROUPS}{manual.uuid}/", {"preview_token": token}, format="json")
    assert_problem(answer, 400, "validation_failed", ("/preview_token", "rule_not_allowed"))
    assert_problem(save(staff, rule(AWAY), token, is_enabled=False), 409, "not_refreshable")


def test_a_rule_with_listed_learners_is_the_same_rule(staff, clock):
    listed = rule(leaf("learner_list", operator="in", learners=["ada", "ben"]))
    assert save(staff, listed, token_of(staff, listed)).json()["member_count"] == 2


def test_a_held_group_that_is_saved_as_seen_is_scheduled_again(world, staff, clock):
    group = world.criteria_group("Held", rule(AWAY, FAILING))
    UserGroup.objects.filter(pk=group.pk).update(state="held", next_refresh_at=None)
    change = {"preview_token": token_of(staff, rule(AWAY, FAILING), user_group=str(group.uuid))}
    assert staff.patch(f"{GROUPS}{group.uuid}/", change, format="json").json()["state"] == "fresh"
    group.refresh_from_db()
    assert group.next_refresh_at is not None


def test_the_scope_is_held_before_the_learners_are_verified(staff, clock, monkeypatch):
    """An event that is answered for before the new group exists would concern nobody."""
    token, order = token_of(staff, rule(AWAY, FAILING)), []
    for name in ("lock_scope", "verify"):
        real = getattr(user_groups, name)
        monkeypatch.setattr(user_groups, name, lambda *args, name=name, real=real: [order.append(name), real(*args)][1])
    assert save(staff, rule(AWAY, FAILING), token).status_code == 201
    assert order == ["lock_scope", "verify"]


def test_in_an_exclusive_collection_there_are_no_tokens(world, staff, clock):
    first, second = world.criteria_group("First", rule(FAILING)), world.criteria_group("Second", rule(AWAY))
    token = token_of(staff, rule(AWAY), user_group=str(second.uuid))
    groups = [str(first.uuid), str(second.uuid)]
    body = {"scope": scope(), "name": "One", "groups": groups}
    assert staff.post(f"{ROOT}collections/", body, format="json").status_code == 201
    before = snapshot()
    answer = staff.patch(f"{GROUPS}{second.uuid}/", {"preview_token": token}, format="json")
    assert_problem(answer, 400, "validation_failed", ("/preview_token", "other_preview"))
    assert snapshot() == before
    assert token_of(staff, rule(AWAY), user_group=str(second.uuid)) is None
