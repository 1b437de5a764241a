"""User groups without HTTP: the state that is shown and the one that is filtered by, and names."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from openedx_user_groups import api
from openedx_user_groups.admin.groups import StateFilter
from openedx_user_groups.contrib.lms.criteria.country import Country
from openedx_user_groups.contrib.lms.criteria.gender import Gender
from openedx_user_groups.criteria import storage
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.data import GroupState, Scope
from openedx_user_groups.exceptions import InvalidInput, NameTaken
from openedx_user_groups.groups.models import Collection, UserGroup
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.organizations.models import Organization

pytestmark = pytest.mark.django_db

RECENT = rule(criterion("last_login", operator="<", days=10))
IN_SPAIN = rule(criterion("country", operator="in", countries=["ES"]))
WOMEN = rule(criterion("gender", operator="in", genders=["f"]))

#: What may have become of a saved criterion since it was saved, as a change of its base row.
CHANGES = {
    "none": {},
    "type_missing": {"type_slug": "gone"},
    "operator_gone": {"operator": "~"},
    "unresolved": {"unresolved": [{"field": "days", "value": "1", "label": "One"}]},
    "lost_and_understood": {},
    "lost_and_not_understood": {"config": {"operator": "~"}},
}
SPOILT = {"type_missing", "operator_gone", "unresolved", "lost_and_not_understood", "unreadable"}
AS_STORED = {GroupState.DISABLED, GroupState.FROZEN, GroupState.REFRESHING}


def groups_of_every_kind(number: int = 0) -> None:
    """One group in each stored state for each thing that may have become of its criterion."""
    for state in GroupState.values:
        for kind, changes in CHANGES.items():
            group = UserGroupFactory(name=f"{kind} {state} {number}", state=state, rule=IN_SPAIN)
            rows = Criterion.objects.filter(user_group=group)
            if kind.startswith("lost"):  # The type's table was made anew.
                Country.objects.filter(user_group=group)._raw_delete("default")
            rows.update(**changes)
        UserGroupFactory(name=f"unreadable {state} {number}", state=state, rule=WOMEN)
        UserGroupFactory(name=f"manual {state} {number}", state=state, manual=True)


def shown() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {state: set() for state in GroupState.values}
    for detail in api.describe(list(UserGroup.objects.live())):
        found[detail.state].add(detail.group.name)
    return found


def filtered(*states: str) -> set[str]:
    return set(api.user_groups(states=states).values_list("name", flat=True))


def test_filtering_by_a_state_finds_what_is_shown_in_it(monkeypatch, without_table):
    groups_of_every_kind()
    assert storage.unreadable_types() == set()
    without_table(Gender)
    found = {state: filtered(state) for state in GroupState.values}  # Before anything else has met the table.
    assert found == shown()
    for name in found[GroupState.UNEVALUABLE]:
        assert name.split()[0] in SPOILT
    for state in GroupState.values:
        for kind in SPOILT:
            expected = state if state in AS_STORED else GroupState.UNEVALUABLE
            assert f"{kind} {state} 0" in found[expected]
        expected = GroupState.STALE if state == GroupState.UNEVALUABLE else state
        assert {f"{kind} {state} 0" for kind in ("none", "lost_and_understood", "manual")} <= found[expected]
    assert filtered("stale", "unevaluable") == found["stale"] | found["unevaluable"]
    for state in GroupState.values:
        assert {group.name for group in of_admin(state)} == found[state]
    monkeypatch.undo()
    assert {state: filtered(state) for state in GroupState.values} == shown()


def of_admin(state: str) -> set[UserGroup]:
    chosen = StateFilter(None, {"state": [state]}, UserGroup, None)
    return set(chosen.queryset(None, UserGroup.objects.all()))


def test_filtering_by_state_costs_the_same_for_any_number_of_groups():
    groups_of_every_kind()
    storage.unreadable_types()  # What a process asks once.
    numbers = set()
    for number in (1, 2):
        with CaptureQueriesContext(connection) as captured:
            assert filtered("unevaluable")
        numbers.add(len(captured))
        groups_of_every_kind(number)
    assert numbers == {4}  # Criteria without a row of their own, in a savepoint, and the groups.


# ---- Names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Été", "ETE"),
        ("Été", "E\u0301te\u0301"),
        ("Straße", "STRASSE"),
        ("\ufb00", "ff"),
        ("Team A", "team\u00a0a"),
        ("Team", "Te\u200bam"),
    ],
)
def test_one_name_on_every_database(first, second):
    staff = LearnerFactory(is_staff=True)
    create_group(COURSE, RECENT, name=first)
    with pytest.raises(NameTaken):
        create_group(COURSE, RECENT, name=second)
    other = create_group(COURSE, RECENT, name="Other")
    with pytest.raises(NameTaken):
        api.update_user_group(other.uuid, changes={"name": second}, rule_version=None, acting_user=staff)
    copy = api.copy_user_group(
        create_group(Scope.course("course-v1:A+B+C"), RECENT, name=second), scope=COURSE, acting_user=staff
    )
    assert copy.group.name == f"{second} (copy)"


@pytest.mark.parametrize(("first", "second"), [("😀", "😎"), ("Team 🐝", "Team 🐞"), ("Group 1", "Group ²3")])
def test_two_names_on_every_database(first, second):
    """Whatever its collation takes for the same."""
    staff = LearnerFactory(is_staff=True)
    create_group(COURSE, RECENT, name=first)
    other = create_group(COURSE, RECENT, name=second)
    elsewhere = create_group(Scope.course("course-v1:A+B+C"), RECENT, name=second)
    api.update_user_group(other.uuid, changes={"name": f"{first}{second}"}, rule_version=None, acting_user=staff)
    assert api.copy_user_group(elsewhere, scope=COURSE, acting_user=staff).group.name == second
    for name in (first, second):
        api.create_collection(scope=COURSE, name=name, acting_user=staff)


def test_the_database_keeps_names_apart_by_what_they_are_to_people():
    """Whoever writes past the check. A new name frees the old one, and so does archiving."""
    group = UserGroupFactory(name="Été")
    UserGroupFactory(name="ETE", live=None)
    for save in (lambda: UserGroupFactory(name="ete"), lambda: UserGroup.objects.bulk_create([named("ETE")])):
        with pytest.raises(IntegrityError), transaction.atomic():
            save()
    api.update_user_group(group.uuid, changes={"name": "Hiver"}, rule_version=None, acting_user=LearnerFactory())
    UserGroup.objects.bulk_create([named("ETE")])
    Collection.objects.create(scope_type="course", scope_key=COURSE.key, name="Été")
    with pytest.raises(IntegrityError), transaction.atomic():
        Collection.objects.create(scope_type="course", scope_key=COURSE.key, name="ete")


def named(name):
    return UserGroup(scope_type=COURSE.type, scope_key=COURSE.key, name=name)


def test_a_group_may_be_named_as_it_is_named():
    """Also where names are stricter today: whoever edits something else is not asked to rename."""
    staff = LearnerFactory(is_staff=True)
    group = create_group(COURSE, RECENT, name="Mine")
    assert (
        api.update_user_group(group.uuid, changes={"name": "MINE"}, rule_version=None, acting_user=staff).name == "MINE"
    )
    UserGroup.objects.filter(pk=group.pk).update(name="Old\u202e")
    changes = {"name": "Old\u202e", "description": "Said"}
    assert (
        api.update_user_group(group.uuid, changes=changes, rule_version=None, acting_user=staff).description == "Said"
    )


@pytest.mark.parametrize("name", ["A\nB", "A\x07", "\u202eevil", "a\u2066b", "a\u2028b", "\u200b"])
def test_names_that_cannot_be_shown(name):
    with pytest.raises(InvalidInput) as refused:
        create_group(COURSE, RECENT, name=name)
    assert [(violation.pointer, violation.code) for violation in refused.value.violations] == [
        ("/name", "invalid_text")
    ]


# ---- Scopes ----------------------------------------------------------------------------------------------------------
def test_a_course_has_one_spelling():
    CourseOverview.objects.create(id=COURSE.key, org=COURSE.course_key.org, display_name="Course")
    other, unknown = Scope.course(COURSE.key.lower().replace("course-v1", "course-v1")), Scope.course("course-v1:a+b+c")
    group = create_group(COURSE, RECENT)
    staff = LearnerFactory(is_staff=True)
    for write in (
        lambda: create_group(other, RECENT),
        lambda: api.copy_user_group(group, scope=other, acting_user=staff),
    ):
        with pytest.raises(InvalidInput) as refused:
            write()
        [violation] = refused.value.violations
        assert (violation.pointer, violation.params) == ("/scope/key", {"key": COURSE.key})
        assert COURSE.key in str(violation.message)
    assert create_group(unknown, RECENT).scope == unknown


@pytest.mark.parametrize("source", ["administrators", "courses"])
def test_an_organization_has_one_spelling(source):
    if source == "administrators":
        Organization.objects.create(name="Open University", short_name="OULAD", active=True)
    else:
        CourseOverview.objects.create(id="course-v1:OULAD+A+1", org="OULAD", display_name="Course")
    staff = LearnerFactory(is_staff=True)
    for key in ("oulad", "Oulad", " OULAD", "oulad "):
        scope = Scope.parse("organization", key)
        for write in (
            lambda scope=scope: create_group(scope, RECENT),
            lambda scope=scope: api.copy_user_group(create_group(COURSE, RECENT), scope=scope, acting_user=staff),
        ):
            with pytest.raises(InvalidInput) as refused:
                write()
            [violation] = refused.value.violations
            assert (violation.pointer, violation.code) == ("/scope/key", "invalid")
            assert violation.params == {"key": "OULAD"}
            assert "OULAD" in str(violation.message)
    for key in ("OULAD", "OuladX", " new"):
        assert create_group(Scope.parse("organization", key), RECENT).scope_key == key


def test_an_organization_that_the_platform_writes_in_two_ways_has_both():
    Organization.objects.create(name="Open University", short_name="OULAD", active=True)
    CourseOverview.objects.create(id="course-v1:oulad+A+1", org="oulad", display_name="Course")
    for key in ("OULAD", "oulad"):
        assert create_group(Scope.parse("organization", key), RECENT).scope_key == key


def test_groups_of_a_scope_are_of_exactly_that():
    own = UserGroupFactory(name="Own")
    UserGroupFactory(name="Other", scope=Scope.course(COURSE.key.swapcase().replace("COURSE-V1", "course-v1")))
    assert list(UserGroup.objects.in_scope(COURSE)) == [own]
