"""Facts with several values: the set that the database finds is the one that Python answers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from openedx_user_groups.contrib.lms.models import LastLogin
from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria.conditions import Interval
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.facts import Fact, ValueTest
from openedx_user_groups.data import PlanKind
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import matching
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.testing.factories import COURSE, EnrollmentFactory, LearnerFactory, criterion, rule
from sandbox.platform.student.models import CourseEnrollment, UserProfile

ELSEWHERE = "course-v1:DemoX+ELSEWHERE+1"
#: The days since each learner enrolled here, and elsewhere.
DAYS = {"long ago": (30, 20), "lately": (3, 2), "again": (30, 2), "before": (3, 20), "nowhere else": (30, None)}


@pytest.fixture
def learners(db) -> datetime:
    """Learners who enrolled long ago, lately, or both; nobody signed in but for one, lately."""
    now = timezone.now()
    for name, days in DAYS.items():
        learner = LearnerFactory(username=name)
        for course, ago in zip((COURSE, ELSEWHERE), days, strict=True):
            if ago is not None:
                row = EnrollmentFactory(user=learner, course=course)
                CourseEnrollment.objects.filter(pk=row.pk).update(created=now - timedelta(days=ago))
    User.objects.filter(username="long ago").update(last_login=now - timedelta(days=1))
    return now


def several_rows() -> Fact:
    return Fact(CourseEnrollment.objects.all(), value="created")


def rows_of_one_course() -> Fact:
    """One value, of which nobody has said so. It is looked at in the very row by which a learner is counted."""
    return Fact(CourseEnrollment.objects.filter(course_id=COURSE.key), value="created")


def two_tables() -> Fact:
    return Fact(User.objects.all(), user="pk", value="last_login").also(
        rows_of_one_course().sources[0].queryset, value="created"
    )


#: Who has done it in the last ten days, or never.
LATELY = {
    several_rows: {"lately", "again", "before"},
    rows_of_one_course: {"lately", "before"},
    two_tables: {"long ago", "lately", "before"},
}


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("make", LATELY)
def test_one_value_that_says_yes_is_enough(learners, monkeypatch, make, negated):
    monkeypatch.setattr(LastLogin, "fact", lambda self, context: make())
    definition = rule(criterion("last_login", operator="<", days=10, include_never=True), negated=negated)
    expected = set(DAYS) - LATELY[make] if negated else LATELY[make]
    ids = IdSet(User.objects.values_list("pk", flat=True))
    for plan in PlanKind:
        evaluation = Evaluation(parse_rule(definition, COURSE), COURSE, learners, plan)
        found = [evaluation.ids(), evaluation.answers().learners(evaluation.rule)]
        found += [matching({"rule": evaluation}, ids, from_facts=way)["rule"] for way in (True, False)]
        for each in found:
            assert set(User.objects.filter(pk__in=list(each)).values_list("username", flat=True)) == expected


def test_a_single_value_costs_no_second_look(db):
    test = ValueTest(Interval(timezone.now(), None), missing=True)
    single = Fact(User.objects.all(), user="pk", value="last_login").learners(test).querysets
    assert [str(queryset.query).count("SELECT") for queryset in single] == [1]
    assert [str(queryset.query).count("SELECT") for queryset in two_tables().learners(test).querysets] == [3, 3]


def test_who_is_known_to_have_a_value():
    """A column of all accounts that is never NULL; no database is asked."""
    accounts = User.objects.all()
    joined = Fact(accounts, user="pk", value="date_joined")
    assert joined.everybody_has_one
    assert Fact(accounts, user="pk", value="last_login").also(accounts, user="id", value="pk").everybody_has_one
    assert not any(
        fact.everybody_has_one
        for fact in (
            Fact(accounts, user="pk", value="last_login"),
            Fact(accounts.exclude(email=""), user="pk", value="date_joined"),
            Fact(accounts.none(), user="pk", value="date_joined"),
            Fact(accounts[:10], user="pk", value="date_joined"),
            Fact(accounts.union(accounts), user="pk", value="date_joined"),
            Fact(accounts.annotate(joined=F("date_joined")), user="pk", value="joined"),
            Fact(lambda: accounts, user="pk", value="date_joined"),
            Fact(CourseEnrollment.objects.all(), value="is_active"),
        )
    )


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("complement", [False, True])
def test_one_text_is_compared_exactly(db, missing, complement):
    texts = {LearnerFactory().pk: text for text in ("app", "APP", "app ", "âpp", "web", "", None)}
    for pk, text in texts.items():
        profile = UserProfile.objects.create(user_id=pk)
        ProfileRow.objects.filter(pk=profile.pk).update(level_of_education=text)
    fact = Fact(ProfileRow.objects.all(), value="level_of_education")
    test = ValueTest(Interval("app", "app"), missing=missing, complement=complement)
    found = fact.learners(test)
    ids = IdSet.union(*(fetch_ids(queryset) for queryset in found.querysets))
    matching = set(texts) - set(ids) if found.complement else set(ids)
    values = fact.values_of(texts)
    assert matching == {pk for pk in texts if test.answer(values.get(pk, ()))}
    assert (
        len(matching) == {(False, False): 1, (True, False): 2, (False, True): 6, (True, True): 5}[missing, complement]
    )
