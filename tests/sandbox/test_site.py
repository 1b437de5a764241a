"""The sandbox as a site: the pages that are its own, the ways to log in, its settings and its command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from rest_framework.authtoken.models import Token

from sandbox.databases import database_settings, default_database_url
from sandbox.platform.course_overviews.models import CourseOverview

MANAGE = Path(__file__).resolve().parents[2] / "backend" / "sandbox" / "manage.py"


@pytest.mark.django_db
def test_landing_page_lists_courses(client):
    assert b"load_demo" in client.get("/").content
    CourseOverview.objects.create(id="course-v1:DemoX+BIO101+2026", org="DemoX", display_name="Biology")
    page = client.get("/").content.decode()
    assert "Biology" in page
    assert "course-v1:DemoX+BIO101+2026" in page
    assert f'href="{reverse("swagger-ui")}"' in page
    assert f'href="{reverse("builder")}"' in page


@pytest.mark.django_db
def test_logging_in_and_out(client):
    User.objects.create_user("staff", password="staff")
    answer = client.post("/accounts/login/", {"username": "staff", "password": "staff"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "staff" in client.get("/").content.decode()
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
def test_a_password_buys_a_token(client):
    user = User.objects.create_user("staff", password="staff")
    answer = client.post("/api/token/", {"username": "staff", "password": "staff"})
    assert answer.json() == {"token": Token.objects.get(user=user).key}
    assert client.post("/api/token/", {"username": "staff", "password": "wrong"}).status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["swagger-ui", "redoc"])
def test_documentation_pages_need_no_other_site(admin_client, name):
    page = admin_client.get(reverse(name))
    assert page.status_code == 200
    assert b"drf_spectacular_sidecar" in page.content
    assert b"https://" not in page.content


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:////data/a.sqlite3", {"ENGINE": "django.db.backends.sqlite3", "NAME": "/data/a.sqlite3"}),
        ("sqlite:///a.sqlite3", {"NAME": "a.sqlite3"}),
        (
            "mysql://edx:p%40ss@db:3307/edxapp",
            {
                "ENGINE": "django.db.backends.mysql",
                **{"NAME": "edxapp", "USER": "edx", "PASSWORD": "p@ss", "HOST": "db", "PORT": "3307"},
                "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"},
            },
        ),
        (
            "postgres://postgres@127.0.0.1:5432/groups",
            {"ENGINE": "django.db.backends.postgresql", "NAME": "groups", "USER": "postgres", "PASSWORD": ""},
        ),
    ],
)
def test_database_addresses(url, expected):
    entry = database_settings(url)
    assert {key: entry[key] for key in expected} == expected
    assert entry["ATOMIC_REQUESTS"] is True


@pytest.mark.parametrize("url", ["oracle://db/name", "mysql://db", "sqlite://", "nonsense"])
def test_other_addresses_are_refused(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database_settings(url)


def test_the_default_database_is_a_file_whose_folder_is_made(tmp_path):
    url = default_database_url(tmp_path / "var")
    assert (tmp_path / "var").is_dir()
    assert database_settings(url)["NAME"] == str(tmp_path / "var" / "sandbox.sqlite3")


def test_settings_of_the_platform():
    assert settings.RETIRED_USERNAME_PREFIX == "retired__user_"
    assert settings.DATABASES["default"]["ATOMIC_REQUESTS"] is True
    assert [code for code, _ in settings.LANGUAGES] == ["en", "es"]
    assert settings.USE_TZ is True


def test_the_command_line_works_from_anywhere(tmp_path):
    """Its folder holds modules named like others that Django and Celery need: they must not get in the way."""
    command = [sys.executable, str(MANAGE), "shell", "-v", "0", "-c"]
    code = "import celery, platform; print(platform.python_version(), celery.Celery.__name__)"
    result = subprocess.run([*command, code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert result.stdout.split()[-1] == "Celery"
