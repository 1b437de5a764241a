"""Events lead to the members that a full evaluation gives; where one is lost, reconciling finds and repairs just that.

``HISTORIES`` asks for more random histories, ``HISTORIES_SEED`` for others.
"""

from __future__ import annotations

import os
import random
from datetime import timedelta
from random import Random
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.criteria.account_age import AccountAge
from openedx_user_groups.contrib.lms.progress import CourseProgress
from openedx_user_groups.criteria.storage import load_rules
from openedx_user_groups.criteria.tree import Leaf
from openedx_user_groups.data import GroupState, RefreshState, RefreshTrigger, Scope, ScopeType
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.groups.models import ScopeLock, UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import leases, marks, reconcile
from openedx_user_groups.refresh.drain import drain
from openedx_user_groups.refresh.drift import groups_to_check
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import request_refresh, run
from openedx_user_groups.refresh.signals import drift_found
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule
from tests.differential import tables
from tests.differential.rules import RuleMaker
from tests.differential.ways import Clock
from tests.differential.worlds import MAIN, make_scene
from tests.differential.writer import stored
from tests.refresh.histories import History

HISTORIES = int(os.environ.get("HISTORIES", "8"))
SEED = int(os.environ.get("HISTORIES_SEED", "1"))
STEPS, USERS = 120, 40
SCOPES = (
    [tables.Scope("course", MAIN)] * 8 + [tables.Scope("organization", "OrgA")] * 3 + [tables.Scope("instance")] * 3
)

pytestmark = pytest.mark.django_db


def site() -> override_settings:
    return override_settings(
        TIME_ZONE="UTC", OPENEDX_USER_GROUPS_MAX_CRITERIA=25, OPENEDX_USER_GROUPS_CLOCK="tests.differential.ways.clock"
    )


def should_be(groups: list[UserGroup]) -> dict[int, IdSet]:
    """Whom each rule matches, by the path of a full refresh."""
    rules = load_rules(groups)
    return {group.pk: Evaluation(rules[group.pk], group.scope, Clock.instant).ids() for group in groups}


def live(capture, rng: Random, history: History, dropped: float) -> int:
    """Live through the history; drain now and then. Returns how many signals were lost."""
    lost = 0
    for _ in range(STEPS):
        with capture() as callbacks:
            history.step()
        for callback in callbacks:
            if rng.random() < dropped:
                lost += 1
            else:
                callback()
        if rng.random() < 0.2:
            drain()
    drain()
    return lost


@pytest.mark.slow
@pytest.mark.parametrize("dropped", [0.0, 0.05])
@pytest.mark.parametrize("number", range(HISTORIES))
def test_events_lead_where_a_full_evaluation_leads(number, dropped, django_capture_on_commit_callbacks):
    rng = Random(f"{SEED}.{number}")
    scene = make_scene(rng, USERS)
    Clock.instant = scene.calendar.as_of
    origin = f"{connection.vendor}, HISTORIES_SEED={SEED}, history {number}"
    with site(), stored(scene.world):
        author = User.objects.get(pk=scene.world.users[0].id)
        maker = RuleMaker(rng)
        groups = [
            api.create_user_group(
                scope=Scope.parse(scope.type, scope.key), name=f"Group {index}", rule=maker.rule(scene, scope),
                confirm_impossible=True, acting_user=author,
            )
            for index, scope in enumerate(SCOPES)
        ]  # fmt: skip
        before = {group.pk: member_ids(group) for group in groups}
        assert before == should_be(groups), origin
        lost = live(django_capture_on_commit_callbacks, rng, History(rng, scene), dropped)
        wanted = should_be(groups)
        drifted = {
            group.pk: (wanted[group.pk] - present, present - wanted[group.pk])
            for group in groups
            if (present := member_ids(group)) != wanted[group.pk]
        }
        assert (lost > 0) == (dropped > 0)
        if not dropped:
            assert drifted == {}, origin
            assert any(before[pk] != ids for pk, ids in wanted.items()), origin
        found = [
            drift
            for scope in reconcile.scopes_to_check()
            for group in groups_to_check(scope)
            for drift in reconcile.check_group(scope, group)
        ]
        reported = {drift.group.pk: (drift.missing, drift.unexpected) for drift in found}
        assert reported.items() <= drifted.items(), (origin, lost)
        assert all(drift.repaired for drift in found)
        # Where a copy of data may explain it, which only the schedule asks, the schedule repairs it.
        asks_copies = {
            pk for pk, rule in load_rules(groups).items() if "course_progress" in map(type_of, rule.leaves())
        }
        assert drifted.keys() - reported.keys() <= asks_copies, (origin, lost)
        left = {group.pk for group in groups if member_ids(group) != wanted[group.pk]}
        assert left == drifted.keys() - reported.keys(), origin
        assert_history_adds_up(groups, before)


def type_of(leaf: Leaf) -> str:
    return leaf.type


def assert_history_adds_up(groups: list[UserGroup], before: dict[int, IdSet]) -> None:
    for group in groups:
        group.refresh_from_db()
        present: set[int] = set()
        for kind, user in MembershipChange.objects.filter(user_group=group).order_by("id").values_list("kind", "user"):
            assert (user in present) == (kind == "removed")
            present ^= {user}
        assert present == set(member_ids(group))
        assert group.member_count == len(present)


# ---- One by one ------------------------------------------------------------------------------------------------------
IDLE = criterion("last_login", operator=">", days=10)


@pytest.fixture
def group(settings) -> UserGroup:
    settings.OPENEDX_USER_GROUPS_CLOCK = "tests.differential.ways.clock"
    Clock.instant = timezone.now()
    for name, days in (("idle", 20), ("long_idle", 30), ("busy", 1)):
        LearnerFactory(enrolled_in=COURSE, username=name, last_login=Clock.instant - timedelta(days=days))
    return create_group(COURSE, rule(IDLE), name="Idle")


def lose_events() -> tuple[int, int]:
    """One signs in and one is idle, and nobody hears of it."""
    idle, busy = (User.objects.get(username=name).pk for name in ("idle", "busy"))
    User.objects.filter(pk=idle).update(last_login=Clock.instant)
    User.objects.filter(pk=busy).update(last_login=Clock.instant - timedelta(days=40))
    return idle, busy


def check(**options: object) -> list[reconcile.Drift]:
    (row,) = groups_to_check(COURSE)
    return reconcile.check_group(COURSE, row, **options)


def test_drift_is_published_and_repaired(group):
    idle, busy = lose_events()
    heard = []
    drift_found.connect(lambda drift, **kwargs: heard.append(drift), weak=False, dispatch_uid="test")
    (found,) = check()
    drift_found.disconnect(dispatch_uid="test")
    assert heard == [found]
    assert (set(found.missing), set(found.unexpected), found.repaired) == ({busy}, {idle}, True)
    run = Refresh.objects.get(user_group=group, trigger=RefreshTrigger.RECONCILE)
    assert (run.added_count, run.removed_count, run.member_count) == (1, 1, 2)
    assert set(MembershipChange.objects.filter(refresh=run).values_list("user_id", flat=True)) == {idle, busy}
    assert check() == []


def test_a_run_that_has_evaluated_before_does_not_undo_a_repair(group, monkeypatch):
    """No event tells it of the learners: only the check knows."""
    renew = leases.renew

    def lose_and_repair(refresh):
        monkeypatch.setattr(leases, "renew", renew)
        lose_events()
        assert len(check()) == 1
        renew(refresh)

    before = set(member_ids(group))
    monkeypatch.setattr(leases, "renew", lose_and_repair)
    queued, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.MANUAL)
    assert run(queued.pk).state == RefreshState.SUCCEEDED
    assert set(member_ids(group)) == {User.objects.get(username=name).pk for name in ("long_idle", "busy")} != before
    assert check() == []


def test_without_a_run_a_repair_marks_nobody(group):
    lose_events()
    check()
    assert marks.pending_count() == 0


def test_a_dry_run_changes_nothing(group):
    lose_events()
    before = member_ids(group)
    assert [len(drift) for drift in check(repair=False)] == [2]
    assert member_ids(group) == before


def all_rows() -> dict[str, list[dict[str, object]]]:
    """Everything that the app keeps."""
    models = apps.get_app_config("openedx_user_groups").get_models()
    return {
        model.__name__: list(model._base_manager.order_by("pk").values()) for model in models if model._meta.managed
    }


@pytest.mark.parametrize("arguments", [("--full",), ("--sample", "10")])
def test_a_dry_run_writes_nothing_at_all(group, monkeypatch, arguments):
    """Not that time will move somebody sooner than was known, nor that a rule has no answer, nor the row of a lock."""
    create_group(COURSE, rule(criterion("account_age", operator=">=", days=0)))
    UserGroup.objects.update(next_refresh_at=Clock.instant + timedelta(days=30))
    lose_events()
    User.objects.filter(username="busy").update(last_login=Clock.instant - timedelta(days=9))
    monkeypatch.setattr(AccountAge, "fact", raising)
    monkeypatch.setattr(AccountAge, "learner_set", raising)
    ScopeLock.objects.all().delete()
    before = all_rows()
    call_command("reconcile_user_groups", "--dry-run", *arguments)
    assert all_rows() == before
    call_command("reconcile_user_groups", *arguments)
    assert all_rows() != before


def raising(self: object, context: object) -> None:
    raise SourceUnavailable()


def test_who_waits_for_a_drain_is_no_drift(group):
    idle, busy = lose_events()
    marks.mark({Touched(idle), Touched(busy, COURSE)}, "test")
    assert check() == []
    drain()
    assert check() == []


def test_what_time_alone_changes_is_no_drift(group):
    busy = User.objects.get(username="busy").pk
    Clock.instant += timedelta(days=10)
    assert busy in should_be([group])[group.pk]
    assert check() == []
    idle = User.objects.get(username="idle").pk
    User.objects.filter(pk=idle).update(last_login=Clock.instant)
    (found,) = check()
    assert (set(found.missing), set(found.unexpected)) == (set(), {idle})
    assert busy not in member_ids(group)


def test_a_sample_finds_what_is_in_it(group):
    lose_events()
    found = reconcile.check_sample(COURSE, 2, chance=random.Random(4))
    once = sum(map(len, found))
    assert once in (1, 2)
    assert sum(len(drift) for drift in reconcile.check_sample(COURSE, 3, chance=random.Random(4))) == 2 - once
    assert member_ids(group) == should_be([group])[group.pk]


def test_scopes_are_checked_in_turn(group, settings):
    settings.OPENEDX_USER_GROUPS_RECONCILE_SCOPES_AT_ONCE = 1
    create_group(Scope(ScopeType.INSTANCE), rule(IDLE))
    now = timezone.now()
    lose_events()
    first, second, third = (reconcile.check_due(now + timedelta(minutes=minute)) for minute in (0, 1, 2))
    assert [[drift.scope.type for drift in found] for found in (first, second, third)] == [["course"], ["instance"], []]
    lose_events_again = User.objects.filter(username="long_idle").update(last_login=Clock.instant)
    assert lose_events_again == 1
    assert [drift.scope.type for drift in reconcile.check_due(now + timedelta(hours=24, seconds=1))] == ["course"]
    assert ScopeLock.objects.get(scope_type="course").reconciled_at == now + timedelta(hours=24, seconds=1)


@pytest.mark.parametrize("arguments", [["--full"], ["--sample", "50"], ["--full", "--scope", f"course:{COURSE.key}"]])
def test_command(group, capsys, arguments):
    lose_events()
    call_command("reconcile_user_groups", *arguments)
    output = capsys.readouterr().out
    assert "1/1 course:" in output
    assert f"{group.uuid} in {COURSE}: 1 missing, 1 unexpected, repaired" in output
    assert output.endswith("Drift: 2 memberships in 1 groups.\n")
    call_command("reconcile_user_groups", *arguments)
    assert capsys.readouterr().out.endswith("Drift: 0 memberships in 0 groups.\n")


def test_command_refuses(group):
    unknown = ["--full", "--group", str(group.uuid), "--group", str(uuid4())]
    for arguments in (["--group", str(group.uuid)], ["--sample", "0"], ["--scope", "planet:Earth"], unknown):
        with pytest.raises(CommandError):
            call_command("reconcile_user_groups", *arguments)


def test_command_that_drains(group, capsys):
    idle, busy = lose_events()
    marks.mark({Touched(idle), Touched(busy)}, "test")
    call_command("drain_learner_marks")
    assert capsys.readouterr().out.splitlines() == [
        "2 marks wait.",
        "2 marks drained, 2 answers given, 1 changes of groups, 0 old marks deleted; 0 marks wait.",
    ]


# ---- Exclusive collections -------------------------------------------------------------------------------------------
EVER = criterion("last_login", operator="exists")


@pytest.fixture
def collection(group) -> list[UserGroup]:
    """Who is idle, and after them whoever was ever here."""
    groups = [group, create_group(COURSE, rule(EVER))]
    api.create_collection(
        scope=COURSE, name="One", groups=[each.uuid for each in groups], acting_user=LearnerFactory(username="staff")
    )
    return groups


def check_each() -> list[reconcile.Drift]:
    rows = groups_to_check(COURSE)
    return [drift for row in rows for drift in reconcile.check_group(COURSE, row)]


def test_groups_of_a_collection_share_their_learners(collection):
    first, second = collection
    assert (len(member_ids(first)), len(member_ids(second))) == (2, 1)
    assert check_each() == []


def test_drift_between_groups_of_a_collection_is_repaired_at_once(collection):
    idle, busy = lose_events()
    first, second = collection
    assert {(drift.group.pk, frozenset(drift.missing), frozenset(drift.unexpected)) for drift in check_each()} == {
        (first.pk, frozenset({busy}), frozenset({idle})),
        (second.pk, frozenset({idle}), frozenset({busy})),
    }
    assert (busy in member_ids(first), idle in member_ids(second)) == (True, True)
    assert check_each() == []


@pytest.mark.parametrize("is_listed_before", [True, False])
def test_a_group_that_is_put_into_a_collection_while_it_is_compared_waits_for_its_run(
    group, monkeypatch, is_listed_before
):
    """What was found without the collection would put its learners into two groups of it."""
    other, staff = create_group(COURSE, rule(EVER)), LearnerFactory(username="staff")
    lose_events()
    evaluated = reconcile._ids

    def put_together(*args: object) -> IdSet:
        ids = evaluated(*args)
        if not UserGroup.objects.filter(collection__isnull=False).exists():
            uuids = [other.uuid, group.uuid]
            api.create_collection(scope=COURSE, name="One", groups=uuids, acting_user=staff)
            Membership.objects.filter(user_group=other, user__username="idle").delete()  # An event that was lost.
        return ids

    first, second = groups_to_check(COURSE)
    if is_listed_before:
        monkeypatch.setattr(reconcile, "_ids", put_together)
    else:  # Between the listing of groups and the check.
        put_together(COURSE, load_rules([group])[group.pk], Clock.instant, True)
    found = reconcile.check_group(COURSE, first)
    assert (found == []) == is_listed_before
    assert reconcile.check_group(COURSE, second) == [] or is_listed_before
    assert member_ids(group) & member_ids(other) == IdSet()
    check_each()
    assert (len(member_ids(group)), len(member_ids(other))) == (0, 3)


def test_command_compares_the_groups_of_a_collection_once(collection, capsys):
    lose_events()
    heard = []
    drift_found.connect(lambda drift, **kwargs: heard.append(drift.group.uuid), weak=False, dispatch_uid="test")
    call_command("reconcile_user_groups", "--full", "--dry-run")
    drift_found.disconnect(dispatch_uid="test")
    assert capsys.readouterr().out.endswith("Drift: 4 memberships in 2 groups.\n")
    assert sorted(heard) == sorted(group.uuid for group in collection)


def test_command_says_which_group_of_a_collection_has_no_answer(collection, capsys, monkeypatch):
    first, second = collection
    staff, fails = User.objects.get(username="staff"), rule(criterion("account_age", operator=">=", days=0))
    third = create_group(COURSE, fails)
    groups = [each.uuid for each in (first, second, third)]
    one = api.get_user_group(first.uuid).collection
    api.update_collection(one.uuid, changes={"groups": groups}, acting_user=staff)

    def fail(self, context):
        raise SourceUnavailable

    monkeypatch.setattr(AccountAge, "fact", fail)
    call_command("reconcile_user_groups", "--full")
    assert capsys.readouterr().err.startswith(f"{third.uuid}: no answer (source_unavailable)")


def test_drift_is_logged_with_its_group(group, caplog):
    lose_events()
    check()
    (record,) = (record for record in caplog.records if "1 unexpected" in record.getMessage())
    assert (record.user_group, record.trigger) == (str(group.uuid), "reconcile")


def test_a_group_of_a_collection_that_is_frozen_keeps_its_learners(collection):
    first, _second = collection
    UserGroup.objects.filter(pk=first.pk).update(is_frozen=True)
    idle, _busy = lose_events()
    assert check_each() == []
    assert idle in member_ids(first)


def test_whom_time_moves_between_groups_is_no_drift(collection):
    _first, second = collection
    busy = User.objects.get(username="busy").pk
    assert busy in member_ids(second)
    Clock.instant += timedelta(days=10)
    assert reconcile.check_sample(COURSE, 50, chance=random.Random(1)) == []
    assert check_each() == []


def test_a_run_of_a_group_that_does_not_differ_has_answered_for_the_others_too(group):
    """It leaves no record with a group that it does not change."""
    lately = create_group(COURSE, rule(criterion("last_login", operator="<", days=5)))
    api.create_collection(
        scope=COURSE, name="One", groups=[group.uuid, lately.uuid], acting_user=LearnerFactory(username="staff")
    )
    Clock.instant += timedelta(days=20)
    request_refresh(group, RefreshTrigger.SCHEDULE)  # Has taken everybody else out of the second group.
    Clock.instant += timedelta(days=1)
    learner = LearnerFactory(enrolled_in=COURSE, last_login=Clock.instant - timedelta(minutes=1))
    marks.mark({Touched(learner.pk)}, "test")
    drain()
    Clock.instant += timedelta(days=1)
    request_refresh(group, RefreshTrigger.SCHEDULE)
    assert learner.pk in member_ids(lately)
    Clock.instant += timedelta(days=5)
    assert reconcile.check_sample(COURSE, 50, chance=random.Random(1)) == []
    assert check_each() == []


def test_whom_time_takes_out_of_the_first_group_does_not_join_the_second_by_a_check(group):
    here = create_group(COURSE, rule(criterion("last_login", operator="<=", days=10)))
    ever = create_group(COURSE, rule(EVER))
    api.create_collection(
        scope=COURSE, name="One", groups=[here.uuid, ever.uuid], acting_user=LearnerFactory(username="staff")
    )
    busy = User.objects.get(username="busy").pk
    assert busy in member_ids(here)
    Clock.instant += timedelta(days=10)
    assert reconcile.check_sample(COURSE, 50, chance=random.Random(1)) == []
    assert busy in member_ids(here)


def test_whom_only_the_schedule_moves_does_not_join_another_group_by_a_check():
    """No event tells of progress; where it takes a learner out of one group, the next one waits as well."""
    learner = LearnerFactory(enrolled_in=COURSE, last_login=timezone.now())
    CourseProgress.objects.create(user=learner, course_key=COURSE.course_key, percent=0.1, as_of=timezone.now())
    behind = create_group(COURSE, rule(criterion("course_progress", operator="<", percent=50)))
    ever = create_group(COURSE, rule(EVER))
    api.create_collection(
        scope=COURSE, name="One", groups=[behind.uuid, ever.uuid], acting_user=LearnerFactory(username="staff")
    )
    CourseProgress.objects.update(percent=0.9)
    assert reconcile.check_sample(COURSE, 10, chance=random.Random(1)) == []
    assert check_each() == []
    assert set(member_ids(behind)) == {learner.pk}


def test_what_no_copy_of_data_explains_is_drift_all_the_same():
    """A rule over a copy that is brought up to date now and then, and over data of which events tell."""
    now = timezone.now()
    ahead, gone, came = (LearnerFactory(enrolled_in=COURSE, username=name, last_login=now) for name in "abc")
    for learner in (ahead, gone, came):
        CourseProgress.objects.create(user=learner, course_key=COURSE.course_key, percent=0.1, as_of=now)
    User.objects.filter(pk=came.pk).update(last_login=None)
    behind = criterion("course_progress", operator="<", percent=50)
    group = create_group(COURSE, rule(criterion("last_login", operator="exists"), behind))
    CourseProgress.objects.filter(user=ahead).update(percent=0.9)
    User.objects.filter(pk=gone.pk).update(last_login=None)  # Nobody hears of it.
    User.objects.filter(pk=came.pk).update(last_login=now)
    (found,) = check()
    # That the third one is behind may have been told by the copy a moment ago: the schedule decides.
    assert (set(found.missing), set(found.unexpected)) == (set(), {gone.pk})
    assert set(member_ids(group)) == {ahead.pk}


# ---- What a check does not decide ------------------------------------------------------------------------------------
def test_who_signs_in_while_a_check_evaluates_is_no_drift(group, monkeypatch):
    here = create_group(COURSE, rule(criterion("last_login", operator="<=", days=10)))
    busy = User.objects.get(username="busy").pk
    lock = reconcile.lock_scope

    def sign_in(scope: Scope) -> None:
        monkeypatch.setattr(reconcile, "lock_scope", lock)
        Clock.instant += timedelta(minutes=1)
        User.objects.filter(pk=busy).update(last_login=Clock.instant)
        marks.mark({Touched(busy)}, "test")
        drain()
        lock(scope)

    monkeypatch.setattr(reconcile, "lock_scope", sign_in)
    row = next(row for row in groups_to_check(COURSE) if row.pk == here.pk)
    assert reconcile.check_group(COURSE, row) == []
    assert busy in member_ids(here)


def test_a_source_that_is_brought_up_to_date_now_and_then_has_no_drift():
    learner = LearnerFactory(enrolled_in=COURSE)
    progress = {"course_key": COURSE.course_key, "percent": 0.1, "as_of": timezone.now()}
    CourseProgress.objects.create(user=learner, **progress)
    group = create_group(COURSE, rule(criterion("course_progress", operator="<", percent=50)))
    CourseProgress.objects.update(percent=0.9)
    assert reconcile.check_sample(COURSE, 10, chance=random.Random(1)) == []
    assert learner.pk in member_ids(group)


@pytest.fixture
def hundred(settings) -> UserGroup:
    """A hundred members, all of whom came back unnoticed."""
    settings.OPENEDX_USER_GROUPS_CLOCK = "django.utils.timezone.now"
    long_ago = timezone.now() - timedelta(days=100)
    LearnerFactory.create_batch(100, enrolled_in=COURSE, last_login=long_ago)
    group = create_group(COURSE, rule(IDLE))
    User.objects.update(last_login=timezone.now())
    return group


def test_the_brake_of_a_sample_looks_at_the_sample(hundred):
    reconcile.check_sample(COURSE, 45, chance=random.Random(1))
    held = api.get_user_group(hundred.uuid)
    assert (held.state, held.member_count) == (GroupState.HELD, 100)


def test_a_check_does_not_undo_what_a_person_has_decided(hundred):
    request_refresh(hundred, RefreshTrigger.SCHEDULE)
    held = Refresh.objects.get(user_group=hundred, state=RefreshState.HELD)
    api.discard_refresh(api.get_user_group(hundred.uuid), held.uuid, acting_user=LearnerFactory(username="staff"))
    (found,) = reconcile.check_sample(COURSE, 15, chance=random.Random(1))
    assert (len(found.unexpected), found.repaired) == (15, False)
    assert len(member_ids(hundred)) == 100
    marks.mark({Touched(next(iter(found.unexpected)))}, "test")
    drain()
    assert len(member_ids(hundred)) == 99  # An event is no check.


def test_whom_a_person_has_decided_to_keep_joins_no_other_group(hundred):
    here = create_group(COURSE, rule(criterion("last_login", operator="<=", days=10)))
    staff = LearnerFactory(username="staff")
    UserGroup.objects.filter(pk=hundred.pk).update(is_frozen=True)  # The collection is made without asking the rule.
    groups = [hundred.uuid, here.uuid]
    api.create_collection(scope=COURSE, name="One", groups=groups, acting_user=staff)
    UserGroup.objects.filter(pk=hundred.pk).update(is_frozen=False)
    held = request_refresh(api.get_user_group(hundred.uuid), RefreshTrigger.SCHEDULE)
    api.discard_refresh(api.get_user_group(hundred.uuid), held.uuid, acting_user=staff)
    found = reconcile.check_sample(COURSE, 15, chance=random.Random(1))
    assert {(drift.group.pk, drift.repaired) for drift in found} >= {(hundred.pk, False)}
    assert (len(member_ids(hundred)), len(member_ids(here))) == (100, 0)
