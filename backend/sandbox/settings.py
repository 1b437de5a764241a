"""Settings of the sandbox: every choice that differs between machines comes from the environment.

DATABASE_URL, DEBUG, SECRET_KEY, ALLOWED_HOSTS, TIME_ZONE and CELERY_BROKER_URL are read; without any of them the
sandbox runs on a SQLite file under `var/`.
"""

from __future__ import annotations

import os
from pathlib import Path

from edx_django_utils.plugins import get_plugin_apps

from sandbox.databases import database_settings, default_database_url

REPOSITORY = Path(__file__).resolve().parents[2]

DEBUG = os.environ.get("DEBUG", "1") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY", "only-for-the-sandbox-never-for-anything-real")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "*").split(",")

# The platform's tables, under the platform's app labels. The order does not matter.
PLATFORM_APPS = [
    "sandbox.platform.certificates",
    "sandbox.platform.completion",
    "sandbox.platform.course_groups",
    "sandbox.platform.course_modes",
    "sandbox.platform.course_overviews",
    "sandbox.platform.external_user_ids",
    "sandbox.platform.grades",
    "sandbox.platform.organizations",
    "sandbox.platform.student",
    "sandbox.platform.teams",
    "sandbox.platform.user_api",
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_countries",
    "django_filters",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "openedx_user_groups",
    "openedx_user_groups.contrib.lms",
    *PLATFORM_APPS,
    "sandbox",
]
# Plugins that are installed come in as on the platform: by their entry point, with nothing to configure.
INSTALLED_APPS += [app for app in get_plugin_apps("lms.djangoapp") if not app.startswith("openedx_user_groups.")]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": database_settings(os.environ.get("DATABASE_URL") or default_database_url(REPOSITORY / "var")),
}
# As on the platform, where tables of apps that say nothing else have 32-bit keys.
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")

STATIC_URL = "static/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Open edX user groups",
    "DESCRIPTION": "Who is in a group, said with criteria or with a list, previewed, kept fresh and explained.",
    "CONTACT": {"name": "Open edX", "url": "https://openedx.org"},
    "LICENSE": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    "SERVERS": [{"url": "/", "description": "The site that serves this document."}],
    "SERVE_INCLUDE_SCHEMA": False,
    "PREPROCESSING_HOOKS": ["openedx_user_groups.rest_api.v1.schema.only_this_api"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "openedx_user_groups.rest_api.v1.schema.with_bodies_of_delete",
        "openedx_user_groups.rest_api.v1.schema.with_contract_version",
        "openedx_user_groups.rest_api.v1.schema.with_types_of_nullables",
    ],
    # Names for enums that fields of different names share, or that fields of one name do not.
    "ENUM_NAME_OVERRIDES": {
        "GroupStateEnum": "openedx_user_groups.data.GroupState",
        "RefreshStateEnum": "openedx_user_groups.data.RefreshState",
        "RefreshTriggerEnum": "openedx_user_groups.data.RefreshTrigger",
        "ScopeTypeEnum": "openedx_user_groups.data.ScopeType",
        "MembershipSourceEnum": "openedx_user_groups.data.MembershipSource",
        "ChangeKindEnum": "openedx_user_groups.data.ChangeKind",
        "MoveCauseEnum": "openedx_user_groups.data.MoveCause",
        "PreviewDetailEnum": "openedx_user_groups.data.PreviewDetail",
        "ImportModeEnum": "openedx_user_groups.api.ImportMode",
        "ChoicesModeEnum": ["none", "inline", "remote"],
        "FreshnessModeEnum": ["live", "event", "scheduled"],
        "CriterionKindEnum": ["criterion"],
        "RuleKindEnum": ["rule"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or None
# Without a broker nothing would ever take a task from the queue: the sandbox then runs it on the spot.
CELERY_TASK_ALWAYS_EAGER = CELERY_BROKER_URL is None
CELERY_TIMEZONE = "UTC"
# What a worker sends on, it sends here too: several sites may share a broker.
CELERY_TASK_DEFAULT_QUEUE = os.environ.get("CELERY_TASK_DEFAULT_QUEUE") or "celery"
# What wakes the workers is noted in a cache that all processes of this site share.
if CELERY_BROKER_URL and CELERY_BROKER_URL.startswith("redis"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": CELERY_BROKER_URL,
            "KEY_PREFIX": CELERY_TASK_DEFAULT_QUEUE,
        }
    }
CELERY_BEAT_SCHEDULE = {"user_groups": {"task": "openedx_user_groups.keep_up", "schedule": 300.0}}

# Settings of the platform that the user groups read.
RETIRED_USERNAME_PREFIX = "retired__user_"

OPENEDX_USER_GROUPS_PERMISSION_POLICY = "sandbox.permissions.CourseAccessRolePolicy"
# The data that the loaders make stands still; so does the clock of the rules.
OPENEDX_USER_GROUPS_CLOCK = "sandbox.clock.now"
