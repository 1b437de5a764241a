"""All groups of a scope answered for a few learners: who of several groups gets a learner, and who keeps whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.data import RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh import answering
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("is_exclusive", "joined"), [(False, True), (True, False)])
def test_a_group_that_was_edited_meanwhile_keeps_its_learners(is_exclusive, joined):
    """Only in an exclusive collection does a learner have to leave one group to join another."""
    learner = LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=20))
    edited = create_group(COURSE, rule(criterion("last_login", operator=">", days=10)))
    other = create_group(COURSE, rule(criterion("last_login", operator="<=", days=10)))
    api.create_collection(
        scope=COURSE,
        name="Both",
        is_exclusive=is_exclusive,
        groups=[edited.uuid, other.uuid],
        acting_user=LearnerFactory(username="staff"),
    )
    type(learner).objects.filter(pk=learner.pk).update(last_login=timezone.now())
    found = answering.differences(COURSE, IdSet([learner.pk]), timezone.now())
    assert {each.group.pk for each in found} == {edited.pk, other.pk}
    UserGroup.objects.filter(pk=edited.pk).update(rule_version=2)  # A run of its own follows.
    written = answering.write(found, RefreshTrigger.EVENT, timezone.now())
    assert [group.pk for group in written.groups] == ([other.pk] if joined else [])
    groups_of_the_learner = set(Membership.objects.filter(user=learner).values_list("user_group", flat=True))
    assert groups_of_the_learner == ({edited.pk, other.pk} if joined else {edited.pk})
