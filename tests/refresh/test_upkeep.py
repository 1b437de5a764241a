"""The periodic work: what died, what was lost, what is due; bounded, and never twice at the same time."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import GroupState, RefreshState, RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh import leases, recovery, upkeep
from openedx_user_groups.refresh.models import Refresh, Slot, UpkeepLease
from openedx_user_groups.refresh.runs import run
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, UserGroupFactory, criterion, rule

pytestmark = pytest.mark.django_db

EVERYBODY = rule(criterion("account_age", operator=">=", days=0))


def dead_run(group: UserGroup, attempts: int = 1) -> Refresh:
    """A run whose worker stopped without a word, a second ago."""
    refresh, _is_new = leases.open_run(group, Slot.RUNNING, trigger=RefreshTrigger.SCHEDULE)
    ended = timezone.now() - timedelta(seconds=1)
    Refresh.objects.filter(pk=refresh.pk).update(lease_until=ended, attempts=attempts)
    UserGroup.objects.filter(pk=group.pk).update(state=GroupState.REFRESHING)
    return refresh


@pytest.fixture
def learner() -> object:
    return LearnerFactory(enrolled_in=COURSE)


class TestRecovery:
    def test_a_dead_run_runs_again(self, learner):
        group = UserGroupFactory(rule=EVERYBODY)
        refresh = dead_run(group)
        assert upkeep.keep_up()["recover"] == 1
        refresh.refresh_from_db()
        assert (refresh.state, refresh.attempts) == (RefreshState.SUCCEEDED, 2)
        assert api.get_user_group(group.uuid).state == GroupState.FRESH
        assert Membership.objects.filter(user_group=group).count() == 1

    def test_a_living_run_is_left_alone(self):
        refresh, _is_new = leases.open_run(
            UserGroupFactory(rule=EVERYBODY), Slot.RUNNING, trigger=RefreshTrigger.MANUAL
        )
        assert recovery.recover_dead_runs(timezone.now()) == 0
        refresh.refresh_from_db()
        assert refresh.state == RefreshState.RUNNING

    def test_a_run_that_dies_each_time_is_given_up_and_the_group_says_so(self, learner):
        group = UserGroupFactory(rule=EVERYBODY)
        refresh = dead_run(group, attempts=3)
        assert recovery.recover_dead_runs(timezone.now()) == 0
        refresh.refresh_from_db()
        assert (refresh.state, refresh.error_code, refresh.slot) == (RefreshState.FAILED, "abandoned", None)
        now = api.get_user_group(group.uuid)
        assert (now.state, now.state_code, now.failure_count) == (GroupState.STALE, "abandoned", 1)
        assert now.next_refresh_at > timezone.now()

    def test_a_request_that_waits_takes_the_place_of_a_dead_run(self, learner):
        group = UserGroupFactory(rule=EVERYBODY)
        dead = dead_run(group)
        waiting, _is_new = leases.open_run(group, Slot.QUEUED, trigger=RefreshTrigger.MANUAL)
        assert upkeep.keep_up()["refresh"] == 1
        dead.refresh_from_db()
        waiting.refresh_from_db()
        assert (dead.state, dead.error_code) == (RefreshState.CANCELLED, "abandoned")
        assert waiting.state == RefreshState.SUCCEEDED

    @pytest.mark.slow
    def test_many_dead_runs_recover_a_few_at_a_time(self, learner, settings):
        settings.OPENEDX_USER_GROUPS_RECOVERY_LIMIT = 20
        dead = [dead_run(group).pk for group in UserGroupFactory.create_batch(500, rule=EVERYBODY)]
        rounds = 0
        while recovered := recovery.recover_dead_runs(timezone.now()):
            rounds += 1
            assert recovered == 20
            # However often it is asked: while these are under way, no others are.
            assert recovery.recover_dead_runs(timezone.now()) == 0
            waiting = list(Refresh.objects.filter(slot=Slot.QUEUED).values_list("pk", flat=True))
            assert len(waiting) == 20
            claimed = leases.claim(waiting[0])
            assert recovery.recover_dead_runs(timezone.now()) == 0
            leases.close(claimed, RefreshState.CANCELLED)
            for pk in waiting[1:]:
                assert run(pk).state == RefreshState.SUCCEEDED
        assert rounds == 25
        assert set(Refresh.objects.filter(pk__in=dead).values_list("attempts", flat=True)) == {2}
        assert Membership.objects.count() == 25 * 19


class TestRounds:
    def test_one_round_does_all_and_tells_it(self, learner):
        group = UserGroupFactory(rule=EVERYBODY, name="Everybody", next_refresh_at=timezone.now())
        out = io.StringIO()
        call_command("refresh_user_groups", stdout=out)
        assert out.getvalue().splitlines() == [
            "Learners answered for after events: 0",
            "Refreshes that died, to run again: 0",
            "Refreshes that nobody took, sent again: 0",
            "User groups that are due: 1",
            f"  [1/1] Everybody ({COURSE}): Succeeded, +1 -0",
            "Refreshes carried out here: 1",
            "Differences found and repaired: 0",
            "Old previews forgotten: 0",
            "Messages delivered: 1",
            "Old records deleted: 0",
            "Closed marks deleted: 0",
        ]
        assert api.get_user_group(group.uuid).state == GroupState.FRESH
        row = UpkeepLease.objects.get()
        assert (row.claim_token, row.lease_until) == (None, None)
        assert timezone.now() - row.finished_at < timedelta(minutes=1)

    def test_a_round_during_another_does_nothing(self):
        other = upkeep.Upkeep(timezone.now(), print)
        assert other.begin()
        group = UserGroupFactory(rule=EVERYBODY, next_refresh_at=timezone.now())
        assert upkeep.keep_up() is None
        out = io.StringIO()
        call_command("refresh_user_groups", stdout=out)
        assert out.getvalue() == "Another round is at it. Nothing was done.\n"
        assert not Refresh.objects.filter(user_group=group).exists()
        other.end()
        assert upkeep.keep_up()["schedule"] == 1

    def test_a_round_that_died_is_forgotten_after_its_lease(self, settings):
        assert upkeep.Upkeep(timezone.now(), print).begin()
        assert upkeep.keep_up(now=timezone.now() + timedelta(seconds=601)) is not None

    def test_a_round_that_was_taken_over_stops(self, monkeypatch):
        worked = []

        def lose(current: upkeep.Upkeep) -> int:
            later = upkeep.Upkeep(timezone.now() + timedelta(hours=1), print)
            assert later.begin()
            return 1

        steps = [upkeep.Step("lose", "Lose", lose), upkeep.Step("next", "Next", lambda current: worked.append(1) or 1)]
        monkeypatch.setattr(upkeep, "STEPS", steps)
        assert upkeep.keep_up() == {"lose": 1}
        assert worked == []

    def test_a_step_that_fails_does_not_stop_the_others(self, monkeypatch):
        broken = upkeep.Step("broken", "Broken", lambda current: 1 // 0)
        monkeypatch.setattr(upkeep, "STEPS", [broken, *upkeep.STEPS])
        monkeypatch.setattr("openedx_user_groups.management.commands.refresh_user_groups.STEPS", upkeep.STEPS)
        UserGroupFactory(rule=EVERYBODY, next_refresh_at=timezone.now())
        out = io.StringIO()
        with pytest.raises(SystemExit):
            call_command("refresh_user_groups", stdout=out)
        assert out.getvalue().splitlines()[0] == "Broken: failed. The log says why."
        assert "User groups that are due: 1" in out.getvalue()

    def test_one_group_that_fails_does_not_stop_the_others(self, learner):
        broken = UserGroupFactory(next_refresh_at=timezone.now() - timedelta(days=1))  # Has no rule.
        sound = UserGroupFactory(rule=EVERYBODY, next_refresh_at=timezone.now())
        upkeep.keep_up()
        states = [(group.state, group.state_code) for group in UserGroup.objects.order_by("pk")]
        assert states == [(GroupState.STALE, "no_rule"), (GroupState.FRESH, "")]
        assert (broken.pk, sound.pk) == tuple(UserGroup.objects.order_by("pk").values_list("pk", flat=True))
