"""When groups are due, which are taken, and how failures are tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.criteria.country import Country
from openedx_user_groups.contrib.lms.criteria.last_login import LastLogin
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import GroupState, RefreshState, RefreshTrigger, Scope
from openedx_user_groups.groups.models import Collection, UserGroup
from openedx_user_groups.refresh import leases, schedule
from openedx_user_groups.refresh.models import Refresh, Slot
from openedx_user_groups.refresh.runs import request_refresh, run
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, UserGroupFactory, criterion, rule

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
IDLE = criterion("last_login", operator=">", days=10)
ABROAD = criterion("country", operator="not_in", countries=["ES"])


def due_group(minutes_ago: float = 1, **values: object) -> UserGroup:
    return UserGroupFactory(rule=rule(IDLE), next_refresh_at=NOW - timedelta(minutes=minutes_ago), **values)


def group_with(number: int) -> UserGroup:
    return UserGroup(uuid=UUID(int=number), scope_type=COURSE.type, scope_key=COURSE.key)


class TestCadence:
    def test_the_types_word_its_sources_and_the_sites(self, settings):
        assert schedule.cadence(LastLogin) == timedelta(hours=6)
        assert schedule.cadence(registry.find("course_progress")) == timedelta(days=1)
        settings.OPENEDX_USER_GROUPS_CADENCE = 100
        assert schedule.cadence(Country) == timedelta(minutes=100)
        settings.OPENEDX_USER_GROUPS_CADENCES = {"last_login": 30}
        assert schedule.cadence(LastLogin) == timedelta(minutes=30)

    def test_the_shortest_of_the_criteria_or_the_groups_own(self):
        group = group_with(0)  # The one that is not spread.
        both = parse_rule(rule(ABROAD, IDLE), COURSE)
        assert schedule.next_refresh(group, both, NOW, NOW) == NOW + timedelta(hours=6)
        group.refresh_interval = 45
        assert schedule.next_refresh(group, both, NOW, NOW) == NOW + timedelta(minutes=45)

    def test_a_change_at_the_end_of_time_is_no_reason_to_fail(self, monkeypatch):
        """The clock of the rules may stand still, and ours goes on."""
        monkeypatch.setattr(schedule, "next_change", lambda *args: datetime.max.replace(tzinfo=UTC))
        tree, later = parse_rule(rule(IDLE), COURSE), NOW + timedelta(days=1)
        assert schedule.next_refresh(group_with(0), tree, NOW, later) == later + timedelta(hours=6)

    def test_groups_are_spread_over_a_tenth_of_the_interval(self):
        tree = parse_rule(rule(IDLE), COURSE)
        times = [schedule.next_refresh(group_with(n), tree, NOW, NOW) - NOW for n in range(997)]
        assert (max(times), len(set(times))) == (timedelta(hours=6), 997)
        assert timedelta(hours=5, minutes=24) < min(times) < timedelta(hours=5, minutes=25)

    def test_the_next_change_in_time_comes_first(self, monkeypatch):
        group, tree = group_with(0), parse_rule(rule(IDLE), COURSE)
        as_of = NOW - timedelta(days=400)  # The clock of the rules stands still on some sites.
        for later, expected in ((timedelta(hours=2), 120), (timedelta(seconds=3), 10), (timedelta(days=9), 360)):
            monkeypatch.setattr(schedule, "_next_change", lambda *args, later=later: as_of + later)
            assert schedule.next_refresh(group, tree, as_of, NOW) == NOW + timedelta(minutes=expected)


class TestEnqueueing:
    def test_what_is_due_and_nothing_else(self):
        due = due_group()
        due_group(-1)  # Not yet.
        for values in ({"is_enabled": False}, {"is_frozen": True}, {"live": None}, {"state": GroupState.HELD}):
            due_group(**values)
        UserGroupFactory(manual=True, next_refresh_at=NOW - timedelta(days=1))
        busy = due_group()
        leases.open_run(busy, Slot.QUEUED, trigger=RefreshTrigger.MANUAL)
        (refresh,) = schedule.enqueue_due(NOW)
        assert (refresh.user_group, refresh.slot, refresh.trigger) == (due, Slot.QUEUED, RefreshTrigger.SCHEDULE)
        assert schedule.enqueue_due(NOW) == []

    def test_the_longest_waiting_first_and_never_too_many_at_once(self, settings):
        settings.OPENEDX_USER_GROUPS_SCHEDULE_LIMIT = 2
        groups = [due_group(minutes) for minutes in (1, 3, 2)]
        first = schedule.enqueue_due(NOW)
        assert [refresh.user_group for refresh in first] == [groups[1], groups[2]]
        assert schedule.enqueue_due(NOW) == []  # Two are waiting.
        leases.claim(first[0].pk)
        assert [refresh.user_group for refresh in schedule.enqueue_due(NOW)] == [groups[0]]

    def test_all_are_evaluated_for_one_instant(self):
        LearnerFactory(enrolled_in=COURSE)
        groups = [due_group(), due_group(), due_group(scope=Scope.course("course-v1:A+B+C"))]
        for refresh in schedule.enqueue_due(NOW):
            run(refresh.pk)
        instants = {api.get_user_group(group.uuid).members_as_of for group in groups}
        assert len(instants) == 1
        assert {refresh.as_of for refresh in Refresh.objects.all()} == instants

    def test_members_do_not_become_older(self):
        group = due_group()
        (refresh,) = schedule.enqueue_due(NOW)
        later = timezone.now() + timedelta(microseconds=1)
        UserGroup.objects.filter(pk=group.pk).update(members_as_of=later)
        assert run(refresh.pk).as_of > later

    def test_a_run_sets_the_next_one(self):
        group = due_group()
        before = timezone.now()
        request_refresh(group, RefreshTrigger.SCHEDULE)
        # Somebody waited: when time alone changes the members is left to the run that follows.
        after = api.get_user_group(group.uuid).next_refresh_at - before
        assert timedelta(minutes=9) < after < timedelta(minutes=11)

    def test_a_run_computes_when_time_alone_changes_the_members(self):
        LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=9, hours=23))
        LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=3))
        group = due_group()
        before = timezone.now()
        [refresh] = schedule.enqueue_due(timezone.now())
        assert run(refresh.pk).state == RefreshState.SUCCEEDED
        after = api.get_user_group(group.uuid).next_refresh_at - before
        assert timedelta(minutes=59) < after < timedelta(minutes=61)

    def test_a_run_that_waited_computes_the_change_from_the_instant_of_its_rules(self, settings, monkeypatch):
        settings.OPENEDX_USER_GROUPS_CLOCK = "django.utils.timezone.now"
        now = timezone.now()
        LearnerFactory(enrolled_in=COURSE, last_login=now - timedelta(days=9, hours=23))
        groups = [due_group(), due_group()]
        first, second = schedule.enqueue_due(now)
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=25))
        run(first.pk)
        # A group of the same collection is answered for by the run of another one.
        collection = Collection.objects.create(scope_type=COURSE.type, scope_key=COURSE.key, name="One")
        UserGroup.objects.update(collection=collection)
        run(second.pk)
        due = [api.get_user_group(group.uuid).next_refresh_at - now for group in groups]
        assert all(timedelta(minutes=59) < each < timedelta(minutes=61) for each in due)

    def test_a_value_at_the_end_of_the_calendar_keeps_no_group_from_its_refresh(self):
        """A date that stands for "never", or one that is wrong."""
        last = datetime.max.replace(tzinfo=UTC)
        learner = LearnerFactory(enrolled_in=COURSE, last_login=last)
        group = due_group()
        [refresh] = schedule.enqueue_due(timezone.now())
        assert run(refresh.pk).state == RefreshState.SUCCEEDED
        assert api.explain(COURSE, learner.username, user_group=group).next_change is None
        when_it_comes = api.explain(COURSE, learner.username, rule(criterion("last_login", operator=">=", days=0)))
        assert (when_it_comes.matches, when_it_comes.next_change) == (False, None)

    def test_a_group_that_time_does_not_change_waits_for_its_cadence(self):
        group = UserGroupFactory(rule=rule(ABROAD), next_refresh_at=NOW - timedelta(minutes=1))
        before = timezone.now()
        [refresh] = schedule.enqueue_due(timezone.now())
        run(refresh.pk)
        after = api.get_user_group(group.uuid).next_refresh_at - before
        assert timedelta(hours=21, minutes=35) < after < timedelta(hours=24, minutes=1)


class TestFailures:
    def test_each_failure_waits_twice_as_long_up_to_a_limit(self):
        waits = [schedule.retry_at(count, NOW) - NOW for count in (1, 2, 3, 8, 9, 10_000)]
        assert waits == [timedelta(minutes=minutes) for minutes in (5, 10, 20, 640, 1280, 1440)]

    def test_failures_are_counted_until_a_person_asks_or_it_succeeds(self, monkeypatch):
        group = due_group()

        def failures(trigger: RefreshTrigger) -> tuple[int, int]:
            before = timezone.now()
            refresh = request_refresh(group, trigger)
            assert refresh.state == RefreshState.FAILED
            now = api.get_user_group(group.uuid)
            return now.failure_count, round((now.next_refresh_at - before).total_seconds() / 60)

        with monkeypatch.context() as patch:
            patch.setattr(LastLogin, "fact", lambda self, context: 1 / 0)
            assert [failures(RefreshTrigger.SCHEDULE) for _ in range(3)] == [(1, 5), (2, 10), (3, 20)]
            assert failures(RefreshTrigger.MANUAL) == (1, 5)
            assert failures(RefreshTrigger.SCHEDULE) == (2, 10)
        request_refresh(group, RefreshTrigger.SCHEDULE)
        assert api.get_user_group(group.uuid).failure_count == 0

    def test_stale_since_the_first_failure(self, monkeypatch):
        group = due_group()
        with monkeypatch.context() as patch:
            patch.setattr(LastLogin, "fact", lambda self, context: 1 / 0)
            since = set()
            for _ in range(2):
                refresh, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
                run(refresh.pk)
                now = api.get_user_group(group.uuid)
                assert (now.state, now.state_code) == (GroupState.STALE, "criterion_failed")
                since.add(now.state_since)
        assert len(since) == 1

    def test_an_edit_starts_anew(self):
        group = due_group()
        UserGroup.objects.filter(pk=group.pk).update(failure_count=7)
        api.update_user_group(group.uuid, changes={"rule": rule(ABROAD)}, rule_version=1, acting_user=LearnerFactory())
        assert api.get_user_group(group.uuid).failure_count == 0

    def test_another_interval_holds_at_once(self):
        group = UserGroupFactory(rule=rule(IDLE), next_refresh_at=timezone.now() + timedelta(days=9))
        staff = LearnerFactory()
        api.update_user_group(group.uuid, changes={"name": "New"}, rule_version=None, acting_user=staff)
        assert api.get_user_group(group.uuid).next_refresh_at > timezone.now()
        api.update_user_group(group.uuid, changes={"refresh_interval": 5}, rule_version=None, acting_user=staff)
        assert [refresh.user_group for refresh in schedule.enqueue_due(timezone.now())] == [group]
