"""Answers for a few learners: what reading their facts costs, and what a failed read leaves behind."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openedx_user_groups.contrib.lms.criteria.country import Country
from openedx_user_groups.contrib.lms.criteria.course_grade import CourseGrade
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria_api import Fact
from openedx_user_groups.data import PlanKind
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import answer_rules
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, criterion, rule

pytestmark = pytest.mark.django_db

User = get_user_model()
NEVER = rule(criterion("last_login", operator="not_exists"))
NOWHERE = rule(criterion("country", operator="not_exists"))
UNGRADED = rule(criterion("course_grade", operator="not_exists"))


@pytest.fixture
def learner():
    return LearnerFactory(enrolled_in=COURSE, last_login=None)


def answers(learner, *definitions):
    rules = {number: parse_rule(definition, COURSE) for number, definition in enumerate(definitions)}
    return answer_rules(rules, COURSE, timezone.now(), IdSet([learner.pk]))


def unreadable(self, context):
    return Fact(User.objects.extra(where=["no_such_column = 1"]), user="pk", value="email")


def swallows(self, context):
    """A plugin that goes on after an error of the database, which Django forbids."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT no_such_column")
    except DatabaseError:
        pass
    return Fact(User.objects.all(), user="pk", value="email")


def breaks(self, context):
    """The same, and Django knows it."""
    transaction.set_rollback(True)
    return Fact(User.objects.all(), user="pk", value="email")


@pytest.mark.parametrize("facts", [1, 2, 3])
def test_all_reads_share_a_savepoint(learner, facts):
    with CaptureQueriesContext(connection) as captured:
        found = answers(learner, *(NEVER, NOWHERE, UNGRADED)[:facts])
    assert all(found.matching[number] == IdSet([learner.pk]) for number in range(facts))
    said = [query["sql"].split()[0].upper() for query in captured]
    # The universe, then the facts. Only PostgreSQL needs a savepoint to go on after an error.
    before, after = (["SAVEPOINT"], ["RELEASE"]) if connection.vendor == "postgresql" else ([], [])
    assert said == ["SELECT", *before, *["SELECT"] * facts, *after]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_kept(learner):
    with CaptureQueriesContext(connection) as captured:
        assert answers(learner, NEVER, UNGRADED).matching[1] == IdSet([learner.pk])
    assert len(captured) == 3


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0)])
def test_a_failed_read_leaves_the_transaction_to_the_others(learner, order, monkeypatch):
    monkeypatch.setattr(Country, "fact", unreadable)
    definitions = (NOWHERE, NEVER, UNGRADED)
    written = User.objects.filter(pk=learner.pk).update(first_name="Ada")
    found = answers(learner, *(definitions[number] for number in order))
    failing = order.index(0)
    assert (written, set(found.failed)) == (1, {failing})
    assert found.failed[failing].code == "criterion_failed"
    assert set(found.matching) == {0, 1, 2} - {failing}
    assert all(ids == IdSet([learner.pk]) for ids in found.matching.values())
    # What was written before the reads is still there, and more can be.
    assert User.objects.filter(first_name="Ada").update(last_name="Lovelace") == 1


@pytest.mark.parametrize("fault", [swallows, breaks])
def test_a_read_that_hides_its_failure_fails_alone(learner, fault, monkeypatch):
    monkeypatch.setattr(Country, "fact", fault)
    found = answers(learner, NEVER, NOWHERE, UNGRADED)
    assert found.matching[0] == found.matching[2] == IdSet([learner.pk])
    # On the other databases an error of a statement leaves nothing behind that could be seen.
    assert (1 in found.failed) == (fault is breaks or connection.vendor == "postgresql")
    assert User.objects.filter(pk=learner.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_in_a_read_loses_the_transaction_where_the_database_has_undone_it(learner, monkeypatch):
    """MySQL lets go of all locks then: what follows must not be written."""

    def deadlock(self, context):
        raise OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction")

    monkeypatch.setattr(Country, "fact", deadlock)
    with transaction.atomic():
        assert 0 in answers(learner, NOWHERE).failed
        assert transaction.get_rollback() == (connection.vendor == "mysql")
    evaluation = Evaluation(parse_rule(NEVER, COURSE), COURSE, timezone.now(), PlanKind.STATEMENT)
    monkeypatch.setattr(type(evaluation.universe), "learners", lambda self, where=None: deadlock(self, None))
    with transaction.atomic():
        with pytest.raises(Unevaluable):
            evaluation.ids()
        assert transaction.get_rollback() == (connection.vendor == "mysql")


def test_many_questions_of_a_failed_read_cost_no_more_than_one(learner, monkeypatch):
    monkeypatch.setattr(CourseGrade, "fact", unreadable)
    statements = []
    for many in (1, 20):
        graded = [rule(criterion("course_grade", operator=">", percent=number)) for number in range(many)]
        with CaptureQueriesContext(connection) as captured:
            assert len(answers(learner, *graded, NEVER).failed) == many
        statements.append(len(captured))
    assert statements[0] == statements[1]
