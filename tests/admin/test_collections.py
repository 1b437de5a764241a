"""Collections in the admin site: shown, never written."""

from __future__ import annotations

import pytest
from django.urls import reverse

from openedx_user_groups import api
from openedx_user_groups.models import Collection
from openedx_user_groups.testing.factories import LearnerFactory, UserGroupFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def collection():
    first, second = (UserGroupFactory(name=name) for name in ("First come", "Then these"))
    return api.create_collection(
        scope=first.scope, name="In order", groups=[second.uuid, first.uuid], acting_user=LearnerFactory()
    )


def test_the_groups_of_a_collection_are_listed_in_order(admin_client, collection):
    page = admin_client.get(reverse("admin:openedx_user_groups_collection_changelist")).content.decode()
    assert "In order" in page
    assert page.index("Then these") < page.index("First come")
    row = Collection.objects.get(uuid=collection.uuid)
    detail = admin_client.get(reverse("admin:openedx_user_groups_collection_change", args=[row.pk]))
    assert "Then these" in detail.content.decode()
    assert not detail.context["has_change_permission"]


def test_collections_are_not_written_here(admin_client, collection):
    row = Collection.objects.get(uuid=collection.uuid)
    assert admin_client.get(reverse("admin:openedx_user_groups_collection_add")).status_code == 403
    for page in ("change", "delete"):
        address = reverse(f"admin:openedx_user_groups_collection_{page}", args=[row.pk])
        assert admin_client.post(address, {"name": "Other", "post": "yes"}).status_code == 403
    assert Collection.objects.get(uuid=collection.uuid).name == "In order"
