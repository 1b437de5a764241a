"""Events: from a signal of the platform to a mark, and from the mark to memberships in all groups of the scope."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db import connection
from django.db.models import CharField, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openedx_user_groups.contrib.lms.criteria.country import Country
from openedx_user_groups.contrib.lms.criteria.last_login import LastLogin
from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.criteria_api import Fact
from openedx_user_groups.data import GroupState, MembershipSource, RefreshState, RefreshTrigger, Scope, ScopeType
from openedx_user_groups.evaluation.learners import answer_rules
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.groups.changes import Change, Touched
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh import brake, intake, marks
from openedx_user_groups.refresh import drain as drain_module
from openedx_user_groups.refresh.drain import Drained, drain
from openedx_user_groups.refresh.drift import groups_to_check
from openedx_user_groups.refresh.marks import LearnerMark
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.refresh.reconcile import scopes_to_check
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.organizations.models import Organization, OrganizationCourse
from sandbox.platform.student.models import CourseEnrollment, LanguageProficiency, UserProfile

BACKEND = Path(__file__).resolve().parents[2] / "backend"
pytestmark = pytest.mark.django_db

IDLE = criterion("last_login", operator=">", days=10)
SPANISH = criterion("country", operator="in", countries=["ES"])


@pytest.fixture(autouse=True)
def now(settings):
    """The rules' clock is the real one."""
    settings.OPENEDX_USER_GROUPS_CLOCK = "django.utils.timezone.now"


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    """A transaction whose end is seen: what it does on commit is done."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def learner(days_ago: float, **account: object) -> User:
    return LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=days_ago), **account)


def sign_in(user: User) -> None:
    """As Django does: it writes the date, then everybody else hears of it."""
    user_logged_in.send(sender=type(user), request=None, user=user)


def names(group: UserGroup) -> set[str]:
    return set(Membership.objects.filter(user_group=group).values_list("user__username", flat=True))


def rows() -> list[tuple[int, str, str]]:
    return sorted(LearnerMark.objects.values_list("user_id", "scope_type", "scope_key"))


# ---- Receivers -------------------------------------------------------------------------------------------------------
#: What the sandbox has; on the platform it is the same list.
RECEIVERS = [
    "COHORT_MEMBERSHIP_UPDATED",
    "COURSE_ACCESS_ROLE_ADDED",
    "COURSE_ACCESS_ROLE_REMOVED",
    "COURSE_ENROLLMENT_CHANGED",
    "COURSE_ENROLLMENT_CREATED",
    "COURSE_PASSING_STATUS_UPDATED",
    "COURSE_UNENROLLMENT_COMPLETED",
    "CERTIFICATE_CHANGED",
    "CERTIFICATE_CREATED",
    "CERTIFICATE_REVOKED",
    "PERSISTENT_GRADE_SUMMARY_CHANGED",
    "SESSION_LOGIN_COMPLETED",
    "STUDENT_REGISTRATION_COMPLETED",
    "USER_FIELDS_CHANGED",
    "post_delete completion.BlockCompletion",
    "post_delete grades.PersistentSubsectionGrade",
    "post_delete student.LanguageProficiency",
    "post_delete teams.CourseTeamMembership",
    "post_save completion.BlockCompletion",
    "post_save grades.PersistentSubsectionGrade",
    "post_save student.LanguageProficiency",
    "post_save teams.CourseTeamMembership",
    "user_logged_in",
]
COUNT_RECEIVERS = """
import django; django.setup()
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_delete, post_save
from django.utils.module_loading import import_string
from openedx_events.tooling import OpenEdxPublicSignal
from openedx_user_groups.refresh.intake import Receiver
signals = [user_logged_in, post_delete, post_save, *OpenEdxPublicSignal.all_events()]
signals.append(import_string("common.djangoapps.util.model_utils.USER_FIELDS_CHANGED"))
signals.append(import_string("openedx.core.djangoapps.course_groups.signals.signals.COHORT_MEMBERSHIP_UPDATED"))
found = [entry[1] for signal in signals for entry in signal.receivers if isinstance(entry[1], Receiver)]
print("\\n".join(receiver.name for receiver in found))
"""


def test_a_fresh_process_has_each_receiver_once():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "sandbox.settings", "PYTHONPATH": str(BACKEND)}
    command = [sys.executable, "-c", COUNT_RECEIVERS]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert sorted(output.split("\n")[:-1]) == sorted(RECEIVERS)


def test_connecting_again_connects_nothing_twice():
    before = len(user_logged_in.receivers)
    assert sorted(intake.connect()) == sorted(RECEIVERS)
    assert len(user_logged_in.receivers) == before


def test_what_this_process_lacks_is_left_out(monkeypatch):
    changes = (
        Change("no.such.module.SIGNAL", lambda event: None),
        Change("django.db.models.signals.post_save", lambda event: None, "no_app.NoModel"),
    )
    monkeypatch.setattr(LastLogin, "changes", changes)
    assert sorted(intake.connect()) == sorted(set(RECEIVERS) - {"user_logged_in", "SESSION_LOGIN_COMPLETED"})


@pytest.mark.parametrize("changes", [("no.signal",), Change("no.signal", lambda event: None), None, "no.signal"])
def test_what_is_no_change_does_not_keep_the_site_from_starting(monkeypatch, changes):
    monkeypatch.setattr(LastLogin, "changes", changes)
    assert sorted(intake.connect()) == sorted(set(RECEIVERS) - {"user_logged_in", "SESSION_LOGIN_COMPLETED"})


# ---- Marks -----------------------------------------------------------------------------------------------------------
def test_enrolling_sends_two_signals_and_leaves_one_mark(commit):
    user = LearnerFactory()
    with commit() as callbacks:
        CourseEnrollment.objects.create(user=user, course_id=COURSE.course_key)
    assert len(callbacks) == 2
    assert rows() == [(user.pk, "", "")]


def test_a_storm_of_one_learner_is_one_mark(commit, django_assert_num_queries):
    user = learner(20)
    with commit():
        for _ in range(20):
            sign_in(user)
    assert rows() == [(user.pk, "", "")]
    with django_assert_num_queries(1):
        marks.mark({Touched(user.pk)}, "login")


def test_a_mark_is_written_on_commit_only(commit):
    user = learner(20)
    with commit() as callbacks:
        sign_in(user)
        assert rows() == []
    assert len(callbacks) == 1
    assert rows() == [(user.pk, "", "")]


def test_the_wider_mark_includes_the_narrower():
    marks.mark({Touched(1, COURSE), Touched(1), Touched(2, COURSE)}, "test")
    assert rows() == [(1, "", ""), (2, "course", COURSE.key)]


def test_a_field_of_the_account_marks_for_its_criteria_only(commit):
    user = learner(1)
    LearnerMark.objects.all().delete()
    with commit():
        user.first_name = "Ann"
        user.save()
    assert rows() == []
    with commit():
        user.email = "ann@example.org"
        user.save()
    assert rows() == [(user.pk, "", "")]


def test_languages_are_written_in_bulk_with_a_profile_that_changes_otherwise(commit):
    """As the platform does it."""
    profile = UserProfile.objects.create(user=learner(1), name="Ann")
    group = create_group(COURSE, rule(criterion("spoken_language", operator="in", languages=["es"])))
    with commit():
        profile.name = "Ann B."
        profile.save()
        LanguageProficiency.objects.bulk_create([LanguageProficiency(user_profile=profile, code="es")])
    drain()
    assert names(group) == {profile.user.username}


def test_very_many_marks_are_several_statements(settings, django_assert_num_queries):
    settings.OPENEDX_USER_GROUPS_WRITE_CHUNK_SIZE = 4
    touched = [Touched(number, COURSE) for number in range(1, 11)]
    with django_assert_num_queries(3):
        marks.mark(touched, "test")
    assert len(rows()) == 10


def test_an_event_that_cannot_be_read_spoils_nothing(commit):
    with commit() as callbacks:
        assert user_logged_in.send_robust(sender=User, request=None, user=object())[-1][1] is None
    assert callbacks == []


def test_claimed_marks_are_left_alone_and_a_new_token_stays():
    marks.mark({Touched(1), Touched(2)}, "test")
    mine = marks.claim(10)
    assert {mark.user_id for mark in mine} == {1, 2}
    assert marks.claim(10) == []
    marks.mark({Touched(2)}, "again")  # While the first is being drained.
    marks.close(mine)
    assert [mark.user_id for mark in marks.claim(10)] == [2]


def test_claims_run_out():
    marks.mark({Touched(1)}, "test")
    marks.claim(10)
    LearnerMark.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    assert [mark.user_id for mark in marks.claim(10)] == [1]


def test_touched_since_knows_drained_and_waiting_marks():
    began = timezone.now()
    elsewhere = Scope.course("course-v1:Example+Other+1")
    marks.mark({Touched(1), Touched(2, COURSE), Touched(3, elsewhere)}, "test")
    marks.close(marks.claim(10))
    marks.mark({Touched(4, COURSE)}, "test")
    assert set(marks.touched_since(COURSE, began)) == {1, 2, 4}
    assert set(marks.waiting(COURSE)) == {4}
    assert set(marks.touched_since(COURSE, began + timedelta(minutes=2))) == set()


def test_purge_keeps_what_a_run_may_need():
    marks.mark({Touched(1)}, "test")
    marks.close(marks.claim(10))
    later = timezone.now() + timedelta(hours=2)
    run = Refresh.objects.create(
        user_group=UserGroupFactory(), trigger="schedule", state=RefreshState.RUNNING, rule_version=1,
        requested_at=timezone.now(), started_at=timezone.now() - timedelta(minutes=5),
    )  # fmt: skip
    assert marks.purge(later) == 0
    run.state = RefreshState.SUCCEEDED
    run.save()
    assert marks.purge(timezone.now()) == 0
    assert marks.purge(later) == 1


# ---- Draining --------------------------------------------------------------------------------------------------------
@pytest.fixture
def group() -> UserGroup:
    learner(20, username="idle")
    learner(30, username="long_idle")
    learner(1, username="busy")
    return create_group(COURSE, rule(IDLE))


def test_a_login_takes_the_learner_out_of_the_group(group, commit):
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain() == Drained(marks=1, answers=1, groups_changed=1)
    assert names(group) == {"long_idle"}
    group.refresh_from_db()
    run = Refresh.objects.get(user_group=group, trigger=RefreshTrigger.EVENT)
    assert (group.member_count, group.members_as_of, group.state) == (1, run.as_of, GroupState.FRESH)
    assert (run.state, run.added_count, run.removed_count, run.member_count) == (RefreshState.SUCCEEDED, 0, 1, 1)
    change = MembershipChange.objects.get(refresh=run)
    assert (change.user.username, change.kind, change.rule_version) == ("idle", "removed", 1)
    assert marks.pending_count() == 0


def test_nothing_is_written_where_nothing_changes(group, commit):
    before = list(Membership.objects.values()), Refresh.objects.count(), MembershipChange.objects.count()
    with commit():
        sign_in(User.objects.get(username="busy"))
    assert drain().groups_changed == 0
    assert (list(Membership.objects.values()), Refresh.objects.count(), MembershipChange.objects.count()) == before


def test_joining_and_leaving_the_course(commit):
    group = create_group(COURSE, rule(criterion("last_login", operator="not_exists")))
    user = LearnerFactory(username="new")
    with commit():
        enrollment = CourseEnrollment.objects.create(user=user, course_id=COURSE.course_key)
    drain()
    assert names(group) == {"new"}
    assert set(Membership.objects.values_list("origin", flat=True)) == {RefreshTrigger.EVENT}
    with commit():
        enrollment.is_active = False
        enrollment.save()
    drain()
    assert names(group) == set()


def test_every_scope_of_the_learner_is_answered(commit, settings):
    organization = Scope(ScopeType.ORGANIZATION, "Example")
    CourseOverview.objects.create(id=COURSE.course_key, org="Example")
    user = learner(20, username="idle")
    groups = [create_group(scope, rule(IDLE)) for scope in (COURSE, organization, Scope(ScopeType.INSTANCE))]
    assert [names(group) for group in groups] == [{"idle"}] * 3
    with commit():
        sign_in(user)
    assert drain() == Drained(marks=1, answers=3, groups_changed=3)
    assert [names(group) for group in groups] == [set()] * 3


def test_organizations_that_differ_in_case_alone_share_no_learners(commit):
    """To MySQL their keys are the same text. Administrators write one in one way, and its courses in both."""
    Organization.objects.create(short_name="AcmeX", name="Acme")
    users, groups = [], []
    for name, number in (("AcmeX", 1), ("acmex", 2)):
        key = f"course-v1:{name}+{number}+1"
        CourseOverview.objects.create(id=key, org=name)
        groups.append(create_group(Scope(ScopeType.ORGANIZATION, name), rule(IDLE)))
        users.append(LearnerFactory(enrolled_in=key, last_login=timezone.now() - timedelta(days=20)))
    marks.mark({Touched(user.pk) for user in users}, "test")
    drain()
    assert [names(group) for group in groups] == [{user.username} for user in users]
    assert scopes_to_check() == [group.scope for group in groups]
    for group in groups:
        assert [row.pk for row in groups_to_check(group.scope)] == [group.pk]


def test_a_learner_whose_enrollment_was_deleted_leaves(commit):
    user = learner(20)
    everywhere = [COURSE, Scope(ScopeType.ORGANIZATION, "Example")]
    CourseOverview.objects.get_or_create(id=COURSE.course_key, defaults={"org": "Example"})
    groups = [create_group(scope, rule(IDLE)) for scope in everywhere]
    assert [names(group) for group in groups] == [{user.username}] * 2
    with commit():
        CourseEnrollment.objects.get(user=user).delete()
    drain()
    assert [names(group) for group in groups] == [set()] * 2


def test_a_nearer_change_in_time_brings_the_next_refresh_forward(commit):
    learner(1)
    group = create_group(COURSE, rule(IDLE))
    own = create_group(COURSE, rule(IDLE))
    UserGroup.objects.filter(pk=own.pk).update(refresh_interval=600)
    due = timezone.now() + timedelta(hours=5)
    UserGroup.objects.update(next_refresh_at=due)
    for minutes, expected in ((400, 300), (15, 15), (60, 15), (1, 10)):
        user = learner(10)
        User.objects.filter(pk=user.pk).update(last_login=user.last_login + timedelta(minutes=minutes))
        with commit():
            marks.mark({Touched(user.pk)}, "test")
            drain()
        group.refresh_from_db()
        assert abs(group.next_refresh_at - timezone.now() - timedelta(minutes=expected)) < timedelta(minutes=1)
    own.refresh_from_db()
    assert own.next_refresh_at == due


@pytest.mark.parametrize("state", [GroupState.STALE, GroupState.UNEVALUABLE])
def test_a_group_that_waits_for_something_else_is_not_brought_forward(commit, state):
    group = create_group(COURSE, rule(IDLE))
    due = timezone.now() + timedelta(hours=5)
    UserGroup.objects.update(next_refresh_at=due, state=state, state_code=brake.DISCARDED)
    user = learner(9.99)
    with commit():
        marks.mark({Touched(user.pk)}, "test")
        drain()
    group.refresh_from_db()
    assert group.next_refresh_at == due


def test_groups_that_events_leave_alone(group, commit):
    for change in ({"is_frozen": True}, {"is_enabled": False}, {"live": None}, {"state": GroupState.HELD},
                   {"members_rule_version": 7}, {"members_rule_version": None},
                   {"membership_source": MembershipSource.MANUAL}):  # fmt: skip
        UserGroup.objects.filter(pk=group.pk).update(**change)
        with commit():
            sign_in(User.objects.get(username="idle"))
        assert drain().groups_changed == 0
        UserGroup.objects.filter(pk=group.pk).update(
            is_frozen=False, is_enabled=True, live=True, state=GroupState.FRESH, members_rule_version=1,
            membership_source=MembershipSource.CRITERIA,
        )  # fmt: skip
    assert names(group) == {"idle", "long_idle"}


def test_a_first_run_that_is_being_written_is_waited_for(group, commit, monkeypatch):
    """Its group is not answerable yet, and may be once the scope is free: the scope is taken, whoever holds it."""
    UserGroup.objects.filter(pk=group.pk).update(members_rule_version=None)

    def write_first_run(scope):
        UserGroup.objects.filter(pk=group.pk).update(members_rule_version=1)

    monkeypatch.setattr("openedx_user_groups.refresh.drain.lock_scope", write_first_run)
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain().groups_changed == 1
    assert names(group) == {"long_idle"}


def test_an_unexpected_error_in_one_scope_stops_no_other(group, commit, monkeypatch):
    elsewhere = Scope(ScopeType.INSTANCE)
    site = create_group(elsewhere, rule(IDLE))

    def fail(scope):
        if scope == COURSE:
            raise ZeroDivisionError

    monkeypatch.setattr("openedx_user_groups.refresh.drain.lock_scope", fail)
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain() == Drained(marks=0, answers=1, groups_changed=1)
    assert (names(group), names(site)) == ({"idle", "long_idle"}, {"long_idle"})
    assert marks.pending_count() == 1


@pytest.mark.parametrize("size", [1, 10])
def test_a_mark_that_cannot_be_drained_does_not_keep_others(group, commit, monkeypatch, settings, size):
    settings.OPENEDX_USER_GROUPS_DRAIN_BATCH_SIZE = size
    unlucky = User.objects.get(username="long_idle").pk
    courses = drain_module.courses_of_learners

    def fail(user_ids):
        if unlucky in user_ids:
            raise ZeroDivisionError
        return courses(user_ids)

    monkeypatch.setattr(drain_module, "courses_of_learners", fail)
    marks.mark({Touched(unlucky)}, "test")
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain().marks == 1
    assert names(group) == {"long_idle"}
    assert marks.waiting(COURSE) == IdSet([unlucky])


def test_an_enrollment_in_what_is_no_course_keeps_nobody_waiting(group, commit):
    odd, idle = User.objects.get(username="long_idle"), User.objects.get(username="idle")
    CourseEnrollment.objects.filter(user=learner(20)).update(user=odd, course=Value("nonsense", CharField()))
    with commit():
        sign_in(odd)
        sign_in(idle)
    assert drain() == Drained(marks=2, answers=2, groups_changed=1)
    assert names(group) == set()


def test_a_course_of_an_organization_whose_key_is_none(commit):
    organization = Scope(ScopeType.ORGANIZATION, "Example")
    CourseOverview.objects.create(id=COURSE.course_key, org="Example")
    user = learner(20, username="idle")
    group = create_group(organization, rule(IDLE))
    linked = Organization.objects.create(name="Example", short_name="Example", active=True)
    OrganizationCourse.objects.create(course_id="nonsense", organization=linked, active=True)
    with commit():
        sign_in(user)
    assert drain() == Drained(marks=1, answers=1, groups_changed=1)
    assert names(group) == set()


def test_what_could_not_be_answered_is_due_soon(group, commit, monkeypatch):
    UserGroup.objects.filter(pk=group.pk).update(next_refresh_at=timezone.now() + timedelta(days=300))

    def fail(*args):
        raise SourceUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(LastLogin, "fact", fail)
        with commit():
            sign_in(User.objects.get(username="idle"))
        drain()
    group.refresh_from_db()
    assert (group.state, group.state_code) == (GroupState.STALE, "source_unavailable")
    assert group.next_refresh_at <= timezone.now() + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("error", "code"), [(SourceUnavailable(), "source_unavailable"), (ZeroDivisionError(), "criterion_failed")]
)
def test_a_rule_without_an_answer_leaves_its_members_and_no_other_group(group, commit, monkeypatch, error, code):
    UserProfile.objects.bulk_create([UserProfile(user=User.objects.get(username="idle"), country="ES")])
    idle_or_spanish = create_group(COURSE, rule(IDLE, SPANISH, combine="any"))
    other = create_group(COURSE, rule(IDLE, criterion("account_age", operator=">=", days=0)))

    def fail(self, context):
        raise error

    monkeypatch.setattr(Country, "fact", fail)
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain().groups_changed == 2
    idle_or_spanish.refresh_from_db()
    assert names(idle_or_spanish) == {"idle", "long_idle"}
    assert (idle_or_spanish.state, idle_or_spanish.state_code) == (GroupState.STALE, code)
    assert (names(group), names(other)) == ({"long_idle"}, {"long_idle"})


def test_an_error_of_the_database_takes_down_its_rules_only(group, commit, monkeypatch):
    broken = create_group(COURSE, rule(IDLE, criterion("country", operator="not_exists")))
    rows = ProfileRow.objects.extra(where=["no_such_column = 1"])
    monkeypatch.setattr(Country, "fact", lambda self, context: Fact(rows, value="country"))
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain().groups_changed == 1
    assert (names(group), names(broken)) == ({"long_idle"}, {"idle", "long_idle"})
    assert UserGroup.objects.get(pk=broken.pk).state == GroupState.STALE


def test_missing_type_is_unevaluable(group, commit):
    UserGroup.objects.filter(pk=group.pk).update(uuid=UserGroupFactory.build().uuid)  # Nobody has parsed its rule.
    with registry.without("last_login"):
        with commit():
            CourseEnrollment.objects.filter(user__username="idle").first().save()
        assert drain().groups_changed == 0
    group.refresh_from_db()
    assert (group.state, group.state_code) == (GroupState.UNEVALUABLE, "criterion_type_missing")
    assert names(group) == {"idle", "long_idle"}


@pytest.mark.parametrize("nonsense", [Touched("ann"), Touched(None), 5, [], object()])
def test_who_names_nobody_spoils_neither_the_request_nor_the_marks_of_others(nonsense, commit, caplog):
    def answer(event: object) -> Touched:
        return Touched(1)

    receiver = intake.Receiver("test", [Change("a.b", lambda event: nonsense), Change("a.c", answer)])
    with commit():
        receiver(sender=None)
    assert [mark.user_id for mark in LearnerMark.objects.all()] == [1]
    assert "It cannot be told whom test is about." in caplog.text


def test_a_type_that_answers_no_learners_waits_for_its_schedule(group, commit, monkeypatch):
    monkeypatch.setattr(LastLogin, "answers_learners", False)
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain() == Drained(marks=1, answers=1, groups_changed=0)


def test_a_source_of_its_own_is_asked_for_these_learners_only(group, monkeypatch):
    asked = []

    def matching_among(self, context, user_ids):
        asked.append(set(user_ids))
        return IdSet(user_ids)

    monkeypatch.setattr(LastLogin, "fact", lambda self, context: None)
    monkeypatch.setattr(LastLogin, "matching_among", matching_among)
    busy = User.objects.get(username="busy").pk
    answers = answer_rules({"rule": load_rule(group)}, COURSE, timezone.now(), IdSet([busy, 999_999]))
    assert (asked, answers.matching["rule"]) == ([{busy}], IdSet([busy]))


def test_the_brake_is_not_for_events(group, commit, settings):
    """Each tells of one learner, whose data did change; how many come together is chance."""
    settings.OPENEDX_USER_GROUPS_BRAKE_MINIMUM, settings.OPENEDX_USER_GROUPS_BRAKE_PERCENT = 1, 10
    assert group.memberships.count() == 2
    with commit():
        sign_in(User.objects.get(username="idle"))
    assert drain().groups_changed == 1
    assert group.memberships.count() == 1


@pytest.mark.parametrize("groups", [1, 10, 40])
def test_statements_do_not_depend_on_the_groups(groups, commit):
    user = learner(20)
    UserProfile.objects.bulk_create([UserProfile(user=user, country="FR")])
    with commit():  # The rules are known then.
        for days in range(groups):
            away = criterion("last_login", operator=">", days=days % 10 + 5)
            create_group(COURSE, rule(away, SPANISH, combine="any"))
    statements = []
    soon = timezone.now() - timedelta(days=5 - 0.5)
    UserGroup.objects.update(next_refresh_at=timezone.now() + timedelta(days=10))
    for last_login in (timezone.now() - timedelta(days=25), timezone.now(), timezone.now() - timedelta(days=30), soon):
        User.objects.filter(pk=user.pk).update(last_login=last_login)
        marks.mark({Touched(user.pk)}, "test")
        with CaptureQueriesContext(connection) as captured:
            changed = drain().groups_changed
        statements.append((changed, len(captured)))
    # Nothing changes; all lose a member, and are due earlier; all win one; all lose one, and are due earlier still.
    # MySQL does not return the keys of new rows: it is asked for those of the runs.
    keys = 0 if connection.features.can_return_rows_from_bulk_insert else 1
    reads = 2 if connection.vendor == "postgresql" else 0  # The savepoint that they share.
    change = 22 + reads + keys
    assert statements == [(0, 15 + reads), (groups, change), (groups, change - 1), (groups, change)]
