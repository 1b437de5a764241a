"""The group builder's page: who gets it, for which scopes, and that it comes with the package."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.urls import reverse

import openedx_user_groups
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.student.models import CourseAccessRole

COURSES = ("course-v1:DemoX+BIO+2026", "course-v1:DemoX+STAT+2026", "course-v1:OtherX+ART+2026")
PACKAGE = openedx_user_groups.__path__[0]


@pytest.fixture(autouse=True)
def _courses(db):
    for key in COURSES:
        CourseOverview.objects.create(id=key, org=key[10:].split("+")[0], display_name=key[-8:-5])


def settings_of(client, **query):
    page = client.get(reverse("builder"), query).content.decode()
    return json.loads(re.search(r'id="builder-settings" type="application/json">(.*?)</script>', page, re.S)[1])


def scopes_of(client):
    return [(scope["type"], scope["key"]) for scope in settings_of(client)["scopes"]]


def test_nobody_gets_the_page_without_logging_in(client):
    answer = client.get(reverse("builder"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/builder/")


def test_staff_of_a_course_are_offered_their_course(client):
    user = User.objects.create_user("staff")
    CourseAccessRole.objects.create(user=user, org="DemoX", course_id=COURSES[1], role="staff")
    client.force_login(user)
    assert scopes_of(client) == [("course", COURSES[1])]
    assert settings_of(client)["scope"] == {"type": "course", "key": COURSES[1]}


def test_global_staff_are_offered_everything(admin_client):
    organizations = [("organization", "DemoX"), ("organization", "OtherX")]
    assert scopes_of(admin_client) == [*(("course", key) for key in COURSES), *organizations, ("instance", "")]


def test_learners_are_offered_nothing(client):
    client.force_login(User.objects.create_user("learner"))
    settings = settings_of(client)
    assert (settings["scopes"], settings["scope"]) == ([], None)


def test_a_scope_can_be_named_in_the_address(client):
    """Whether it is for this person, the API says; the page offers it no less."""
    client.force_login(User.objects.create_user("learner"))
    assert settings_of(client, scope_type="course", scope_key=COURSES[0])["scope"] == {
        "type": "course",
        "key": COURSES[0],
    }
    assert settings_of(client, scope_type="planet")["scope"] is None


def test_what_an_address_says_cannot_end_the_script(client):
    client.force_login(User.objects.create_user("learner"))
    key = "</script><script>alert(1)</script>"
    assert settings_of(client, scope_type="course", scope_key=key)["scope"]["key"] == key
    assert key not in client.get(reverse("builder"), {"scope_type": "course", "scope_key": key}).content.decode()


def test_the_page_needs_nothing_from_other_sites(admin_client):
    page = admin_client.get(reverse("builder")).content.decode()
    assert "//" not in re.sub(r'<script id="builder-settings".*?</script>', "", page, flags=re.S).replace("<!--", "")
    assert settings_of(admin_client)["api_root"] == "/api/user_group/v1/"


@pytest.mark.parametrize("name", ["builder.js", "builder.css"])
def test_script_and_styles_are_part_of_the_package(name):
    found = finders.find(f"openedx_user_groups/builder/{name}")
    assert found == f"{PACKAGE}/static/openedx_user_groups/builder/{name}"
    with open(found, encoding="utf-8") as file:
        assert len(file.read()) > 100_000
