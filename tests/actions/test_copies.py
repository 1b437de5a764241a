"""Copies: what is carried over to another scope, what is listed as missing, and how a copy heals."""

from __future__ import annotations

import sys
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from openedx_events.content_authoring.data import CourseData
from openedx_events.content_authoring.signals import COURSE_RERUN_COMPLETED

from openedx_user_groups import api, receivers
from openedx_user_groups.contrib.lms.models import Country
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.data import GroupState, MembershipSource, Rebound, Scope, ScopeType, Unresolved
from openedx_user_groups.exceptions import InvalidInput, NameTaken, WrongMembershipSource
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.testing.factories import LearnerFactory, create_group, criterion, rule
from sandbox.platform.course_groups.models import CohortMembership, CourseCohortsSettings, CourseUserGroup
from sandbox.platform.student.models import UserProfile

pytestmark = pytest.mark.django_db

OLD, NEW = Scope.course("course-v1:DemoX+BIO+2025"), Scope.course("course-v1:DemoX+BIO+2026")
NEVER = criterion("last_login", operator="not_exists")


@pytest.fixture
def staff():
    return LearnerFactory(is_staff=True)


def cohort(scope, name):
    CourseCohortsSettings.objects.get_or_create(course_id=scope.key, defaults={"is_cohorted": True})
    return str(CourseUserGroup.objects.create(course_id=scope.key, name=name, group_type="cohort").pk)


def configs(group):
    return [leaf.config for leaf in load_rule(group).leaves()]


def names(group):
    return set(Membership.objects.filter(user_group=group).values_list("user__username", flat=True))


def state(group):
    (detail,) = api.describe([api.get_user_group(group.uuid)])
    return detail.state, detail.state_reason


def test_a_copy_has_the_rule_and_members_of_its_own(staff):
    LearnerFactory(enrolled_in=OLD, username="old")
    LearnerFactory(enrolled_in=NEW, username="new")
    group = create_group(OLD, rule(NEVER, rule(NEVER, combine="any", negated=False), combine="any"), name="Never")
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    assert (copy.group.name, copy.group.scope, copy.group.copied_from, copy.unresolved) == ("Never", NEW, group, [])
    assert (copy.group.created_by, copy.group.rule_version) == (staff, 1)
    assert (names(group), names(copy.group)) == ({"old"}, {"new"})
    ids = [{node.id for node in load_rule(each).walk()} for each in (group, copy.group)]
    assert len(ids[0]) == len(ids[1]) == 4
    assert ids[0].isdisjoint(ids[1])
    (change,) = api.definition_changes(copy.group)
    assert (change.kind, change.by) == ("copied", staff)


def test_names(staff):
    group = create_group(OLD, rule(NEVER), name="Never")
    copies = [api.copy_user_group(group, scope=OLD, acting_user=staff).group.name for _ in range(3)]
    assert copies == ["Never (copy)", "Never (copy 2)", "Never (copy 3)"]
    with pytest.raises(NameTaken):
        api.copy_user_group(group, scope=OLD, name="never", acting_user=staff)
    with pytest.raises(InvalidInput):
        api.copy_user_group(group, scope=NEW, name=" ", acting_user=staff)
    assert UserGroup.objects.count() == 4
    long = create_group(OLD, rule(NEVER), name="x" * 255)
    assert api.copy_user_group(long, scope=OLD, acting_user=staff).group.name == "x" * 248 + " (copy)"


def test_groups_listed_by_hand_are_not_copied(staff):
    group = api.create_user_group(scope=OLD, name="List", membership_source=MembershipSource.MANUAL, acting_user=staff)
    with pytest.raises(WrongMembershipSource):
        api.copy_user_group(group, scope=NEW, acting_user=staff)
    assert UserGroup.objects.count() == 1


def test_keys_move_into_the_new_course(staff):
    old = "block-v1:DemoX+BIO+2025+type@{}+block@{}"
    other = "block-v1:DemoX+ART+2025+type@problem+block@c"
    group = create_group(
        OLD,
        rule(
            criterion("subsection_grade", operator="<", percent=40, subsection=old.format("sequential", "exam")),
            criterion("completed_block", operator="exists", blocks=[old.format("problem", "a"), other]),
        ),
    )
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    new = old.replace("2025", "2026")
    assert configs(copy.group) == [
        {"operator": "<", "percent": 40, "subsection": new.format("sequential", "exam")},
        {"operator": "exists", "blocks": [new.format("problem", "a"), other]},
    ]
    assert copy.unresolved == []
    assert state(copy.group)[0] == GroupState.FRESH


def test_cohorts_are_found_by_their_name(staff):
    red, blue = cohort(OLD, "Red"), cohort(OLD, "Blue")
    new_red = cohort(NEW, "Red")
    learner = LearnerFactory(enrolled_in=NEW, username="ann")
    CohortMembership.objects.create(course_user_group_id=new_red, user=learner, course_id=NEW.key)
    group = create_group(OLD, rule(criterion("cohort", operator="in", cohorts=[red])))
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    assert configs(copy.group) == [{"operator": "in", "cohorts": [new_red]}]
    assert names(copy.group) == {"ann"}
    group = create_group(OLD, rule(NEVER, criterion("cohort", operator="in", cohorts=[blue, red]), combine="any"))
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    missing = {"pointer": "/rule/nodes/1", "field": "cohorts", "value": blue, "label": "Blue"}
    assert copy.unresolved == [missing]
    assert configs(copy.group)[1] == {"operator": "in", "cohorts": [blue, new_red]}
    assert names(copy.group) == set()


@pytest.fixture
def unresolved(staff):
    """A copy that refers to a cohort that its course does not have."""
    group = create_group(OLD, rule(NEVER, criterion("cohort", operator="in", cohorts=[cohort(OLD, "Red")])))
    LearnerFactory(enrolled_in=NEW, username="ann")
    return api.copy_user_group(group, scope=NEW, acting_user=staff).group


def test_an_unresolved_copy_opens_lists_and_says_why(unresolved, staff, admin_client):
    kind, reason = state(unresolved)
    assert (kind, reason["code"], reason["pointer"]) == (
        GroupState.UNEVALUABLE, "unresolved_reference", "/rule/nodes/1",
    )  # fmt: skip
    assert [reference["label"] for reference in reason["references"]] == ["Red"]
    assert list(api.user_groups(states=["unevaluable"])) == [unresolved]
    assert unresolved not in api.user_groups(states=["fresh", "stale"])
    run = Refresh.objects.get(user_group=unresolved)
    assert (run.state, run.error_code) == ("failed", "unresolved_reference")
    (trouble,) = api.groups_in_trouble()
    assert (trouble.group, trouble.code) == (unresolved, "unresolved_reference")
    for address in ("usergroup/", f"usergroup/{unresolved.pk}/change/", "criterion/"):
        assert admin_client.get(f"/admin/openedx_user_groups/{address}").status_code == 200, address
    criterion_key = Criterion.objects.get(user_group=unresolved, unresolved__isnull=False).pk
    page = admin_client.get(f"/admin/openedx_user_groups/usergroup/{unresolved.pk}/change/").content.decode()
    assert f"/admin/openedx_user_groups/criterion/{criterion_key}/change/" in page
    assert admin_client.get(f"/admin/openedx_user_groups/criterion/{criterion_key}/change/").status_code == 200
    # A copy of the copy still knows what is missing.
    again = api.copy_user_group(unresolved, scope=OLD, acting_user=staff)
    assert [reference["label"] for reference in again.unresolved] == ["Red"]


def test_it_survives_a_change_of_anything_else(unresolved, staff):
    api.update_user_group(unresolved.uuid, changes={"name": "Other"}, rule_version=None, acting_user=staff)
    assert state(unresolved)[0] == GroupState.UNEVALUABLE
    definition = api.describe([unresolved])[0].rule
    with pytest.raises(InvalidInput) as refused:
        api.update_user_group(unresolved.uuid, changes={"rule": definition}, rule_version=1, acting_user=staff)
    assert [violation.pointer for violation in refused.value.violations] == ["/rule/nodes/1/config/cohorts/0"]
    assert state(unresolved)[0] == GroupState.UNEVALUABLE


def test_it_heals_when_the_reference_is_edited(unresolved, staff):
    definition = api.describe([unresolved])[0].rule
    kept = definition["nodes"][1]["id"]
    definition["nodes"][1]["config"]["cohorts"] = [cohort(NEW, "Green")]
    definition["nodes"][1]["config"]["operator"] = "not_in"
    api.update_user_group(unresolved.uuid, changes={"rule": definition}, rule_version=1, acting_user=staff)
    assert state(unresolved) == (GroupState.FRESH, None)
    assert names(unresolved) == {"ann"}
    assert str(load_rule(unresolved).leaves()[1].id) == kept
    assert not Criterion.objects.filter(unresolved__isnull=False).exists()


def test_it_heals_when_the_criterion_is_removed(unresolved, staff):
    definition = api.describe([unresolved])[0].rule
    del definition["nodes"][1]
    api.update_user_group(unresolved.uuid, changes={"rule": definition}, rule_version=1, acting_user=staff)
    assert (state(unresolved)[0], names(unresolved)) == (GroupState.FRESH, {"ann"})


def test_a_reference_that_exists_by_now_is_confirmed_by_saving_the_rule_as_it_is(staff, monkeypatch):
    """The values may be valid, and yet somebody has to say that they are meant."""
    missing = (Unresolved("countries", "ES", "Spain"),)
    monkeypatch.setattr(Country, "rebound", lambda self, source, target: Rebound(self.config, missing))
    learner = LearnerFactory(enrolled_in=NEW, username="ann")
    UserProfile.objects.create(user=learner, country="ES")
    group = create_group(OLD, rule(criterion("country", operator="in", countries=["ES"])))
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff).group
    assert (state(copy)[0], names(copy)) == (GroupState.UNEVALUABLE, set())
    definition = api.describe([copy])[0].rule
    copy = api.update_user_group(copy.uuid, changes={"rule": definition}, rule_version=1, acting_user=staff)
    assert (copy.rule_version, state(copy)[0], names(copy)) == (2, GroupState.FRESH, {"ann"})


def test_types_that_the_scope_does_not_have(staff):
    group = create_group(OLD, rule(criterion("course_grade", operator="exists"), NEVER))
    copy = api.copy_user_group(group, scope=Scope(ScopeType.INSTANCE), acting_user=staff)
    assert copy.unresolved == [
        {"pointer": "/rule/nodes/0", "field": "", "value": "course_grade", "label": "Course grade"}
    ]
    assert state(copy.group)[1]["code"] == "unresolved_reference"


def test_types_that_are_not_installed(staff):
    group = create_group(OLD, rule(criterion("cohort", operator="in", cohorts=[cohort(OLD, "Red")])))
    with registry.without("cohort"):
        copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    assert [reference["value"] for reference in copy.unresolved] == ["cohort"]
    # Back again, it must not evaluate what still names the cohort of the old course.
    assert state(copy.group)[1]["code"] == "unresolved_reference"


def test_a_type_that_fails_is_unresolved_and_nothing_else(staff, monkeypatch):
    def fail(self, source, target):
        raise ZeroDivisionError

    monkeypatch.setattr(Country, "rebound", fail)
    group = create_group(OLD, rule(criterion("country", operator="in", countries=["ES"]), NEVER))
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    assert [reference["value"] for reference in copy.unresolved] == ["country"]


def test_lists_of_learners_are_kept(staff):
    LearnerFactory(enrolled_in=OLD, username="ann")
    ben = LearnerFactory(enrolled_in=[OLD, NEW], username="ben")
    group = create_group(OLD, rule(criterion("learner_list", operator="in", learners=["ann", "ben"])))
    copy = api.copy_user_group(group, scope=NEW, acting_user=staff)
    assert copy.unresolved == []
    assert (names(group), names(copy.group)) == ({"ann", "ben"}, {ben.username})


# Re-runs


@pytest.fixture
def course(staff):
    """Two groups by criteria, one by hand, one archived, one of another course."""
    LearnerFactory(enrolled_in=NEW, username="new")
    groups = {
        "plain": create_group(OLD, rule(NEVER), name="Plain"),
        "cohort": create_group(
            OLD, rule(criterion("cohort", operator="in", cohorts=[cohort(OLD, "Red")])), name="Cohort"
        ),
    }
    api.create_user_group(scope=OLD, name="List", membership_source=MembershipSource.MANUAL, acting_user=staff)
    api.archive_user_group(create_group(OLD, rule(NEVER), name="Gone").uuid, acting_user=staff)
    create_group(Scope.course("course-v1:DemoX+ART+2025"), rule(NEVER), name="Art")
    return groups


def in_new():
    return UserGroup.objects.live().in_scope(NEW).order_by("pk")


def test_a_rerun_gets_the_groups_by_criteria(course):
    report = api.copy_user_groups_to_rerun(OLD, NEW)
    assert [(group.name, group.copied_from) for group in in_new()] == [
        ("Plain", course["plain"]),
        ("Cohort", course["cohort"]),
    ]
    assert [len(copy.unresolved) for copy in report.copies] == [0, 1]
    plain = report.copies[0].group
    assert (names(plain), plain.created_by) == ({"new"}, None)
    assert set(Refresh.objects.filter(user_group__in=in_new()).values_list("trigger", flat=True)) == {"rerun"}
    assert MembershipChange.objects.get(user_group=plain).trigger == "rerun"


def test_a_rerun_is_copied_once(course, staff):
    api.copy_user_groups_to_rerun(OLD, NEW)
    edited, removed = in_new()
    api.update_user_group(edited.uuid, changes={"name": "Edited"}, rule_version=None, acting_user=staff)
    api.archive_user_group(removed.uuid, acting_user=staff)
    report = api.copy_user_groups_to_rerun(OLD, NEW)
    assert (report.copies, report.failed) == ((), ())
    assert set(report.present) == {course["plain"].uuid, course["cohort"].uuid}
    assert [group.name for group in in_new()] == ["Edited"]
    create_group(OLD, rule(NEVER), name="Later")
    assert [copy.group.name for copy in api.copy_user_groups_to_rerun(OLD, NEW).copies] == ["Later"]


def test_a_group_that_fails_does_not_stop_the_others(course, monkeypatch):
    UserGroup.objects.filter(pk=course["plain"].pk).update(name="")
    report = api.copy_user_groups_to_rerun(OLD, NEW)
    assert report.failed == (course["plain"].uuid,)
    assert [group.name for group in in_new()] == ["Cohort"]


def known_source(course_key):
    """What a site's own callable may answer."""
    return OLD.course_key if str(course_key) == NEW.key else None


def send_rerun(scope):
    return COURSE_RERUN_COMPLETED.send_event(course=CourseData(course_key=scope.course_key))


def test_the_platform_tells_of_a_rerun(course, settings, monkeypatch):
    # The tests' modules have no names by which they could be imported.
    monkeypatch.setitem(sys.modules, "site_of_these_tests", sys.modules[__name__])
    settings.OPENEDX_USER_GROUPS_RERUN_SOURCE = "site_of_these_tests.known_source"
    send_rerun(Scope.course("course-v1:DemoX+BIO+2027"))
    assert not in_new()
    settings.OPENEDX_USER_GROUPS_COPY_ON_RERUN = False
    send_rerun(NEW)
    assert not in_new()
    settings.OPENEDX_USER_GROUPS_COPY_ON_RERUN = True
    send_rerun(NEW)
    send_rerun(NEW)
    assert [group.name for group in in_new()] == ["Plain", "Cohort"]


def test_without_the_platforms_record_nobody_knows_the_source(course, caplog):
    assert receivers.source_of_rerun(NEW.course_key) is None
    send_rerun(NEW)
    assert not in_new()
    assert "Run copy_user_groups" in caplog.text


def test_command(course):
    out = StringIO()
    call_command("copy_user_groups", OLD.key, NEW.key, stdout=out)
    lines = out.getvalue().splitlines()
    assert [line.split(" ", 1)[1] for line in (lines[0], lines[1])] == ["Plain", "Cohort"]
    assert lines[2].startswith("  unresolved: /rule/nodes/0 cohorts ")
    assert lines[3] == "2 copied, 0 present already, 0 failed"
    with pytest.raises(CommandError, match="not the key of a course"):
        call_command("copy_user_groups", "nonsense", NEW.key, stdout=out)
    with pytest.raises(CommandError, match="no re-run of itself"):
        call_command("copy_user_groups", OLD.key, OLD.key, stdout=out)
