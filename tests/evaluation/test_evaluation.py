"""What an evaluation costs and which plan it takes. That all plans give the same set is the differential test's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models import F, Value
from django.utils import timezone

from openedx_user_groups.contrib.lms.criteria.last_login import LastLogin
from openedx_user_groups.contrib.lms.criteria.learner_list import LearnerList
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import PlanKind
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import matching
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups import universe
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import UserIds
from openedx_user_groups.testing.factories import COURSE, EnrollmentFactory, LearnerFactory, criterion, rule

pytestmark = pytest.mark.django_db

IDLE = criterion("last_login", operator=">", days=10)
NEVER = criterion("last_login", operator="not_exists")
LISTED = criterion("learner_list", operator="in", learners=["idle"])


@pytest.fixture
def world():
    now = timezone.now()
    LearnerFactory(username="idle", enrolled_in=COURSE, last_login=now - timedelta(days=20))
    LearnerFactory(username="busy", enrolled_in=COURSE, last_login=now)
    LearnerFactory(username="never", enrolled_in=COURSE)
    return now


def evaluation(definition, plan=None, as_of=None) -> Evaluation:
    return Evaluation(parse_rule(definition, COURSE), COURSE, as_of or timezone.now(), plan)


def test_answers_come_from_one_statement(world, savepoint, django_assert_num_queries, settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 9
    for leaves in (1, 3, 9):
        subject = evaluation(rule(*[IDLE] * leaves), PlanKind.STATEMENT)
        with django_assert_num_queries(savepoint + 1):
            answers = subject.answers()
            assert (len(answers.everybody), {node.count for node in answers.nodes()}) == (3, {1})


def test_bare_count_is_one_count(world, savepoint, django_assert_num_queries):
    subject = evaluation(rule(IDLE, rule(NEVER, negated=True)), PlanKind.STATEMENT)
    with django_assert_num_queries(savepoint + 1) as captured:
        assert subject.count() == 1
    assert captured[savepoint // 2]["sql"].upper().startswith("SELECT COUNT(")


def test_bitmap_plan_reads_each_leaf_once(world, savepoint, django_assert_num_queries):
    subject = evaluation(rule(IDLE, NEVER, combine="any"), PlanKind.BITMAPS)
    with django_assert_num_queries(savepoint + 3):  # Two leaves and the universe.
        answers = subject.answers()
    with django_assert_num_queries(savepoint + 1):  # Only the names: the sets are there.
        sample = subject.sample(25)
    assert (len(answers.everybody), [node.count for node in answers.nodes()]) == (3, [2, 1, 1])
    assert [learner.username for learner in sample] == ["idle", "never"]


def test_relational_siblings_of_a_bitmap_are_one_statement(world, savepoint, django_assert_num_queries, monkeypatch):
    idle = fetch_ids(LearnerFactory._meta.model.objects.filter(username="idle").values_list("pk", flat=True))
    original = LastLogin.learner_set
    monkeypatch.setattr(
        LastLogin,
        "learner_set",
        lambda self, context: idle if self.operator == "exists" else original(self, context),
    )
    subject = evaluation(rule(IDLE, criterion("last_login", operator="exists"), LISTED), PlanKind.STATEMENT)
    with django_assert_num_queries(savepoint + 2):  # The universe, and one statement for both relational criteria.
        assert subject.ids() == idle
    with django_assert_num_queries(savepoint + 1):  # The universe and both relational criteria.
        answers = subject.answers()
    assert [node.count for node in answers.nodes()] == [1, 1, 1, 1]


def test_sample_pages_through_the_members(world):
    for plan in PlanKind:
        subject = evaluation(rule(IDLE, NEVER, combine="any"), plan)
        assert [learner.username for learner in subject.sample(1, 0)] == ["idle"]
        assert [learner.username for learner in subject.sample(1, 1)] == ["never"]
        assert subject.sample(1, 2) == ()


def test_unevaluable_leaf_is_named_although_the_rest_would_decide(world, monkeypatch):
    subject = rule(NEVER, rule(IDLE, LISTED, combine="any"), combine="any")

    def fail(self, context):
        raise RuntimeError("broken plugin")

    monkeypatch.setattr(LearnerList, "fact", fail)
    with pytest.raises(Unevaluable) as caught:
        evaluation(subject)
    assert (caught.value.code, caught.value.pointer) == ("criterion_failed", "/rule/nodes/1/nodes/1")


@pytest.mark.parametrize(
    "queryset",
    [
        User.objects.values("pk", "is_active"),
        User.objects.all(),
        User.objects.values("pk").annotate(always=Value(1)),
    ],
    ids=range(3),
)
def test_a_set_of_more_than_one_column_is_none(world, monkeypatch, queryset):
    monkeypatch.setattr(LearnerList, "learner_set", lambda self, context: UserIds((queryset,)))
    with pytest.raises(Unevaluable) as caught:
        evaluation(rule(IDLE, LISTED))
    assert (caught.value.code, caught.value.pointer) == ("criterion_failed", "/rule/nodes/1")


@pytest.mark.parametrize(
    "queryset",
    [
        User.objects.annotate(learner=F("pk")).values_list("learner"),
        User.objects.values_list("pk").union(User.objects.values_list("pk")),
    ],
    ids=range(2),
)
def test_one_column_may_be_made(world, monkeypatch, queryset):
    monkeypatch.setattr(LearnerList, "learner_set", lambda self, context: UserIds((queryset,)))
    assert evaluation(rule(LISTED), PlanKind.BITMAPS).count() == 3


def test_database_error_leaves_the_transaction_usable(world, monkeypatch):
    subject = evaluation(rule(IDLE), PlanKind.STATEMENT)
    nonsense = LearnerFactory._meta.model.objects.extra(where=["no_such_column = 1"])
    monkeypatch.setattr(type(subject.universe), "ids", lambda self, where=None: nonsense)
    with pytest.raises(Unevaluable) as caught:
        subject.count()
    assert caught.value.code == "evaluation_failed"
    assert LearnerFactory._meta.model.objects.count() == 3


def test_small_universes_always_take_the_statement(world, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert evaluation(rule(IDLE)).plan == PlanKind.STATEMENT


def test_large_share_of_the_accounts_takes_bitmaps(world, monkeypatch, settings):
    monkeypatch.setattr(universe, "SMALL", 0)
    settings.OPENEDX_USER_GROUPS_BITMAP_PLAN_SHARE = 0
    assert evaluation(rule(IDLE)).plan == PlanKind.BITMAPS
    settings.OPENEDX_USER_GROUPS_BITMAP_PLAN_SHARE = 10
    assert evaluation(rule(IDLE)).plan == PlanKind.STATEMENT


def test_what_the_rows_of_the_universe_can_answer_is_never_read_twice(
    world, monkeypatch, settings, savepoint, django_assert_num_queries
):
    monkeypatch.setattr(universe, "SMALL", 0)
    settings.OPENEDX_USER_GROUPS_BITMAP_PLAN_SHARE = 0
    audit = criterion("enrollment_track", operator="in", modes=["audit"])
    for definition, plan in ((rule(audit), PlanKind.STATEMENT), (rule(audit, IDLE), PlanKind.BITMAPS)):
        subject = evaluation(definition)
        assert subject.plan == plan
    subject = evaluation(rule(audit, rule(audit, negated=True), combine="any"))
    with django_assert_num_queries(savepoint + 1):  # Neither for the plan nor for the universe.
        assert subject.count() == 3


def test_as_of_decides_not_the_clock(world):
    later = world + timedelta(days=11)
    assert evaluation(rule(IDLE), as_of=world).count() == 1
    assert evaluation(rule(IDLE), as_of=later).count() == 2


def test_matching_user_ids_of_one_criterion(world):
    (leaf,) = parse_rule(rule(NEVER), COURSE).leaves()
    assert leaf.criterion is not None
    never = EnrollmentFactory._meta.model.objects.get(user__username="never").user_id
    assert leaf.criterion.get_matching_user_ids(COURSE) == IdSet([never])


THEN = timedelta(days=15)


@pytest.mark.parametrize("plan", list(PlanKind))
@pytest.mark.parametrize("from_facts", [True, False])
def test_each_criterion_answers_for_the_past_or_for_now(world, plan, from_facts):
    """On every path. Idle's account is kept, and was five days old then; his last login is 20 days ago today."""
    User.objects.filter(username="idle").update(date_joined=world - timedelta(days=20))
    young = criterion("account_age", operator="<", days=10)
    for definition, then in ((rule(IDLE), {"idle"}), (rule(young), {"idle"})):
        tree = parse_rule(definition, COURSE)
        subject = Evaluation(tree, COURSE, world - THEN, plan, asked_at=world)
        ids = subject.ids()
        assert names(ids) == then
        assert subject.answers().learners(tree) == ids
        everybody = fetch_ids(User.objects.values_list("pk", flat=True))
        assert matching({"rule": subject}, everybody, from_facts=from_facts)["rule"] == ids
    # Nobody asks about another instant: everything is of the one that is given.
    assert names(evaluation(rule(IDLE), plan, world - THEN).ids()) == set()
    assert names(Evaluation(parse_rule(rule(IDLE), COURSE), COURSE, world + THEN, plan, asked_at=world).ids()) == {
        "idle",
        "busy",
    }


def test_a_set_of_its_own_is_asked_for_the_instant_that_it_can_answer_for(world, monkeypatch):
    asked = []

    def learner_set(self, context, *user_ids):
        asked.append(context.as_of)
        return IdSet()

    monkeypatch.setattr(LastLogin, "fact", lambda self, context: None)
    monkeypatch.setattr(LastLogin, "learner_set", learner_set)
    monkeypatch.setattr(LastLogin, "matching_among", learner_set)
    subject = Evaluation(parse_rule(rule(IDLE), COURSE), COURSE, world - THEN, asked_at=world)
    assert not matching({"rule": subject}, IdSet([1]))["rule"]
    assert asked == [world, world]
    monkeypatch.setattr(LastLogin, "keeps_past", True)
    Evaluation(parse_rule(rule(IDLE), COURSE), COURSE, world - THEN, asked_at=world)
    assert asked[2:] == [world - THEN]


def names(ids: IdSet) -> set[str]:
    return set(User.objects.filter(pk__in=list(ids)).values_list("username", flat=True))
