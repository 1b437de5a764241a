"""Sources that raise, time out, answer with garbage or are missing: nobody moves, the group says why, and it heals."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.db.models import Case, IntegerField, When
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.criteria.account_age import AccountAge
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria_api import SourceUnavailable, UserIds
from openedx_user_groups.data import GroupState, PlanKind, RefreshState, RefreshTrigger
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import matching
from openedx_user_groups.exceptions import DatabaseBusy
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import leases, retries, runs
from openedx_user_groups.refresh.drain import answer_for
from openedx_user_groups.refresh.models import Slot
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db

#: Any of the leaves may be the one that has no answer, whatever the others say.
OTHER = criterion("last_login", operator="not_exists")
BROKEN = criterion("account_age", operator=">=", days=0)
RULES = {
    "alone": rule(BROKEN),
    "first of any": rule(BROKEN, OTHER, combine="any"),
    "last of any": rule(OTHER, BROKEN, combine="any"),
    "after nobody": rule(criterion("last_login", operator="exists"), BROKEN),
    "below, negated": rule(OTHER, {**rule(BROKEN, negated=True), "kind": "rule"}, combine="any"),
}


def raises(error: Exception):
    def learner_set(self, context):
        raise error

    return learner_set


def returns(value: object):
    return lambda self, context: value


def reads(sql: str):
    """A source that the database refuses to read."""
    return lambda self, context: UserIds((get_user_model().objects.extra(where=[sql]).values_list("pk", flat=True),))


FAULTS = {
    "down": (raises(SourceUnavailable()), "source_unavailable"),
    "raises": (raises(ZeroDivisionError()), "criterion_failed"),
    "times out": (raises(TimeoutError()), "criterion_failed"),
    "nothing": (returns(None), "criterion_failed"),
    "a list": (returns([1, 2]), "criterion_failed"),
    "a text": (returns("everybody"), "criterion_failed"),
    "a wrong column": (reads("no_such_column = 1"), "evaluation_failed"),
    "no queryset": (returns(UserIds(())), "criterion_failed"),
    "another database": (
        returns(UserIds((get_user_model().objects.using("no_such").values_list("pk", flat=True),))),
        "evaluation_failed",
    ),
    "not ids": (returns(UserIds((get_user_model().objects.values_list("username", flat=True),))), "criterion_failed"),
}


@pytest.fixture(params=RULES.values(), ids=RULES.keys())
def group(request) -> UserGroup:
    LearnerFactory.create_batch(2, enrolled_in=COURSE)
    return create_group(COURSE, request.param)


@pytest.mark.parametrize(("fault", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_moves_nobody_and_heals(group, fault, code, monkeypatch):
    LearnerFactory.create_batch(3, enrolled_in=COURSE)  # Would join.
    before = list(Membership.objects.order_by("pk").values()), MembershipChange.objects.count()
    with monkeypatch.context() as patch:
        patch.setattr(AccountAge, "learner_set", fault)
        refresh, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
        done = runs.run(refresh.pk)
        now = api.get_user_group(group.uuid)
        assert (done.state, done.error_code) == (RefreshState.FAILED, code)
        assert (now.state, now.state_code) == (GroupState.STALE, code)
        assert now.state_message == done.error_message != ""
        assert (list(Membership.objects.order_by("pk").values()), MembershipChange.objects.count()) == before
    healed = runs.request_refresh(group, RefreshTrigger.SCHEDULE)
    assert healed.state == RefreshState.SUCCEEDED
    assert api.get_user_group(group.uuid).state == GroupState.FRESH


def test_a_missing_type_moves_nobody_and_heals(group):
    before = list(Membership.objects.order_by("pk").values())
    with registry.without("account_age"):
        refresh = runs.request_refresh(group, RefreshTrigger.SCHEDULE)
        assert (refresh.state, refresh.error_code) == (RefreshState.FAILED, "criterion_type_missing")
        assert api.get_user_group(group.uuid).state == GroupState.UNEVALUABLE
        assert list(Membership.objects.order_by("pk").values()) == before
    assert runs.request_refresh(group, RefreshTrigger.SCHEDULE).state == RefreshState.SUCCEEDED


@pytest.mark.parametrize("answer", [[], {"1"}, {}, get_user_model().objects.none()])
def test_a_fault_in_the_answer_for_a_few_learners_moves_nobody(group, answer, monkeypatch):
    """Whoever is asked for in a list of texts is not found there; that does not make them leave."""
    before = list(Membership.objects.order_by("pk").values())
    with monkeypatch.context() as patch:
        patch.setattr(AccountAge, "fact", lambda self, context: None)
        patch.setattr(AccountAge, "matching_among", lambda self, context, user_ids: answer)
        answer_for(COURSE, IdSet(list(get_user_model().objects.values_list("pk", flat=True))))
    now = api.get_user_group(group.uuid)
    assert (now.state, now.state_code) == (GroupState.STALE, "criterion_failed")
    assert list(Membership.objects.order_by("pk").values()) == before
    assert runs.request_refresh(group, RefreshTrigger.SCHEDULE).state == RefreshState.SUCCEEDED


@pytest.mark.parametrize("plan", PlanKind)
@pytest.mark.parametrize("complement", [True, False])
def test_ids_that_are_missing_leave_nobody_out(plan, complement, monkeypatch):
    """To SQL nobody is outside a set with a NULL in it."""
    one, other = LearnerFactory.create_batch(2, enrolled_in=COURSE)
    known = Case(When(pk=one.pk, then="pk"), output_field=IntegerField())
    ids = get_user_model().objects.annotate(known=known).values_list("known", flat=True)
    monkeypatch.setattr(AccountAge, "fact", lambda self, context: None)
    monkeypatch.setattr(AccountAge, "learner_set", returns(UserIds((ids,), complement)))
    tree = parse_rule(rule(BROKEN, negated=True), COURSE)
    expected = IdSet([one.pk]) if complement else IdSet([other.pk])
    evaluation = Evaluation(tree, COURSE, timezone.now(), plan)
    assert evaluation.ids() == expected
    assert matching({"": evaluation}, IdSet([one.pk, other.pk]))[""] == expected


def test_learners_of_other_places_never_join(group, monkeypatch):
    stranger = LearnerFactory()
    monkeypatch.setattr(AccountAge, "learner_set", returns(IdSet([stranger.pk, 4_000_000_000])))
    runs.request_refresh(group, RefreshTrigger.SCHEDULE)
    assert not Membership.objects.filter(user_id__in=[stranger.pk]).exists()


# Errors of the database

DEADLOCKS = {"mysql": OperationalError(1213, "Deadlock found"), "sqlite": OperationalError("database is locked")}


def deadlock() -> OperationalError:
    if connection.vendor in DEADLOCKS:
        return DEADLOCKS[connection.vendor]
    cause = Exception()
    cause.sqlstate = "40P01"  # type: ignore[attr-defined]
    error = OperationalError("deadlock detected")
    error.__cause__ = cause
    return error


class Failing:
    """Raises so many times, then does what it is for."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left, self.error, self.waits = times, error, []

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


@pytest.mark.django_db(transaction=True)
class TestRetries:
    def test_what_passes_is_tried_again_with_longer_waits(self):
        action = Failing(5, deadlock())
        assert retries.with_retries(action, sleep=action.waits.append) == "done"
        assert len(action.waits) == 5
        assert all(0 <= wait <= 0.1 * 2**n for n, wait in enumerate(action.waits))

    def test_it_gives_up(self):
        action = Failing(6, deadlock())
        with pytest.raises(OperationalError):
            retries.with_retries(action, sleep=action.waits.append)
        assert len(action.waits) == 5

    def test_what_does_not_pass_is_not_tried_again(self):
        action = Failing(1, OperationalError(1054, "Unknown column") if connection.vendor == "mysql" else KeyError())
        with pytest.raises(type(action.error)):
            retries.with_retries(action, sleep=action.waits.append)
        assert action.waits == []

    def test_a_run_gives_up_with_a_reason_and_heals(self, monkeypatch):
        LearnerFactory(enrolled_in=COURSE)
        group = create_group(COURSE, rule(BROKEN))
        monkeypatch.setattr(retries, "_FIRST_WAIT", 0.001)
        refresh, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
        with monkeypatch.context() as patch:
            patch.setattr(runs, "difference", lambda *args: Failing(1, deadlock())())
            done = runs.run(refresh.pk)
        assert (done.state, done.error_code) == (RefreshState.FAILED, "database_busy")
        now = api.get_user_group(group.uuid)
        assert (now.state, now.state_code, now.member_count) == (GroupState.STALE, "database_busy", 1)
        assert runs.request_refresh(group, RefreshTrigger.MANUAL).state == RefreshState.SUCCEEDED

    def test_a_request_without_a_broker_says_that_nothing_was_done(self, monkeypatch):
        group = create_group(COURSE, rule(BROKEN))
        monkeypatch.setattr(retries, "_FIRST_WAIT", 0.001)
        monkeypatch.setattr(runs, "difference", lambda *args: Failing(1, deadlock())())
        runs_before = group.refreshes.count()
        with pytest.raises(DatabaseBusy):
            runs.request_refresh(group, RefreshTrigger.MANUAL)
        assert group.refreshes.count() == runs_before
