"""Changes of definitions and outgoing messages: read only, and as cheap for many rows as for few."""

from __future__ import annotations

import pytest

from openedx_user_groups import api
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.outgoing.models import OutboxMessage
from openedx_user_groups.testing.factories import COURSE, LearnerFactory, create_group, criterion, rule

from .conftest import statements

pytestmark = pytest.mark.django_db

MODELS = {"definitionchange": DefinitionChange, "outboxmessage": OutboxMessage}


@pytest.fixture
def group():
    """A group that lists ann, was renamed and archived."""
    staff = LearnerFactory(is_staff=True)
    LearnerFactory(username="ann", enrolled_in=COURSE)
    group = create_group(
        COURSE, rule(criterion("learner_list", operator="in", learners=["ann"])), name="Old", acting_user=staff
    )
    api.update_user_group(group.uuid, changes={"name": "New"}, rule_version=None, acting_user=staff)
    api.archive_user_group(group.uuid, acting_user=staff)
    return group


@pytest.mark.parametrize(("name", "rows"), [("definitionchange", 3), ("outboxmessage", 4)])
def test_lists_and_pages_are_read_only(admin_client, group, name, rows):
    address = f"/admin/openedx_user_groups/{name}/"
    for query in ({}, {"user_group": str(group.uuid)}, {"q": str(group.uuid)}):
        response = admin_client.get(address, query)
        assert (response.status_code, len(response.context["cl"].result_list)) == (200, rows), query
    for key in MODELS[name].objects.values_list("pk", flat=True):
        page = admin_client.get(f"{address}{key}/change/")
        assert page.status_code == 200
        assert "_save" not in page.content.decode()
        assert admin_client.post(f"{address}{key}/change/", {}).status_code == 403
    assert admin_client.get(f"{address}add/").status_code == 403


def test_a_page_shows_learners_by_name(admin_client, group):
    created = DefinitionChange.objects.get(kind="created")
    page = admin_client.get(f"/admin/openedx_user_groups/definitionchange/{created.pk}/change/").content.decode()
    assert "&quot;ann&quot;" in page


@pytest.mark.parametrize("name", MODELS)
def test_a_page_costs_the_same_for_few_and_for_many(admin_client, group, name):
    address, counts = f"/admin/openedx_user_groups/{name}/", []
    for _round in range(2):
        _response, sql = statements(admin_client, address)
        counts.append(len(sql))
        for _number in range(5):
            create_group(COURSE, rule(criterion("last_login", operator="not_exists")))
    assert counts[0] == counts[1]
