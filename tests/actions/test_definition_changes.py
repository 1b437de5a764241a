"""The history of definitions: who changed what, in the transaction of the change."""

from __future__ import annotations

import pytest

from openedx_user_groups import api
from openedx_user_groups.data import DefinitionChangeKind, MembershipSource
from openedx_user_groups.exceptions import InvalidInput, NameTaken
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

pytestmark = pytest.mark.django_db

NEVER = rule(criterion("last_login", operator="not_exists"))
EVER = rule(criterion("last_login", operator="exists"))


@pytest.fixture
def staff():
    return LearnerFactory(is_staff=True, username="boss")


@pytest.fixture
def group(staff):
    LearnerFactory(enrolled_in=COURSE)
    return create_group(COURSE, NEVER, name="Never", acting_user=staff)


def changes(group):
    return api.describe_definition_changes(list(api.definition_changes(group)))


def without_ids(definition):
    nodes = [{key: value for key, value in node.items() if key != "id"} for node in definition["rule"]["nodes"]]
    return {**definition, "rule": nodes}


def test_creation_is_the_first_change(group, staff):
    (created,) = changes(group)
    assert (created.change.kind, created.change.by, created.change.rule_version) == ("created", staff, 1)
    assert created.before is None
    assert without_ids(created.after) == {
        "name": "Never",
        "description": "",
        "is_enabled": True,
        "is_frozen": False,
        "refresh_interval": None,
        "max_removal_percent": None,
        "rule": [{"kind": "criterion", "type": "last_login", "config": {"operator": "not_exists"}}],
    }


def test_edit_of_the_rule_keeps_both_rules(group, staff):
    other = LearnerFactory(is_staff=True)
    api.update_user_group(group.uuid, changes={"rule": EVER}, rule_version=1, acting_user=other)
    changed = changes(group)[0]
    assert (changed.change.kind, changed.change.by, changed.change.rule_version) == ("changed", other, 2)
    assert changed.change.changed_fields == ["rule"]
    operators = [side["rule"]["nodes"][0]["config"]["operator"] for side in (changed.before, changed.after)]
    assert operators == ["not_exists", "exists"]


def test_renaming_writes_a_change_and_no_membership(group, staff):
    before = Membership.objects.count(), MembershipChange.objects.count()
    api.update_user_group(group.uuid, changes={"name": "Nie"}, rule_version=None, acting_user=staff)
    assert (Membership.objects.count(), MembershipChange.objects.count()) == before
    changed = changes(group)[0]
    assert changed.change.changed_fields == ["name"]
    assert (changed.before["name"], changed.after["name"]) == ("Never", "Nie")


def test_an_edit_that_changes_nothing_is_no_change(group, staff):
    same = {"name": " Never ", "description": "", "is_enabled": True, "rule": NEVER}
    messages = OutboxMessage.objects.count()
    api.update_user_group(group.uuid, changes=same, rule_version=1, acting_user=staff)
    assert len(changes(group)) == 1
    assert OutboxMessage.objects.count() == messages


def test_a_refused_edit_leaves_no_trace(group, staff):
    create_group(COURSE, EVER, name="Taken")
    before = DefinitionChange.objects.count(), OutboxMessage.objects.count()
    with pytest.raises(NameTaken):
        api.update_user_group(group.uuid, changes={"name": "taken"}, rule_version=None, acting_user=staff)
    with pytest.raises(InvalidInput):
        api.update_user_group(group.uuid, changes={"rule": {}}, rule_version=1, acting_user=staff)
    assert (DefinitionChange.objects.count(), OutboxMessage.objects.count()) == before


def test_history_survives_the_edit_of_the_rule_and_archiving(group, staff):
    joined = set(MembershipChange.objects.filter(user_group=group).values_list("pk", flat=True))
    assert len(joined) == 1
    api.update_user_group(group.uuid, changes={"rule": EVER}, rule_version=1, acting_user=staff)
    api.archive_user_group(group.uuid, acting_user=staff)
    kinds = [detail.change.kind for detail in changes(group)]
    assert kinds == ["archived", "changed", "created"]
    archived = changes(group)[0]
    assert (archived.after, archived.before["name"]) == (None, "Never")
    kept = MembershipChange.objects.filter(user_group=group)
    assert joined < set(kept.values_list("pk", flat=True))
    assert list(kept.order_by("id").values_list("kind", "rule_version", "trigger")) == [
        ("added", 1, "rule_change"),
        ("removed", 2, "rule_change"),
    ]


def test_manual_groups_have_a_history_without_a_rule(staff):
    group = api.create_user_group(
        scope=COURSE, name="List", membership_source=MembershipSource.MANUAL, acting_user=staff
    )
    api.update_user_group(group.uuid, changes={"is_frozen": True}, rule_version=None, acting_user=staff)
    changed, created = changes(group)
    assert (created.after["rule"], changed.change.changed_fields) == (None, ["is_frozen"])


def test_learners_in_a_rule_are_kept_by_id_and_shown_by_their_present_name(staff):
    ann, ben = LearnerFactory(username="ann"), LearnerFactory(username="ben")
    nested = rule(rule(criterion("learner_list", operator="in", learners=["ann", "ben"]), combine="any"))
    group = create_group(COURSE, nested, acting_user=staff)
    stored = DefinitionChange.objects.get()
    assert stored.names_learners
    assert stored.after["rule"]["nodes"][0]["nodes"][0]["config"]["learners"] == [ann.pk, ben.pk]
    assert "ann" not in str(stored.after)
    type(ann).objects.filter(pk=ann.pk).update(username="anna")
    (shown,) = changes(group)
    assert shown.after["rule"]["nodes"][0]["nodes"][0]["config"]["learners"] == ["anna", "ben"]
    assert shown.change.kind == DefinitionChangeKind.CREATED
