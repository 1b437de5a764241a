"""Members, history and runs: read only, and pages that cost the same for any number of rows."""

from __future__ import annotations

import re
import uuid

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from openedx_user_groups import api
from openedx_user_groups.admin import paging
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.testing.factories import LearnerFactory, UserGroupFactory, create_group, criterion, rule

from .conftest import statements

pytestmark = pytest.mark.django_db

LISTS = {name: f"/admin/openedx_user_groups/{name}/" for name in ("membership", "membershipchange", "refresh")}
MODELS = {"membership": Membership, "membershipchange": MembershipChange, "refresh": Refresh}
EVERYBODY = rule(criterion("last_login", operator="not_exists"))


def rows(response):
    return response.context["cl"].result_list


@pytest.mark.parametrize("name", ["membership", "membershipchange"])
def test_a_page_costs_the_same_for_few_and_for_many_members(admin_client, crowd, name):
    few, many = crowd(60), crowd(5000)
    pages = []
    for group in (few, many):
        response, sql = statements(admin_client, LISTS[name], {"user_group": str(group.uuid)})
        assert len(rows(response)) == 50
        pages.append((len(sql), len(response.content)))
    # Session, account, the chosen group, count, page, accounts, groups.
    assert [queries for queries, _size in pages] == [7, 7]
    assert pages[1][1] < pages[0][1] * 1.05


def test_an_unfiltered_page_costs_no_more(admin_client, crowd):
    crowd(2000)
    for address in (LISTS["membership"], LISTS["membershipchange"]):
        response, sql = statements(admin_client, address)
        assert (len(rows(response)), len(sql)) == (50, 6)


def test_runs_cost_the_same_for_few_and_for_many(admin_client):
    group, asker = UserGroupFactory(rule=EVERYBODY), LearnerFactory()
    for count in (5, 200):
        Refresh.objects.bulk_create(
            Refresh(user_group=group, trigger="manual", rule_version=1, requested_at=timezone.now(), requested_by=asker)
            for _number in range(count)
        )
        response, sql = statements(admin_client, LISTS["refresh"], {"user_group": str(group.uuid)})
        assert (len(rows(response)), len(sql)) == (min(count, 50), 7)


@pytest.mark.parametrize("name", LISTS)
def test_no_page_draws_a_select_box_or_a_field(admin_client, crowd, name):
    group = crowd(30)
    create_group(group.scope, EVERYBODY)
    key = MODELS[name].objects.values_list("pk", flat=True).first()
    for address in (LISTS[name], f"{LISTS[name]}{key}/change/"):
        response = admin_client.get(address)
        assert response.status_code == 200
        html = response.content.decode()
        assert "<select" not in html
        assert "_save" not in html


def test_the_page_of_one_row_is_cheap(admin_client, crowd):
    crowd(3000)
    for name in ("membership", "membershipchange"):
        key = MODELS[name].objects.values_list("pk", flat=True).first()
        response, sql = statements(admin_client, f"{LISTS[name]}{key}/change/")
        assert len(sql) == 5  # Session, account, row, its group, its learner.
        assert len(response.content) < 20_000


def test_counting_stops_at_the_limit(admin_client, crowd, monkeypatch):
    group = crowd(300)
    monkeypatch.setattr(paging, "COUNT_LIMIT", 120)
    response, sql = statements(admin_client, LISTS["membership"], {"user_group": str(group.uuid), "p": "3"})
    counts = [statement for statement in sql if "COUNT(" in statement]
    assert len(counts) == 1
    assert "LIMIT 121" in counts[0]
    assert response.context["cl"].result_count == 120
    assert len(rows(response)) == 20
    assert "There are more than these 120 rows." in response.content.decode()


def test_a_list_within_the_limit_is_counted_exactly(admin_client, crowd):
    group = crowd(70)
    response = admin_client.get(LISTS["membership"], {"user_group": str(group.uuid)})
    assert response.context["cl"].result_count == 70
    assert "There are more than" not in response.content.decode()


@pytest.mark.parametrize(
    ("name", "of_group", "order"),
    [
        ("membership", False, "user_group_id ASC, openedx_user_groups_membership.user_id ASC"),
        ("membership", True, "user_group_id ASC, openedx_user_groups_membership.user_id ASC"),
        ("membershipchange", False, "membershipchange.id DESC"),
        ("membershipchange", True, "membershipchange.at DESC, openedx_user_groups_membershipchange.id DESC"),
        ("refresh", False, "refresh.id DESC"),
        ("refresh", True, "refresh.requested_at DESC, openedx_user_groups_refresh.id DESC"),
    ],
)
def test_rows_are_read_in_the_order_of_an_index_and_without_joins(admin_client, crowd, name, of_group, order):
    group = crowd(3)
    query = {"user_group": str(group.uuid), "o": "4.3"} if of_group else {"o": "4.3"}
    _response, sql = statements(admin_client, LISTS[name], query)
    pages = [statement for statement in sql if re.search(rf"FROM openedx_user_groups_{name}\b", statement)]
    ordered = [statement for statement in pages if "ORDER BY" in statement]
    assert len(ordered) == 1
    assert re.search(rf"ORDER BY \S*{re.escape(order)}(?: LIMIT \d+)?$", ordered[0])
    assert all("JOIN" not in statement for statement in pages)


def test_search_finds_exact_names_addresses_ids_and_groups(admin_client, crowd):
    group, other = crowd(20), crowd(20)
    ada = LearnerFactory(username="ada", email="Ada@Example.com")
    for where in (group, other):
        api.add_members(where, [], acting_user=ada)
    Membership.objects.create(user_group=group, user=ada, joined_at=timezone.now(), origin="manual")
    Membership.objects.create(user_group=other, user=ada, joined_at=timezone.now(), origin="manual")

    def found(text):
        response = admin_client.get(LISTS["membership"], {"q": text})
        assert response.status_code == 200
        return sorted((row.user.username, row.user_group_id) for row in rows(response))

    both = sorted([("ada", group.pk), ("ada", other.pk)])
    assert found("ada") == both
    assert found(" Ada@Example.com ") == both
    assert found(str(ada.pk)) == both
    assert found(f"ada {group.uuid}") == [("ada", group.pk)]
    assert len(found(str(other.uuid))) == 21
    assert found("ad") == []
    assert found("example.com") == []
    assert found("ada ada ada ada") == []
    assert found("9" * 40) == []
    assert found(str(2**31)) == []
    assert found("²") == []
    assert found(str(uuid.uuid4())) == []


def test_runs_are_found_by_their_uuid_and_by_who_asked(admin_client):
    asker = LearnerFactory(username="asker")
    group = create_group(UserGroupFactory.build(manual=True).scope, EVERYBODY, acting_user=asker)
    api.refresh_now(group, acting_user=LearnerFactory(username="other"))
    first, second = Refresh.objects.order_by("pk")
    for text, expected in [(str(first.uuid), [first]), ("asker", [first]), ("other", [second]), ("nobody", [])]:
        assert list(rows(admin_client.get(LISTS["refresh"], {"q": text}))) == expected
    assert list(rows(admin_client.get(LISTS["refresh"], {"q": str(group.uuid)}))) == [second, first]


@pytest.mark.parametrize("text", ["not-a-uuid", "5f0c2f4e-6a53-4c8e-9a55-0c2c41fb6d0e"])
@pytest.mark.parametrize("name", LISTS)
def test_a_group_that_does_not_exist_has_no_rows(admin_client, crowd, name, text):
    group = crowd(3)
    create_group(group.scope, EVERYBODY)
    response = admin_client.get(LISTS[name], {"user_group": text})
    assert response.status_code == 200
    assert list(rows(response)) == []


def test_filters_narrow(admin_client, crowd):
    group = crowd(4)
    leaver = Membership.objects.filter(user_group=group).first().user
    api.remove_members(group, [leaver.username], acting_user=leaver)
    crowd(2)

    def found(name, **query):
        return [row.user_id for row in rows(admin_client.get(LISTS[name], {"user_group": str(group.uuid), **query}))]

    assert found("membershipchange", kind__exact="removed") == [leaver.pk]
    assert len(found("membershipchange", kind__exact="added")) == 4
    assert found("membership", origin__exact="import") == []
    assert len(found("membership", origin__exact="manual")) == 3
    create_group(group.scope, EVERYBODY)
    # The run of the new group's rule, and the one that records the removal by hand.
    assert len(rows(admin_client.get(LISTS["refresh"], {"state__exact": "succeeded"}))) == 2
    assert len(rows(admin_client.get(LISTS["refresh"], {"trigger__exact": "rule_change"}))) == 1
    assert len(rows(admin_client.get(LISTS["refresh"], {"trigger__exact": "schedule"}))) == 0


@pytest.mark.parametrize(("name", "column"), [("membership", "origin"), ("membershipchange", "kind")])
def test_columns_without_an_index_are_offered_within_a_group_or_for_a_person(admin_client, crowd, name, column):
    group = crowd(3)

    def offered(**query):
        filters = admin_client.get(LISTS[name], query).context["cl"].filter_specs
        return [getattr(each, "field_path", "user_group") for each in filters]

    assert offered() == []
    assert offered(q=" ") == []
    assert offered(user_group=str(group.uuid)) == ["user_group", column]
    assert offered(q="somebody") == [column]


@pytest.mark.parametrize("name", LISTS)
def test_nothing_is_added_changed_or_deleted(admin_client, crowd, name):
    group = crowd(3)
    create_group(group.scope, EVERYBODY)
    model = MODELS[name]
    before = list(model.objects.order_by("pk").values())
    key = before[0]["id"]
    assert admin_client.get(f"{LISTS[name]}add/").status_code == 403
    assert admin_client.post(f"{LISTS[name]}add/", {}).status_code == 403
    assert admin_client.post(f"{LISTS[name]}{key}/change/", {"origin": "import"}).status_code == 403
    assert admin_client.post(f"{LISTS[name]}{key}/delete/", {"post": "yes"}).status_code == 403
    admin_client.post(LISTS[name], {"action": "delete_selected", "_selected_action": [key], "post": "yes"})
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("name", LISTS)
def test_the_permission_to_view_is_needed_and_enough(staff, crowd, name):
    group = crowd(3)
    create_group(group.scope, EVERYBODY)
    key = MODELS[name].objects.values_list("pk", flat=True).first()
    others = [f"view_{other}" for other in LISTS if other != name]
    for address in (LISTS[name], f"{LISTS[name]}{key}/change/"):
        assert staff(*others).get(address).status_code == 403
        assert staff(f"view_{name}").get(address).status_code == 200


def test_an_account_is_deleted_with_its_rows(admin_client, crowd):
    group = crowd(3)
    learner = Membership.objects.filter(user_group=group).first().user
    address = reverse("admin:auth_user_delete", args=[learner.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=learner.pk).exists()
    assert Membership.objects.filter(user_group=group).count() == 2
    assert UserGroup.objects.filter(pk=group.pk).exists()
