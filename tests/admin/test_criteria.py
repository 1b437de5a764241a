"""Criteria: one list of all, and for each type a form that edits the rule in which the criterion lives."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.criteria import configuration, registry
from openedx_user_groups.criteria.fields import ListField, UserListField, choices_from
from openedx_user_groups.criteria.models import Criterion, RuleNode
from openedx_user_groups.criteria.operators import Arity
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.testing.factories import (
    COURSE,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)

from .conftest import form_data, statements

pytestmark = pytest.mark.django_db

LIST = "/admin/openedx_user_groups/criterion/"
TYPES = sorted(criterion_class.criterion_type for criterion_class in registry.installed())
NEVER = criterion("last_login", operator="not_exists")


def page_of(row: Criterion) -> str:
    meta = registry.find(row.type_slug)._meta
    return f"/admin/{meta.app_label}/{meta.model_name}/{row.pk}/change/"


def group_with(*leaves) -> UserGroup:
    return create_group(COURSE, rule(*leaves))


def only(group: UserGroup, slug: str = "") -> Criterion:
    rows = Criterion.objects.filter(user_group=group)
    return rows.get(type_slug=slug) if slug else rows.get()


def stored(group: UserGroup):
    return (
        UserGroup.objects.filter(pk=group.pk).values().get(),
        api.describe([group])[0].rule,
        Refresh.objects.filter(user_group=group).count(),
    )


def config_of(group: UserGroup, index: int = 0):
    return api.describe([group])[0].rule["nodes"][index]["config"]


# ---- Every type ------------------------------------------------------------------------------------------------------
def some_value(field, number: int):
    """A value that the column takes; whether there is such a cohort does not matter for drawing a form."""
    if isinstance(field, UserListField):
        return [LearnerFactory().pk]
    source = choices_from(field)
    offered = [choice.value for choice in source.search(COURSE, "", 2)] if source else []
    if isinstance(field, ListField):
        return offered or ["one", "two"]
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.DecimalField):
        return Decimal(f"{number}.50")
    if isinstance(field, models.IntegerField):
        return number
    if isinstance(field, models.DateField):
        return date(2026, 1, number)
    return offered[0] if offered else "some text"


def saved_criterion(slug: str, operator, name: str | None) -> Criterion:
    criterion_class = registry.find(slug)
    scope_type = criterion_class.scopes[0]
    group = UserGroupFactory(scope_type=scope_type, scope_key=COURSE.key if scope_type == "course" else "")
    node = RuleNode.objects.create(user_group=group)
    names = [*operator.requires, *operator.options, *([name] if name else [])]
    values = {each: some_value(criterion_class._meta.get_field(each), 3) for each in names}
    if operator.arity == Arity.TWO:
        values[f"{name}_to"] = some_value(criterion_class._meta.get_field(name), 5)
    made = criterion_class(operator=operator.id, user_group=group, node=node, **values)
    made.config = configuration.to_config(made)
    made.save()
    return made


@pytest.mark.parametrize("slug", TYPES)
def test_each_type_has_a_form_that_draws_what_is_saved_and_saves_what_is_drawn(admin_client, slug):
    """Each operator with each of its fields: a form that nobody touched is sent and changes nothing."""
    criterion_class = registry.find(slug)
    for operator in criterion_class.operators:
        for name in operator.fields or (None,):
            made = saved_criterion(slug, operator, name)
            before = stored(made.user_group)
            response = admin_client.get(page_of(made))
            assert response.status_code == 200
            form = response.context["adminform"].form
            offered = [choice[0] for choice in form.fields["operator"].choices]
            assert offered == [each.id for each in criterion_class.operators]
            assert set(form.fields) >= {*operator.accepts, "edited_version"}
            response = admin_client.post(page_of(made), form_data(response))
            assert response.status_code == 302, (operator.id, name, response.context["adminform"].form.errors)
            assert stored(made.user_group) == before


def test_each_installed_type_is_registered():
    assert len(TYPES) >= 24
    for slug in TYPES:
        assert admin.site.is_registered(registry.find(slug))


def test_types_are_not_in_the_index(admin_client):
    html = admin_client.get("/admin/").content.decode()
    assert "/admin/openedx_user_groups/criterion/" in html
    assert "/admin/openedx_user_groups_lms/" not in html


# ---- Editing ---------------------------------------------------------------------------------------------------------
def test_an_edit_changes_the_rule_and_refreshes(admin_client, admin_user):
    LearnerFactory(enrolled_in=COURSE)
    away = LearnerFactory(enrolled_in=COURSE, last_login=timezone.now() - timedelta(days=20))
    group = group_with(NEVER)
    row = only(group)
    data = form_data(admin_client.get(page_of(row))) | {"operator": "between", "days": "10", "days_to": "30"}
    response = admin_client.post(page_of(row), data)
    assert response.status_code == 302
    assert response["Location"] == f"/admin/openedx_user_groups/usergroup/{group.pk}/change/"
    changed = UserGroup.objects.get(pk=group.pk)
    assert (changed.rule_version, changed.modified_by, changed.state) == (2, admin_user, "fresh")
    assert [member.user_id for member in changed.memberships.all()] == [away.pk]
    assert only(group).uuid == row.uuid
    assert only(group).config == {"operator": "between", "days": {"from": 10, "to": 30}}
    assert config_of(group) == only(group).config


def test_an_edit_leaves_the_other_criteria_as_they_are(admin_client):
    spain = criterion("country", operator="in", countries=["ES"])
    group = group_with(NEVER, spain, criterion("course_passed", operator="exists"))
    before = api.describe([group])[0].rule
    row = only(group, "country")
    data = form_data(admin_client.get(page_of(row))) | {"countries": ["ES", "FR"]}
    assert admin_client.post(page_of(row), data).status_code == 302
    before["nodes"][1]["config"] = {"operator": "in", "countries": ["ES", "FR"]}
    assert api.describe([group])[0].rule == before


def test_numbers_and_dates_arrive_as_they_are_meant(admin_client):
    group = group_with(
        criterion("course_grade", operator="<", percent=40), criterion("account_age", operator=">", days=3)
    )
    edits = [
        ("course_grade", {"percent": "33.25"}),
        ("account_age", {"operator": "<", "days": "", "date": "2026-01-31"}),
    ]
    for slug, changes in edits:
        row = only(group, slug)
        assert admin_client.post(page_of(row), form_data(admin_client.get(page_of(row))) | changes).status_code == 302
    assert config_of(group, 0) == {"operator": "<", "percent": 33.25}
    assert config_of(group, 1) == {"operator": "<", "date": "2026-01-31"}
    assert UserGroup.objects.get(pk=group.pk).rule_version == 3


def test_learners_are_listed_by_name_or_address(admin_client):
    ada = LearnerFactory(username="ada")
    bob = LearnerFactory(username="bob", email="bob@example.com", enrolled_in=COURSE)
    group = group_with(criterion("learner_list", operator="in", learners=["ada"]))
    row = only(group)
    data = form_data(admin_client.get(page_of(row)))
    assert data["learners"] == "ada"
    data["learners"] = "ada\r\n\r\n bob@example.com \r\n"
    assert admin_client.post(page_of(row), data).status_code == 302
    assert config_of(group) == {"operator": "in", "learners": ["ada", "bob"]}
    assert only(group).config["learners"] == [ada.pk, bob.pk]


@pytest.mark.parametrize(
    ("leaf", "changes", "field", "message"),
    [
        (NEVER, {"operator": ">"}, "days", "Fill in this field."),
        (NEVER, {"operator": ">", "days": "-1"}, "days", "greater than or equal to 0"),
        (NEVER, {"operator": ">", "days": "40000"}, "days", "less than or equal to 36525"),
        (NEVER, {"operator": ">", "days": "1", "date": "2026-01-31"}, "date", "Fill in only one of these fields."),
        (NEVER, {"days": "1"}, "days", "This operator does not take this field."),
        (NEVER, {"operator": ">", "days": "1", "days_to": "2"}, "days_to", "This operator does not take this field."),
        (NEVER, {"include_never": "on"}, "include_never", "This operator does not take this field."),
        (NEVER, {"operator": "between", "days": "9", "days_to": "2"}, "days", "must not be above its end"),
        (NEVER, {"operator": "between", "days": "9"}, "days", "A range has a start and an end."),
        (NEVER, {"operator": "between", "days": "9", "days_to": "40000"}, "days_to", "less than or equal to 36525"),
        (NEVER, {"operator": "in"}, "operator", "Select a valid choice."),
        (NEVER, {"edited_version": "9", "operator": "exists"}, "__all__", "changed by someone else"),
        (criterion("country", operator="in", countries=["ES"]), {"countries": ["XX"]}, "countries", "XX"),
        (criterion("country", operator="in", countries=["ES"]), {"countries": []}, "countries", "Fill in this field."),
        (criterion("email_domain", operator="in", domains=["a.org"]), {"domains": "a.org\na.org"}, "domains", "twice"),
        (criterion("learner_list", operator="in", learners=["ada"]), {"learners": "ada\nx"}, "learners", "“x”: There"),
    ],
)
def test_an_invalid_edit_changes_nothing(admin_client, leaf, changes, field, message):
    LearnerFactory(username="ada")
    group = group_with(leaf)
    row = only(group)
    before = stored(group)
    response = admin_client.post(page_of(row), form_data(admin_client.get(page_of(row))) | changes)
    assert response.status_code == 200
    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert message in errors[field][0]
    assert stored(group) == before


def test_a_mistake_elsewhere_in_the_rule_is_named_by_its_place(admin_client):
    group = group_with(NEVER, criterion("country", operator="in", countries=["ES"]))
    registry.find("country").objects.filter(user_group=group).update(countries=["XX"])
    row = only(group, "country")
    Criterion.objects.filter(pk=row.pk).update(config={"operator": "in", "countries": ["XX"]})
    row = only(group, "last_login")
    before = stored(group)
    response = admin_client.post(page_of(row), form_data(admin_client.get(page_of(row))) | {"operator": "exists"})
    errors = response.context["adminform"].form.errors
    assert errors == {"__all__": ["/rule/nodes/1/config/countries/0: This is not one of the choices."]}
    assert stored(group) == before


def test_a_choice_that_is_no_longer_offered_is_shown(admin_client):
    group = group_with(criterion("country", operator="in", countries=["ES"]))
    registry.find("country").objects.filter(user_group=group).update(countries=["ES", "XX"])
    html = admin_client.get(page_of(only(group))).content.decode()
    assert "XX (no longer offered)" in html


def test_a_criterion_whose_row_was_lost_is_edited_from_its_copy(admin_client):
    group = group_with(criterion("country", operator="in", countries=["ES"]))
    row = only(group)
    registry.find("country").objects.filter(user_group=group)._raw_delete("default")
    data = form_data(admin_client.get(page_of(row)))
    assert data["countries"] == ["ES"]
    assert admin_client.post(page_of(row), data | {"countries": ["FR"]}).status_code == 302
    assert registry.find("country").objects.get(user_group=group).countries == ["FR"]


def test_nothing_is_added_or_deleted(admin_client):
    row = only(group_with(NEVER))
    for base in (LIST, page_of(row).rsplit("/", 3)[0] + "/"):
        assert admin_client.get(f"{base}add/").status_code == 403
        assert admin_client.post(f"{base}{row.pk}/delete/", {"post": "yes"}).status_code == 403
        assert admin_client.post(page_of(row), {"_saveasnew": "1"}).status_code == 403
    assert Criterion.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("key", ["0", "99999999", "nonsense"])
def test_a_criterion_that_does_not_exist_leads_to_the_index(admin_client, key):
    response = admin_client.get(f"/admin/openedx_user_groups_lms/lastlogin/{key}/change/")
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_a_criterion_of_an_archived_group_is_only_read(admin_client):
    group = group_with(NEVER)
    row, data = only(group), form_data(admin_client.get(page_of(only(group))))
    api.archive_user_group(group.uuid, acting_user=LearnerFactory())
    before = stored(group)
    html = admin_client.get(page_of(row)).content.decode()
    assert "_save" not in html
    assert admin_client.post(page_of(row), data | {"operator": "exists"}).status_code == 403
    assert stored(group) == before


def test_one_permission_holds_for_all_types(staff):
    group = group_with(NEVER)
    row = only(group)
    before = stored(group)
    nobody, reader, editor = staff("change_usergroup"), staff("view_criterion"), staff("change_criterion")
    data = form_data(editor.get(page_of(row))) | {"operator": "exists"}
    for address in (page_of(row), LIST, f"{LIST}{row.pk}/change/"):
        assert nobody.get(address).status_code == 403
        assert reader.get(address).status_code == 200
    assert "_save" not in reader.get(page_of(row)).content.decode()
    for client in (nobody, reader):
        assert client.post(page_of(row), data).status_code == 403
    assert stored(group) == before
    response = editor.post(page_of(row), data)
    assert (response.status_code, response["Location"]) == (302, LIST)
    assert config_of(group) == {"operator": "exists"}


def test_the_form_is_cheap(admin_client):
    row = only(group_with(NEVER))
    # Session, account; the criterion with its group; the rule (nodes, criteria, type), and again for its words.
    _response, sql = statements(admin_client, page_of(row))
    assert len(sql) == 9


# ---- The list of all -------------------------------------------------------------------------------------------------
def test_the_list_costs_the_same_for_any_number_of_criteria(admin_client):
    for size in (1, 20):
        for _number in range(size):
            UserGroupFactory(rule=rule(NEVER, criterion("country", operator="exists")))
        response, sql = statements(admin_client, LIST)
        assert len(sql) == 5  # Session, account, types, count, page.
        assert len(response.context["cl"].result_list) == Criterion.objects.count()


def test_the_list_leads_to_each_form_and_narrows_to_a_type(admin_client):
    first, second = group_with(NEVER), group_with(criterion("country", operator="exists"))
    html = admin_client.get(LIST).content.decode()
    assert page_of(only(first)) in html
    assert page_of(only(second)) in html
    response = admin_client.get("/admin/openedx_user_groups_lms/country/", follow=True)
    assert response.redirect_chain == [(f"{LIST}?type=country", 302)]
    assert list(response.context["cl"].result_list) == [only(second)]
    response = admin_client.get(LIST, {"user_group": str(first.uuid)})
    assert list(response.context["cl"].result_list) == [only(first)]


def test_a_criterion_whose_type_is_not_installed_is_listed_and_readable(admin_client):
    group = group_with(criterion("country", operator="in", countries=["ES"]))
    row = only(group)
    with registry.without("country"):
        html = admin_client.get(LIST, {"type": "country"}).content.decode()
        assert "country (not installed)" in html
        assert f"{LIST}{row.pk}/change/" in html
        html = admin_client.get(f"{LIST}{row.pk}/change/").content.decode()
        assert "The criterion type “country” is not installed." in html
        assert "{&quot;operator&quot;: &quot;in&quot;, &quot;countries&quot;: [&quot;ES&quot;]}" in html


def test_history_of_a_criterion_opens(admin_client):
    row = only(group_with(NEVER))
    admin_client.post(page_of(row), form_data(admin_client.get(page_of(row))) | {"operator": "exists"})
    response = admin_client.get(page_of(row).replace("/change/", "/history/"))
    assert response.status_code == 200
    assert "Changed Operator." in response.content.decode()


def test_a_plugin_may_bring_an_admin_of_its_own(monkeypatch):
    from openedx_user_groups.admin import criteria as criteria_admin

    site = admin.AdminSite()
    own = type("Own", (admin.ModelAdmin,), {})
    site.register(registry.find("country"), own)
    criteria_admin.register_types(site)
    assert isinstance(site.get_model_admin(registry.find("country")), own)
    assert isinstance(site.get_model_admin(registry.find("last_login")), criteria_admin.CriterionTypeAdmin)
    assert apps.get_app_config("openedx_user_groups_lms").name == "openedx_user_groups.contrib.lms"
