"""Probes: marks that nobody drains, groups that are due and that nobody refreshes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from openedx_user_groups.data import RefreshTrigger, Scope
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.models import Refresh, UserGroup
from openedx_user_groups.refresh import health, leases, marks
from openedx_user_groups.refresh.marks import LearnerMark
from openedx_user_groups.refresh.models import Slot
from openedx_user_groups.testing.factories import UserGroupFactory

pytestmark = pytest.mark.django_db

SCOPE = Scope.course("course-v1:DemoX+BIO+2026")


def test_marks_that_wait_too_long():
    now = timezone.now()
    assert health.look(now)["marks"] == health.Health({"pending": 0, "oldest_pending_at": None})
    marks.mark([Touched(1, SCOPE), Touched(2, SCOPE)], "test")
    oldest = LearnerMark.objects.order_by("marked_at")[0].marked_at
    assert health.look(now)["marks"] == health.Health({"pending": 2, "oldest_pending_at": oldest})
    later = oldest + timedelta(seconds=901)
    assert health.look(later)["marks"].problems == ("draining_late",)


def test_groups_that_are_due_too_long():
    now = timezone.now()
    group = UserGroupFactory()
    due_at = now - timedelta(seconds=900)
    UserGroup.objects.filter(pk=group.pk).update(next_refresh_at=due_at)
    assert health.look(now)["schedule"] == health.Health({"due": 1, "oldest_due_at": due_at})
    assert health.look(now + timedelta(seconds=1))["schedule"].problems == ("schedule_late",)
    Refresh.objects.create(
        user_group=group, trigger="schedule", rule_version=1, requested_at=now, slot="queued", state="queued"
    )
    assert health.look(now + timedelta(seconds=1))["schedule"] == health.Health({"due": 0, "oldest_due_at": None})


def test_a_run_is_measured_from_its_start_not_from_its_request():
    refresh, _is_new = leases.open_run(UserGroupFactory(), Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE)
    Refresh.objects.update(requested_at=timezone.now() - timedelta(minutes=20))
    assert health.look(timezone.now())["refreshes"].problems == ("queued_too_long",)
    started_at = leases.claim(refresh.pk).started_at
    found = health.look(timezone.now())["refreshes"]
    assert (found.problems, found.figures["oldest_running_at"]) == ((), started_at)
    assert health.look(started_at + timedelta(seconds=901))["refreshes"].problems == ("running_too_long",)
