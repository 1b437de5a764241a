"""What the tests of the admin share: staff with some permissions, large groups, forms sent as they are drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from openedx_user_groups.data import RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import Cause, replace_members
from openedx_user_groups.sets import IdSet
from openedx_user_groups.testing.factories import LearnerFactory, UserGroupFactory


@pytest.fixture
def staff() -> Callable[..., Client]:
    """A browser of somebody who may enter the admin and has these permissions on the core's models."""

    def log_in(*codenames: str) -> Client:
        user = LearnerFactory(is_staff=True)
        found = Permission.objects.filter(content_type__app_label="openedx_user_groups", codename__in=codenames)
        assert found.count() == len(codenames)
        user.user_permissions.set(found)
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def crowd() -> Callable[[int], UserGroup]:
    """A manual group with this many members, named ``crowd_0`` and so on after the group's key, and their history."""

    def make(size: int) -> UserGroup:
        group = UserGroupFactory(manual=True)
        people = [User(username=f"crowd_{group.pk}_{n}", email=f"{group.pk}_{n}@example.com") for n in range(size)]
        User.objects.bulk_create(people, batch_size=500)
        ids = User.objects.filter(username__startswith=f"crowd_{group.pk}_").values_list("pk", flat=True)
        replace_members(group, IdSet(ids), Cause(RefreshTrigger.MANUAL, timezone.now()))
        group.save()
        return group

    return make


def statements(client: Client, address: str, data: dict[str, Any] | None = None) -> tuple[Any, list[str]]:
    """The answer, and the SQL that it took without quotation marks; what opens and closes transactions is left out.

    The page is opened once before: Django remembers content types.
    """
    client.get(address, data)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, data)
    assert response.status_code == 200
    found = [re.sub(r'["`]', "", query["sql"]) for query in queries]
    return response, [sql for sql in found if sql.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]


def form_data(response: Any) -> dict[str, Any]:
    """What a browser sends for a form that nobody touched."""
    form = response.context["adminform"].form
    data = {}
    for bound in form:
        value = bound.value()
        if value is not None and value is not False:
            data[bound.html_name] = "on" if value is True else value
    return data


def messages_of(response: Any) -> list[str]:
    """The messages on the page to which the answer leads."""
    return [str(message) for message in response.context["messages"]]
