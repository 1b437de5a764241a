"""The admin of groups: what the list tells, what may be edited and what happens then, and the two actions."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.admin import groups as groups_admin
from openedx_user_groups.criteria import registry
from openedx_user_groups.data import GroupState
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)
from sandbox.platform.course_overviews.models import CourseOverview

from .conftest import form_data, messages_of, statements

pytestmark = pytest.mark.django_db

LIST = "/admin/openedx_user_groups/usergroup/"
NEVER = rule(criterion("last_login", operator="not_exists"))
LONG_AGO = rule(criterion("last_login", operator=">", days=10))
MIXED = [
    NEVER,
    rule(criterion("country", operator="in", countries=["ES", "FR"]), LONG_AGO, combine="any"),
    rule(criterion("course_grade", operator="<", percent=40), criterion("account_age", operator=">", days=3)),
]


def page_of(group: UserGroup) -> str:
    return f"{LIST}{group.pk}/change/"


def rows(response):
    return response.context["cl"].result_list


def stored(group: UserGroup):
    """Everything about a group that an edit could change."""
    return (
        UserGroup.objects.filter(pk=group.pk).values().get(),
        api.describe([group])[0].rule,
        Refresh.objects.filter(user_group=group).count(),
        list(Membership.objects.filter(user_group=group).values_list("user_id", flat=True)),
    )


@pytest.fixture
def group():
    """A criteria group with one member out of two learners."""
    LearnerFactory(enrolled_in=COURSE, username="never")
    LearnerFactory(enrolled_in=COURSE, username="away", last_login=timezone.now() - timedelta(days=20))
    return create_group(COURSE, NEVER, name="Silent")


# ---- List ------------------------------------------------------------------------------------------------------------
def test_the_list_costs_the_same_for_any_number_of_groups(admin_client):
    counts = []
    for size in (6, 30):
        for number in range(size):
            UserGroupFactory(rule=MIXED[number % 3])
        response, sql = statements(admin_client, LIST)
        counts.append((len(rows(response)), len(sql)))
    # Session, account, count, page; rules: nodes, criteria and one query for each of four types; pinned examples.
    assert counts == [(6, 11), (36, 11)]


def test_the_list_shows_the_state_that_holds_now(admin_client, group):
    assert rows(admin_client.get(LIST))[0].admin_detail.state == GroupState.FRESH
    with registry.without("last_login"):
        response = admin_client.get(LIST)
        html = response.content.decode()
        assert "Cannot be evaluated: The criterion type “last_login” is not installed." in html
        assert list(rows(admin_client.get(LIST, {"state": "unevaluable"}))) == [group]
        assert list(rows(admin_client.get(LIST, {"state": "fresh"}))) == []
    assert list(rows(admin_client.get(LIST, {"state": "fresh"}))) == [group]
    assert list(rows(admin_client.get(LIST, {"state": "nonsense"}))) == [group]


def test_the_list_leaves_archived_groups_out_unless_asked(admin_client, group):
    old = UserGroupFactory(manual=True, name="Old")
    api.archive_user_group(old.uuid, acting_user=LearnerFactory())
    assert [found.name for found in rows(admin_client.get(LIST))] == ["Silent"]
    assert [found.name for found in rows(admin_client.get(LIST, {"archived": "yes"}))] == ["Old"]
    assert [found.name for found in rows(admin_client.get(LIST, {"archived": "all"}))] == ["Old", "Silent"]


def test_the_list_filters_and_searches(admin_client, group):
    hand = UserGroupFactory(manual=True, name="By hand", is_enabled=False, scope_type="organization", scope_key="OrgX")
    cases = [
        ({"scope_type__exact": "organization"}, [hand]),
        ({"membership_source__exact": "criteria"}, [group]),
        ({"is_enabled__exact": "0"}, [hand]),
        ({"is_frozen__exact": "1"}, []),
        ({"q": "silent"}, [group]),
        ({"q": "Example+Groups"}, [group]),
        ({"q": "orgx"}, [hand]),
        ({"q": str(group.uuid)}, [group]),
        ({"q": "nothing like it"}, []),
    ]
    for query, expected in cases:
        assert list(rows(admin_client.get(LIST, query))) == expected, query


# ---- Page ------------------------------------------------------------------------------------------------------------
def test_the_page_shows_the_rule_in_words_and_leads_to_its_parts(admin_client):
    made = create_group(COURSE, rule(*MIXED[1]["nodes"], combine="any", negated=True))
    html = admin_client.get(page_of(made)).content.decode()
    assert "None of these:" in html
    assert "Country is one of (countries: Spain, France)" in html
    assert "days ago: 10" in html
    for leaf in made.criteria.all():
        address = f"/admin/openedx_user_groups_lms/{leaf.type_slug.replace('_', '')}/{leaf.pk}/change/"
        assert f'href="{address}"' in html
        assert admin_client.get(address).status_code == 200
    for name in ("membership", "refresh", "membershipchange"):
        address = f"/admin/openedx_user_groups/{name}/?user_group={made.uuid}"
        assert f'href="{address}"' in html
        assert admin_client.get(address).status_code == 200


def test_a_threshold_of_nothing_is_shown(admin_client):
    nothing = criterion("course_grade", operator="between", percent={"from": 0, "to": 0})
    html = admin_client.get(page_of(create_group(COURSE, rule(nothing)))).content.decode()
    assert "(grade: 0.00% – 0.00%)" in html


def test_the_page_costs_the_same_for_few_and_for_many_members(admin_client, crowd):
    pages = []
    for made in (crowd(1), crowd(5000)):
        response, sql = statements(admin_client, page_of(made))
        assert "crowd_" not in response.content.decode()
        pages.append((len(sql), len(response.content)))
    # Session, account, group, and for the state: nodes, criteria, pinned examples; runs and changes up to the limit.
    assert [count for count, _size in pages] == [8, 8]
    assert abs(pages[0][1] - pages[1][1]) < 100


def test_the_page_of_a_criteria_group_is_cheap(admin_client, group):
    # As above, and two accounts; the rule in words, as a definition and for the state: three times nodes, criteria and
    # the one type; pinned examples once more; the criteria's keys.
    response, sql = statements(admin_client, page_of(group))
    assert len(sql) == 19
    assert "<select" not in response.content.decode()


def test_many_learners_in_a_rule_are_counted_and_not_listed(admin_client):
    names = [LearnerFactory(enrolled_in=COURSE).username for _number in range(30)]
    made = create_group(COURSE, rule(criterion("learner_list", operator="in", learners=names)))
    html = admin_client.get(page_of(made)).content.decode()
    assert "and 20 more)" in html


# ---- Adding ----------------------------------------------------------------------------------------------------------
def new_group(**changes):
    data = {
        "scope_type": "course",
        "scope_key": COURSE.key,
        "name": "New",
        "description": "",
        "is_enabled": "on",
        "membership_source": "criteria",
        "definition": json.dumps(NEVER),
    }
    return {**data, **changes}


def test_a_criteria_group_is_added_and_its_members_are_computed(admin_client, admin_user, group):
    response = admin_client.post(f"{LIST}add/", new_group())
    made = UserGroup.objects.get(name="New")
    assert response.status_code == 302
    assert (made.scope, made.created_by, made.state, made.member_count) == (COURSE, admin_user, "fresh", 1)
    assert LogEntry.objects.get().object_id == str(made.pk)


def test_a_manual_group_is_added(admin_client):
    data = new_group(membership_source="manual", definition="", scope_type="instance", scope_key="")
    admin_client.post(f"{LIST}add/", data)
    made = UserGroup.objects.get()
    assert (made.scope_type, made.scope_key, made.membership_source, made.state) == ("instance", "", "manual", "fresh")


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"definition": ""}, "definition", "/rule: Say who is in the user group."),
        ({"definition": "{"}, "definition", "This is not JSON: line 1, column 2."),
        ({"definition": "[" * 100_000}, "definition", "This is not JSON."),
        ({"definition": "1" * 5_000}, "definition", "This is not JSON."),
        ({"definition": "[1]"}, "definition", "/rule: This must be an object."),
        ({"definition": '["\\ud800"]'}, "definition", "/0: This text contains characters that are not allowed."),
        ({"definition": '{"\\ud800": 1}'}, "definition", ": A key contains characters that are not allowed."),
        ({"definition": '{"combine": 1e400}'}, "definition", "/combine: This number is too large."),
        ({"definition": '{"combine": NaN}'}, "definition", "This is not JSON."),
        ({"definition": json.dumps(LONG_AGO)[:-1] + ', "negated": true}'}, "definition", "This is not JSON."),
        ({"definition": json.dumps(rule())}, "definition", "/rule/nodes: Add at least one criterion."),
        (
            {"definition": json.dumps(rule(criterion("last_login", operator=">")))},
            "definition",
            "/rule/nodes/0/config/days: Fill in this field.",
        ),
        (
            {"definition": json.dumps(rule(criterion("nonsense", operator=">")))},
            "definition",
            "/rule/nodes/0/type: There is no such criterion type.",
        ),
        ({"membership_source": "manual"}, "definition", "/rule: A user group with a list of learners has no rule."),
        ({"name": "SILENT"}, "name", "A user group with this name already exists in this scope."),
        ({"name": ""}, "name", "This field is required."),
        ({"scope_key": "nonsense"}, "scope_key", "Give a course key for a course"),
        ({"scope_type": "instance"}, "scope_key", "Give a course key for a course"),
        ({"scope_type": "organization", "scope_key": " "}, "scope_key", "Give a course key for a course"),
        ({"scope_type": "planet"}, "scope_type", "Select a valid choice."),
    ],
)
def test_an_invalid_group_is_not_added(admin_client, group, changes, field, message):
    before = UserGroup.objects.count(), Refresh.objects.count(), LogEntry.objects.count()
    response = admin_client.post(f"{LIST}add/", new_group(**changes))
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert message in str(errors[field][0])
    assert (UserGroup.objects.count(), Refresh.objects.count(), LogEntry.objects.count()) == before


def test_a_course_in_another_case_is_refused_at_its_key(admin_client):
    CourseOverview.objects.create(id=COURSE.key, org=COURSE.course_key.org, display_name="Course")
    response = admin_client.post(f"{LIST}add/", new_group(scope_key=COURSE.key.replace("Groups", "GROUPS")))
    errors = response.context["adminform"].form.errors
    assert list(errors) == ["scope_key"]
    assert COURSE.key in errors["scope_key"][0]


# ---- Editing ---------------------------------------------------------------------------------------------------------
def test_a_form_that_nobody_touched_changes_nothing(admin_client, group):
    before = stored(group)
    assert admin_client.post(page_of(group), form_data(admin_client.get(page_of(group)))).status_code == 302
    assert stored(group) == before


def test_a_new_name_does_not_refresh(admin_client, admin_user, group):
    data = form_data(admin_client.get(page_of(group))) | {"name": "Quiet", "description": "No log-in"}
    assert admin_client.post(page_of(group), data).status_code == 302
    changed = UserGroup.objects.get(pk=group.pk)
    assert (changed.name, changed.description, changed.modified_by) == ("Quiet", "No log-in", admin_user)
    assert (changed.rule_version, changed.state, changed.refreshes.count()) == (1, "fresh", 1)


def test_a_new_definition_makes_a_new_version_and_refreshes(admin_client, group):
    data = form_data(admin_client.get(page_of(group)))
    definition = json.loads(data["definition"])
    node = definition["nodes"][0]["id"]
    definition["nodes"][0]["config"] = {"operator": ">", "days": 10}
    assert admin_client.post(page_of(group), data | {"definition": json.dumps(definition)}).status_code == 302
    changed = UserGroup.objects.get(pk=group.pk)
    assert (changed.rule_version, changed.state) == (2, "fresh")
    assert [str(row.uuid) for row in changed.criteria.all()] == [node]
    assert [row.user.username for row in changed.memberships.all()] == ["away"]


def test_a_rule_that_contradicts_itself_has_to_be_confirmed(admin_client, group):
    data = form_data(admin_client.get(page_of(group)))
    definition = json.loads(data["definition"])
    definition["nodes"] = [
        {"kind": "criterion", "type": "last_login", "config": {"operator": sign, "days": 10}} for sign in ("<", ">")
    ]
    data["definition"] = json.dumps(definition)
    refused = admin_client.post(page_of(group), data)
    assert list(refused.context["adminform"].form.errors) == ["confirm_impossible"]
    assert UserGroup.objects.get(pk=group.pk).rule_version == 1
    assert admin_client.post(page_of(group), data | {"confirm_impossible": "on"}).status_code == 302
    changed = UserGroup.objects.get(pk=group.pk)
    assert (changed.rule_version, changed.member_count) == (2, 0)


def test_switches_change_the_state(admin_client, group):
    data = form_data(admin_client.get(page_of(group)))
    admin_client.post(page_of(group), data | {"is_frozen": "on"})
    assert UserGroup.objects.get(pk=group.pk).state == "frozen"
    LearnerFactory(enrolled_in=COURSE, username="newcomer")
    admin_client.post(page_of(group), data)  # Thawed: refreshed at once.
    changed = UserGroup.objects.get(pk=group.pk)
    assert (changed.state, changed.member_count) == ("fresh", 2)
    del data["is_enabled"]
    admin_client.post(page_of(group), data)
    assert UserGroup.objects.get(pk=group.pk).state == "disabled"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"definition": json.dumps(rule())}, "definition", "/rule/nodes: Add at least one criterion."),
        ({"definition": "nonsense"}, "definition", "This is not JSON: line 1, column 1."),
        ({"definition": ""}, "definition", "/rule: Say who is in the user group."),
        ({"name": "taken"}, "name", "A user group with this name already exists in this scope."),
        ({"name": " "}, "name", "This field is required."),
        ({"name": "x" * 256}, "name", "Ensure this value has at most 255 characters"),
        ({"edited_version": "7", "name": "Other"}, "__all__", "The user group was changed by someone else"),
        ({"edited_version": "", "name": "Other"}, "edited_version", "This field is required."),
    ],
)
def test_an_invalid_edit_changes_nothing(admin_client, group, changes, field, message):
    UserGroupFactory(manual=True, name="Taken")
    data = form_data(admin_client.get(page_of(group)))
    before = stored(group)
    response = admin_client.post(page_of(group), data | {"description": "Changed too"} | changes)
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert message in errors[field][0]
    assert message in response.content.decode().replace("&quot;", '"')
    assert "Changed too" in response.content.decode()
    assert stored(group) == before
    assert LogEntry.objects.count() == 0


def test_a_rule_that_someone_else_changed_meanwhile_is_kept(admin_client, group):
    data = form_data(admin_client.get(page_of(group)))
    api.update_user_group(group.uuid, changes={"rule": LONG_AGO}, rule_version=1, acting_user=LearnerFactory())
    before = stored(group)
    response = admin_client.post(page_of(group), data)
    assert "The user group was changed by someone else" in response.content.decode()
    assert stored(group) == before


def test_staff_are_told_when_the_members_could_not_be_computed(admin_client, group, monkeypatch):
    data = form_data(admin_client.get(page_of(group)))
    definition = rule(criterion("country", operator="in", countries=["ES"]))
    country = registry.find("country")
    monkeypatch.setattr(country, "fact", lambda self, context: 1 / 0)
    response = admin_client.post(page_of(group), data | {"definition": json.dumps(definition)}, follow=True)
    assert any("Out of date" in message for message in messages_of(response))
    assert UserGroup.objects.get(pk=group.pk).member_count == 1


def test_an_archived_group_is_only_read(admin_client, group):
    data = form_data(admin_client.get(page_of(group)))
    api.archive_user_group(group.uuid, acting_user=LearnerFactory())
    before = stored(group)
    response = admin_client.get(page_of(group))
    assert response.status_code == 200
    html = response.content.decode()
    assert "_save" not in html
    assert "<textarea" not in html
    assert "Archived" in html
    assert admin_client.post(page_of(group), data | {"name": "Other"}).status_code == 403
    assert stored(group) == before


def test_a_group_whose_type_is_missing_can_be_read_and_renamed(admin_client, group):
    with registry.without("last_login"):
        response = admin_client.get(page_of(group))
        html = response.content.decode()
        assert "The criterion type “last_login” is not installed." in html
        base = f"/admin/openedx_user_groups/criterion/{group.criteria.get().pk}/change/"
        assert f'href="{base}"' in html
        assert admin_client.post(page_of(group), form_data(response) | {"name": "Renamed"}).status_code == 302
    changed = UserGroup.objects.get(pk=group.pk)
    assert (changed.name, changed.rule_version, changed.member_count) == ("Renamed", 1, 1)


# ---- Who may do what -------------------------------------------------------------------------------------------------
def test_permissions(staff, group):
    before = stored(group)
    data = form_data(staff("change_usergroup").get(page_of(group))) | {"name": "Other"}
    nobody, reader, editor = staff(), staff("view_usergroup"), staff("view_usergroup", "change_usergroup")
    for address in (LIST, page_of(group), f"{LIST}add/"):
        assert nobody.get(address).status_code == 403
    assert nobody.post(page_of(group), data).status_code == 403
    assert nobody.post(f"{LIST}add/", new_group()).status_code == 403
    html = reader.get(page_of(group)).content.decode()
    assert "_save" not in html
    assert "<textarea" not in html
    assert reader.post(page_of(group), data).status_code == 403
    assert editor.post(f"{LIST}add/", new_group()).status_code == 403
    for client in (reader, editor):
        client.post(LIST, {"action": "archive", "_selected_action": [group.pk], "confirmed": "yes"})
    reader.post(LIST, {"action": "refresh_now", "_selected_action": [group.pk]})
    assert stored(group) == before
    assert editor.post(page_of(group), data).status_code == 302


def test_no_group_is_ever_deleted(admin_client, group):
    assert admin_client.post(f"{LIST}{group.pk}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(LIST, {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"})
    assert UserGroup.objects.filter(pk=group.pk).exists()


# ---- Actions ---------------------------------------------------------------------------------------------------------
def act(client, action, *groups, **data):
    data = {"action": action, "_selected_action": [group.pk for group in groups], **data}
    return client.post(LIST, data, follow=True)


def test_refreshing_tells_how_it_went(admin_client, group, monkeypatch):
    LearnerFactory(enrolled_in=COURSE)
    broken = create_group(COURSE, rule(criterion("country", operator="exists")), name="Broken")
    hand, frozen = UserGroupFactory(manual=True, name="Hand"), UserGroupFactory(rule=NEVER, name="Ice", is_frozen=True)
    monkeypatch.setattr(registry.find("country"), "fact", lambda self, context: 1 / 0)
    response = act(admin_client, "refresh_now", group, broken, hand, frozen)
    told = sorted(messages_of(response))
    assert len(told) == 4
    assert "1 user group was refreshed." in told
    reason = Refresh.objects.filter(user_group=broken).latest("pk").error_message
    assert "country" in reason
    assert f"{broken}: {reason}" in told
    assert any(text.startswith("Hand (") and "listed by hand" in text for text in told)
    assert any(text.startswith("Ice (") and "not refreshed in its present state" in text for text in told)
    assert UserGroup.objects.get(pk=group.pk).member_count == 2
    assert Refresh.objects.filter(user_group=group).latest("pk").requested_by.is_superuser


def test_archiving_asks_first(admin_client, admin_user, group):
    other = UserGroupFactory(manual=True)
    response = act(admin_client, "archive", group)
    assert "cannot be brought back here" in response.content.decode()
    assert UserGroup.objects.get(pk=group.pk).live is True
    response = act(admin_client, "archive", group, confirmed="yes")
    assert messages_of(response) == ["1 user group was archived."]
    archived = UserGroup.objects.get(pk=group.pk)
    assert (archived.live, archived.modified_by, archived.member_count) == (None, admin_user, 1)
    assert UserGroup.objects.get(pk=other.pk).live is True
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(group.pk)]


@pytest.mark.parametrize("key", ["", "nonsense", "1.5", "1\0", "9" * 25, "9" * 5000])
@pytest.mark.parametrize("action", ["archive", "refresh_now"])
def test_an_action_on_what_is_no_key_does_nothing(admin_client, group, action, key):
    data = {"action": action, "_selected_action": [group.pk, key], "confirmed": "yes"}
    response = admin_client.post(LIST, data, follow=True)
    assert messages_of(response) == ["There is no such user group."]
    assert UserGroup.objects.get(pk=group.pk).live is True


def test_an_action_takes_a_limited_number_of_groups(admin_client, group, monkeypatch):
    UserGroupFactory(rule=NEVER)
    monkeypatch.setattr(groups_admin, "ACTION_LIMIT", 1)
    before = stored(group)
    response = act(admin_client, "refresh_now", group, select_across="1")
    assert messages_of(response) == ["Choose at most 1 user groups at once. Nothing was done."]
    assert stored(group) == before
