"""Explanations on the small world: values, distances, instants and sentences; and what is not told to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import translation
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.criteria.courses import CourseChoices
from openedx_user_groups.contrib.lms.criteria.learner_list import LearnerList
from openedx_user_groups.contrib.lms.models import CourseGrade, LastLogin
from openedx_user_groups.criteria.facts import Fact
from openedx_user_groups.criteria.operands import DaysAgo, Threshold, fraction
from openedx_user_groups.criteria.operators import operators
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.sets import IdSet
from sandbox.platform.course_groups.models import CohortMembership, CourseCohortsSettings, CourseUserGroup
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.student.models import CourseEnrollment

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
    rule,
    scope,
    snapshot,
)

EXPLANATIONS = f"{ROOT}explanations/"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def clock() -> datetime:
    """The site's clock in these tests."""
    return NOW


@pytest.fixture(autouse=True)
def at_noon(settings, world):
    """A clock that stands still, so that values and instants are exact."""
    settings.OPENEDX_USER_GROUPS_CLOCK = "tests.rest_api.test_explanations.clock"
    for name, days in (("ada", 20), ("ben", 5), ("dan", 30), ("eve", 1), ("fay", 20)):
        User.objects.filter(username=name).update(last_login=NOW - timedelta(days=days))
    PersistentCourseGrade.objects.update(modified=NOW - timedelta(days=2))


def request(definition=None, learner="ada", **more):
    body = {"scope": scope(), "learner": learner, **more}
    return body if definition is None else {**body, "rule": definition}


def explained(client, *args, **more):
    answer = client.post(EXPLANATIONS, request(*args, **more), format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_why_somebody_is_in(staff):
    before = snapshot()
    body = explained(staff, rule(AWAY, FAILING))
    assert snapshot() == before
    assert body == {
        "as_of": "2026-03-10T12:00:00Z",
        "username": "ada",
        "outside": None,
        "matches": True,
        "sentence": "ada matches this rule.",
        "next_change": None,
        "next_change_known": True,
        "preceding_group": None,
        "nodes": [
            {
                "pointer": "/rule",
                "matches": True,
                "sentence": "2 of 2 parts match. All must match. It matches.",
                "criterion": None,
            },
            {
                "pointer": "/rule/nodes/0",
                "matches": True,
                "sentence": "Last login: 20 days ago, on Feb. 18, 2026, noon UTC. "
                "This matches “more than 10 days ago”. "
                "That is 10 days above the limit of 10 days.",
                "criterion": {
                    "type": "last_login",
                    "label": "Last login",
                    "operator": ">",
                    "values": [
                        {
                            "value": 20.0,
                            "unit": "days",
                            "text": "20 days ago, on Feb. 18, 2026, noon UTC",
                            "recorded": None,
                            "age_days": None,
                        }
                    ],
                    "value_count": 1,
                    "tells_values": True,
                    "counts_as": None,
                    "distance": {
                        "threshold": {
                            "value": 10.0,
                            "unit": "days",
                            "text": "10 days ago, on Feb. 28, 2026, noon UTC",
                        },
                        "difference": 10.0,
                        "unit": "days",
                    },
                    "uses": "as_of",
                    "next_change": None,
                    "includes_missing": False,
                },
            },
            {
                "pointer": "/rule/nodes/1",
                "matches": True,
                "sentence": "Course grade: 30 %. This matches “is less than 40 %”. "
                "That is 10 % below the limit of 40 %. The value was recorded on March 8, 2026, noon UTC.",
                "criterion": {
                    "type": "course_grade",
                    "label": "Course grade",
                    "operator": "<",
                    "values": [
                        {
                            "value": 30.0,
                            "unit": "%",
                            "text": "30 %",
                            "recorded": "2026-03-08T12:00:00Z",
                            "age_days": 2.0,
                        }
                    ],
                    "value_count": 1,
                    "tells_values": True,
                    "counts_as": None,
                    "distance": {
                        "threshold": {"value": 40.0, "unit": "%", "text": "40 %"},
                        "difference": -10.0,
                        "unit": "%",
                    },
                    "uses": "current_data",
                    "next_change": None,
                    "includes_missing": False,
                },
            },
        ],
    }


def test_why_somebody_is_out_and_when_that_changes(staff):
    """ben signed in 5 days ago: in 5 days that is exactly 10, and a moment later more."""
    body = explained(staff, rule(AWAY, leaf("course_grade", operator=">=", percent=72.5)), learner="ben@EXAMPLE.com")
    assert (body["username"], body["matches"], body["next_change"]) == ("ben", False, "2026-03-15T12:00:00Z")
    assert body["sentence"] == (
        "ben does not match this rule. If nothing else changes, the answer changes on March 15, 2026, noon UTC."
    )
    _root, away, passing = body["nodes"]
    assert [away["matches"], passing["matches"]] == [False, True]
    assert away["criterion"]["next_change"] == "2026-03-15T12:00:00Z"
    assert away["criterion"]["distance"]["difference"] == -5.0
    assert passing["criterion"]["distance"]["difference"] == 7.5
    for seconds, matches in ((-1, False), (1, True)):
        at = NOW + timedelta(days=5, seconds=seconds)
        assert explained(staff, rule(AWAY), learner="ben", as_of=at.isoformat())["matches"] is matches


def test_a_missing_value_and_what_it_counts_as(staff):
    body = explained(staff, rule(AWAY, FAILING, IN_SPAIN), learner="cleo")
    away, failing, spain = (node["criterion"] for node in body["nodes"][1:])
    assert (away["values"], away["distance"], away["counts_as"]) == ([], None, None)
    assert failing["counts_as"] == {"value": 0.0, "unit": "%", "text": "0 %"}
    assert failing["distance"]["difference"] == -40.0
    assert spain["values"][0] | {"recorded": None} == {
        "value": "ES",
        "unit": None,
        "text": "Spain",
        "recorded": None,
        "age_days": None,
    }
    assert [node["sentence"] for node in body["nodes"][1:]] == [
        "Last login: no value. This does not match “more than 10 days ago”.",
        "Course grade: no value, which counts as 0 %. This matches “is less than 40 %”. "
        "That is 40 % below the limit of 40 %.",
        "Country: Spain. This matches “is one of Spain”.",
    ]


def test_nested_and_negated_nodes(staff):
    body = explained(staff, rule(FAILING, {"kind": "rule", **rule(AWAY, IN_SPAIN, combine="any", negated=True)}))
    assert [(node["pointer"], node["matches"]) for node in body["nodes"]] == [
        ("/rule", False),
        ("/rule/nodes/0", True),
        ("/rule/nodes/1", False),
        ("/rule/nodes/1/nodes/0", True),
        ("/rule/nodes/1/nodes/1", True),
    ]
    assert body["nodes"][2]["sentence"] == (
        "2 of 2 parts match. One is enough. This part is negated: it matches everybody else. It does not match."
    )


def test_calendar_dates_ranges_and_codes(staff, settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 9
    CourseCohortsSettings.objects.create(course_id=BIO, is_cohorted=True)
    cohort = CourseUserGroup.objects.create(name="Blue", course_id=BIO, group_type="cohort")
    ada = User.objects.get(username="ada")
    CohortMembership.objects.create(course_user_group=cohort, user=ada, course_id=BIO)
    body = explained(
        staff,
        rule(
            leaf("last_login", operator="<", date="2026-02-01"),
            leaf("course_grade", operator="between", percent={"from": 29, "to": 60}),
            leaf("cohort", operator="in", cohorts=[str(cohort.pk)]),
            leaf("learner_list", operator="not_in", learners=["ada"]),
            leaf("email_domain", operator="in", domains=["example.com"]),
            combine="any",
        ),
    )
    date, grade, blue, listed, domain = (node["criterion"] for node in body["nodes"][1:])
    assert date["distance"] == {
        "threshold": {"value": "2026-02-01T00:00:00+00:00", "unit": None, "text": "Feb. 1, 2026, midnight UTC"},
        "difference": 17.5,
        "unit": "days",
    }
    assert date["uses"] == "current_data"
    assert grade["distance"]["threshold"]["value"] == 29.0
    assert grade["distance"]["difference"] == 1.0
    assert [value["text"] for value in blue["values"]] == ["Blue"]
    assert listed["values"] == [{"value": "ada", "unit": None, "text": "ada", "recorded": None, "age_days": None}]
    assert [value["value"] for value in domain["values"]] == ["example.com"]  # Not the address.
    assert str(ada.pk) not in {str(value["value"]) for value in listed["values"]}


@pytest.mark.parametrize(
    ("learner", "outside"),
    [("fay", "inactive_enrollment"), ("fay@example.com", "inactive_enrollment"), ("learner", "not_enrolled")],
)
def test_somebody_who_is_no_learner_here(staff, learner, outside):
    """Of fay, who has left, and of a learner of another course nothing is told: no name, no value."""
    body = explained(staff, rule(AWAY, FAILING, negated=True), learner=learner)
    assert body.pop("sentence")
    assert body == {
        "as_of": "2026-03-10T12:00:00Z",
        "username": None,
        "outside": outside,
        "matches": False,
        "nodes": [],
        "next_change": None,
        "next_change_known": True,
        "preceding_group": None,
    }


def test_retired_and_inactive_accounts(world):
    admin = world.client("admin")
    retired = User.objects.create(username="retired__user_1", email="r@example.com")
    User.objects.create(username="asleep", is_active=False)
    body = {"scope": {"type": "instance", "key": INSTANCE.key}, "rule": rule(AWAY)}
    for learner, outside in (("retired__user_1", "retired_account"), ("asleep", "inactive_account")):
        answer = admin.post(EXPLANATIONS, body | {"learner": learner}, format="json").json()
        assert answer["outside"] == outside
    # In a course, a retired account that never was there is as unknown as any other.
    assert explained(admin, rule(AWAY), learner="retired__user_1")["outside"] == "not_enrolled"
    CourseEnrollment.objects.create(user=retired, course_id=BIO)
    assert explained(admin, rule(AWAY), learner="retired__user_1")["outside"] == "retired_account"


def test_an_unknown_learner(staff):
    answer = staff.post(EXPLANATIONS, request(rule(AWAY), learner="nobody"), format="json")
    assert_problem(answer, 400, "validation_failed", ("/learner", "unknown_learner"))


def test_an_address_of_somebody_elsewhere_is_as_unknown_as_any_other(world):
    """Otherwise staff of a course could ask which addresses have an account on the site."""
    User.objects.filter(username="learner").update(email="learner@example.com")
    body = {"rule": rule(AWAY), "scope": scope()}
    answers = [
        world.client("staff").post(EXPLANATIONS, {**body, "learner": address}, format="json")
        for address in ("learner@example.com", "nobody99@example.com")
    ]
    for answer in answers:
        assert_problem(answer, 400, "validation_failed", ("/learner", "unknown_learner"))
    known, unknown = (answer.content.decode() for answer in answers)
    assert known.replace("learner@example.com", "nobody99@example.com") == unknown
    # Where the scope is the site, they are known anyway; by user name, everywhere.
    body["scope"] = {"type": "instance", "key": INSTANCE.key}
    answer = world.client("admin").post(EXPLANATIONS, {**body, "learner": "learner@example.com"}, format="json")
    assert answer.json()["username"] == "learner"


def test_a_saved_group_and_its_edited_rule(world, staff):
    group = world.criteria_group()
    body = explained(staff, user_group=str(group.uuid))
    assert [node["pointer"] for node in body["nodes"]] == ["/rule", "/rule/nodes/0"]
    saved = staff.get(f"{ROOT}user_groups/{group.uuid}/").json()["rule"]
    assert explained(staff, {**saved, "negated": True}, user_group=str(group.uuid))["matches"] is False
    manual = world.manual_group()
    answer = staff.post(EXPLANATIONS, request(user_group=str(manual.uuid)), format="json")
    assert_problem(answer, 409, "wrong_membership_source")


def test_somebody_who_matches_is_told_of_the_group_that_comes_first(world, staff):
    """ada is away and lives in Spain, dan is away only, cleo lives in Spain only."""
    first, second = world.criteria_group("First", rule(IN_SPAIN)), world.criteria_group("Second", rule(AWAY))
    api.create_collection(
        scope=Scope.course(BIO), name="One", groups=[first.uuid, second.uuid], acting_user=world.users["staff"]
    )
    first_on_the_wire = {"uuid": str(first.uuid), "name": "First", "collection": "One"}
    before = snapshot()
    told = {
        (group.name, learner): explained(staff, user_group=str(group.uuid), learner=learner)
        for group in (first, second)
        for learner in ("ada", "cleo", "dan")
    }
    assert snapshot() == before
    assert {key: body["preceding_group"] for key, body in told.items() if body["matches"]} == {
        ("First", "ada"): None,
        ("First", "cleo"): None,
        ("Second", "ada"): first_on_the_wire,
        ("Second", "dan"): None,
    }
    assert told["Second", "ada"]["sentence"] == (
        "ada matches this rule, but the user group “First” of the collection “One” comes first."
    )
    assert told["Second", "dan"]["sentence"] == "dan matches this rule."
    for days in (-1, 1):
        at = (NOW + timedelta(days=days)).isoformat()
        body = explained(staff, user_group=str(second.uuid), as_of=at)
        assert (body["matches"], body["preceding_group"]) == (True, first_on_the_wire)
    # Another group, or no group at all, is another question; an edited rule of this group is not.
    assert explained(staff, rule(AWAY))["preceding_group"] is None
    assert explained(staff, rule(FAILING), user_group=str(second.uuid))["preceding_group"] == first_on_the_wire


def test_who_may_ask(world):
    for name, status in (("anonymous", 401), ("learner", 403), ("other_staff", 403), ("org_staff", 200)):
        answer = world.client(name).post(EXPLANATIONS, request(rule(AWAY)), format="json")
        assert answer.status_code == status, name
    hidden = world.criteria_group(key=LAW)
    answer = world.client("staff").post(EXPLANATIONS, request(user_group=str(hidden.uuid)), format="json")
    assert_problem(answer, 400, "validation_failed", ("/user_group", "unknown_user_group"))
    other = world.criteria_group(key=ART)
    answer = world.client("admin").post(EXPLANATIONS, request(user_group=str(other.uuid)), format="json")
    assert_problem(answer, 400, "validation_failed", ("/user_group", "other_scope"))


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"learner": ""}, ("/learner", "missing_field")),
        ({"learner": 7}, ("/learner", "wrong_type")),
        ({"learner": "x" * 255}, ("/learner", "max_length")),
        ({"as_of": "tomorrow"}, ("/as_of", "wrong_type")),
        ({"as_of": "2026-03-10T12:00:00"}, ("/as_of", "wrong_type")),
        ({"as_of": "2026-02-30T12:00:00Z"}, ("/as_of", "wrong_type")),
        ({"as_of": 1}, ("/as_of", "wrong_type")),
        ({"as_of": "2026-06-08T12:00:01Z"}, ("/as_of", "as_of_out_of_range")),
        ({"as_of": "2025-12-10T11:59:59Z"}, ("/as_of", "as_of_out_of_range")),
        ({"as_of": "0001-01-01T00:00:00+23:59"}, ("/as_of", "wrong_type")),
        ({"values": True}, ("/values", "unknown_field")),
    ],
)
def test_bad_requests(staff, more, place):
    answer = staff.post(EXPLANATIONS, {**request(rule(AWAY)), **more}, format="json")
    assert_problem(answer, 400, "validation_failed", place)


def test_a_request_without_a_rule(staff):
    answer = staff.post(EXPLANATIONS, request(), format="json")
    assert_problem(answer, 400, "validation_failed", ("/rule", "missing_field"))


def test_a_rule_without_an_answer(staff, monkeypatch):
    def down(self, context):
        raise SourceUnavailable()

    monkeypatch.setattr(LastLogin, "learner_set", down)
    answer = staff.post(EXPLANATIONS, request(rule(IN_SPAIN, AWAY, combine="any")), format="json")
    assert_problem(answer, 409, "source_unavailable", ("/rule/nodes/1", "source_unavailable"))


def test_a_type_with_a_set_of_its_own(staff, monkeypatch):
    """No fact, no value: the answer with a sentence. Here the type even says that its answer changes with time."""
    ada = User.objects.get(username="ada").pk
    monkeypatch.setattr(LearnerList, "fact", lambda self, context: None)
    monkeypatch.setattr(LearnerList, "learner_set", lambda self, context: IdSet([ada]))
    monkeypatch.setattr(LearnerList, "time_sensitive", True)
    definition = rule(leaf("learner_list", operator="in", learners=["ada"]))
    body = explained(staff, definition)
    criterion = body["nodes"][1]["criterion"]
    assert (body["matches"], body["next_change"], body["next_change_known"]) == (True, None, False)
    assert (criterion["tells_values"], criterion["values"], criterion["uses"]) == (False, [], "as_of")
    assert body["nodes"][1]["sentence"] == "“Learner is one of ada” holds."
    assert (
        explained(staff, definition, learner="ben")["nodes"][1]["sentence"] == "“Learner is one of ada” does not hold."
    )


def test_sentences_are_in_the_language_of_the_request(staff, monkeypatch):
    def german(self, message):
        return {"%(learner)s matches this rule.": "%(learner)s erfüllt diese Regel."}.get(message, message)

    from django.utils.translation import trans_real

    monkeypatch.setattr(trans_real.DjangoTranslation, "gettext", german)
    with translation.override("de"):
        body = explained(staff, rule(FAILING))
    assert body["sentence"] == "ada erfüllt diese Regel."


def test_the_number_of_queries_does_not_depend_on_the_criteria_of_one_fact(staff, settings):
    """Nor on the codes that are listed: their labels are asked for once."""
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 9
    CourseCohortsSettings.objects.create(course_id=BIO, is_cohorted=True)
    cohorts = [str(CourseUserGroup.objects.create(name=name, course_id=BIO).pk) for name in "abc"]
    for number in (1, 3):
        nodes = [leaf("last_login", operator=">", days=10 + days) for days in range(number)]
        nodes += [leaf("course_grade", operator="<", percent=percent) for percent in range(50, 50 + number)]
        nodes += [leaf("cohort", operator="in", cohorts=cohorts[index:]) for index in range(number)]
        body = request(rule(*nodes, combine="any"))
        staff.post(EXPLANATIONS, body, format="json")
        # What else a cohort costs is that its codes are checked, once a criterion, as when a rule is saved.
        with asserted_queries(QUERIES + number):
            assert staff.post(EXPLANATIONS, body, format="json").status_code == 200


#: Session, account, roles, how the course is written; the learner's account, whether enrolled; three facts; labels of
#: cohorts; the user name.
QUERIES = 11


def test_of_the_past_what_is_overwritten_says_what_it_is_now(staff):
    """Eight days ago ben had not signed in five days ago; when he had before, nobody knows."""
    then = (NOW - timedelta(days=8)).isoformat()
    past, now = (explained(staff, rule(AWAY), learner="ben", **more) for more in ({"as_of": then}, {}))
    assert past["as_of"] == "2026-03-02T12:00:00Z"
    assert past["nodes"][1]["criterion"].pop("uses") == "current_data"
    assert now["nodes"][1]["criterion"].pop("uses") == "as_of"
    assert {**past, "as_of": now["as_of"]} == now


def test_a_fact_that_fails_is_named(staff, monkeypatch):
    def fail(*args):
        raise ZeroDivisionError

    monkeypatch.setattr(Fact, "dated_values_of", fail)
    answer = staff.post(EXPLANATIONS, request(rule(AWAY, FAILING)), format="json")
    assert_problem(answer, 409, "criterion_failed", ("/rule/nodes/0", "criterion_failed"))


def test_only_the_courses_that_the_rule_names_are_told(staff, world):
    CourseEnrollment.objects.get_or_create(user=world.users["ada"], course_id=CourseKey.from_string(LAW))
    both = rule(
        leaf("course_enrollment", operator="in", courses=[BIO]),
        leaf("course_completion", operator="not_in", courses=[ART]),
    )
    PersistentCourseGrade.objects.create(
        user_id=world.users["ada"].pk, course_id=CourseKey.from_string(LAW), percent_grade=1.0, passed_timestamp=NOW
    )
    body = explained(staff, both)
    enrolled, completed = (node["criterion"] for node in body["nodes"][1:])
    assert ([value["value"] for value in enrolled["values"]], enrolled["value_count"]) == ([BIO], 1)
    assert (completed["values"], completed["value_count"], completed["tells_values"]) == ([], 0, False)
    assert "LAW" not in str(body)


def test_a_type_that_cannot_show_its_values_is_named(staff, monkeypatch):
    def fail(*args):
        raise RuntimeError

    monkeypatch.setattr(Threshold, "shown", fail)
    answer = staff.post(EXPLANATIONS, request(rule(AWAY, FAILING)), format="json")
    assert_problem(answer, 409, "criterion_failed", ("/rule/nodes/1", "criterion_failed"))


def test_a_type_whose_choices_fail_is_named(world, staff, monkeypatch):
    def fail(*args):
        raise RuntimeError

    group = world.criteria_group("B", rule(AWAY, leaf("course_enrollment", operator="in", courses=[BIO])))
    monkeypatch.setattr(CourseChoices, "resolve", fail)
    answer = staff.post(EXPLANATIONS, request(user_group=str(group.uuid)), format="json")
    assert_problem(answer, 409, "criterion_failed", ("/rule/nodes/1", "criterion_failed"))


def test_a_type_that_fails_for_a_later_instant_is_named(staff, monkeypatch):
    """When the answer changes is asked of the type too."""
    test = LastLogin.value_test

    def fail_later(self, context):
        if context.as_of > NOW:
            raise RuntimeError
        return test(self, context)

    monkeypatch.setattr(LastLogin, "value_test", fail_later)
    answer = staff.post(EXPLANATIONS, request(rule(FAILING, AWAY), learner="eve"), format="json")
    assert_problem(answer, 409, "criterion_failed", ("/rule/nodes/1", "criterion_failed"))


def grade_of_ada(share):
    PersistentCourseGrade.objects.filter(user_id=User.objects.get(username="ada").pk).update(percent_grade=share)


@pytest.mark.parametrize(
    ("operator", "percent", "share", "matches", "where"),
    [
        ("<", 40, 0.39999999999999997, True, "less than 0.01 % below"),
        (">", 40, 0.4000000000000001, True, "less than 0.01 % above"),
        ("<", 40, 0.4, False, "exactly"),
        ("<=", 33.33, 0.3333, True, "exactly"),
        ("<", 40, 0.39996, True, "less than 0.01 % below"),
        ("<", 40, 0.3999, True, "0.01 % below"),
    ],
)
def test_a_grade_beside_the_limit_is_not_at_it(staff, operator, percent, share, matches, where):
    grade_of_ada(share)
    node = explained(staff, rule(leaf("course_grade", operator=operator, percent=percent)))["nodes"][1]
    assert node["matches"] is matches
    assert f"That is {where} the limit of {percent} %." in node["sentence"]
    # What stands beside the sentence is the real difference, as far as a float can tell it.
    assert node["criterion"]["distance"]["difference"] == pytest.approx((share - percent / 100) * 100, abs=2e-14)


@pytest.mark.parametrize("share", [0.3999, 0.4001])
def test_a_type_that_rounds_its_values_has_a_limit_too(staff, monkeypatch, share):
    whole = Threshold("percent", convert=fraction, restore=lambda value: round(value * 100))
    monkeypatch.setattr(CourseGrade, "operands", (whole,))
    grade_of_ada(share)
    side = "below" if share < 0.4 else "above"
    sentence = explained(staff, rule(FAILING))["nodes"][1]["sentence"]
    assert f"That is less than 0.01 % {side} the limit of 40 %." in sentence


@pytest.mark.parametrize(
    ("seconds", "matches", "where"),
    [
        (0.5, True, "less than 1 minute above"),
        (60, True, "1 minute above"),
        (59 * 60, True, "59 minutes above"),
        (3600, True, "1 hour above"),
        (90 * 60, True, "1.5 hours above"),
        (24 * 3600, True, "1 day above"),
        (0, False, "exactly"),
        (-60, False, "1 minute below"),
        (-36 * 3600, False, "1.5 days below"),
    ],
)
def test_a_minute_beside_the_limit_is_not_at_it(staff, seconds, matches, where):
    User.objects.filter(username="ada").update(last_login=NOW - timedelta(days=10, seconds=seconds))
    node = explained(staff, rule(AWAY))["nodes"][1]
    assert node["matches"] is matches
    assert f"That is {where} the limit of 10 days." in node["sentence"]


def test_that_learners_without_a_value_are_included_is_said(staff):
    """dan gives no country, cleo never signed in, and nobody has signed in in the future yet."""
    never = leaf("last_login", operator=">", days=10, include_never=True)
    elsewhere = leaf("country", operator="not_in", countries=["ES"])
    User.objects.filter(username="eve").update(last_login=NOW + timedelta(days=1))
    for learner, criterion, ending in (
        ("dan", elsewhere, "no value. This matches “is none of Spain”. Learners without a value are included."),
        ("cleo", never, "(include learners who never did)”. Learners without a value are included."),
        ("eve", never, "(include learners who never did)”. That counts as no value, and learners without a value are"),
    ):
        node = explained(staff, rule(criterion), learner=learner)["nodes"][1]
        assert ending in node["sentence"]
        assert (node["matches"], node["criterion"]["includes_missing"]) == (True, True)
    for learner, criterion in (
        ("ada", never),  # Has a value.
        ("dan", IN_SPAIN),  # Does not match.
        ("dan", leaf("country", operator="not_exists")),  # Says so itself,
        ("cleo", FAILING),  # as does a value that stands in.
        ("cleo", leaf("course_enrollment", operator="not_in", courses=[LAW])),  # Whether there are others is not told.
    ):
        node = explained(staff, rule(criterion), learner=learner)["nodes"][1]
        assert "without a value" not in node["sentence"]
        assert node["criterion"]["includes_missing"] is False


def test_options_that_decide_are_said(staff):
    never = leaf("last_login", operator=">", days=10, include_never=True)
    assert (
        "more than 10 days ago (include learners who never did)"
        in explained(staff, rule(never))["nodes"][1]["sentence"]
    )
    some = {"blocks": ["block-v1:DemoX+BIO+2026+type@html+block@one"], "quantifier": "any"}
    sentence = explained(staff, rule(leaf("completed_block", operator="exists", **some)))["nodes"][1]["sentence"]
    assert "how many: at least one" in sentence
    every = explained(staff, rule(leaf("completed_block", operator="exists", **some | {"quantifier": "all"})))
    assert "how many" not in every["nodes"][1]["sentence"]  # The default.


def test_an_option_of_any_kind_is_said_with_its_value(staff, monkeypatch):
    monkeypatch.setattr(LastLogin, "operands", (DaysAgo("days"),))
    monkeypatch.setattr(LastLogin, "operators", operators(">", "days", options=("date",)))
    body = explained(staff, rule(leaf("last_login", operator=">", days=10, date="2026-01-31")))
    assert "“more than 10 days ago (date: Jan. 31, 2026)”" in body["nodes"][1]["sentence"]
