"""Settings of this app with which nothing would work as operators mean it."""

from __future__ import annotations

import pytest
from django.core.checks import Error, Warning

from openedx_user_groups import settings as app_settings
from openedx_user_groups.checks.settings_values import check_values

NUMBERS = [name for name, value in app_settings.DEFAULTS.items() if type(value) in (int, float)]


def messages(settings, **values):
    for name, value in values.items():
        setattr(settings, f"OPENEDX_USER_GROUPS_{name}", value)
    return [(type(message), message.id, message.msg, message.hint) for message in check_values()]


def test_the_defaults_and_the_sandbox_are_fine(settings):
    assert messages(settings) == []
    for name, value in app_settings.DEFAULTS.items():
        setattr(settings, f"OPENEDX_USER_GROUPS_{name}", value)
    assert messages(settings) == []


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [-1, "5", True, None])
def test_numbers_that_are_none(settings, name, value):
    found = messages(settings, **{name: value})
    if value is None and name == "RUN_RETENTION_DAYS":
        assert found == []
    else:
        ((kind, number, text, hint),) = found
        assert (kind, number) == (Error, "openedx_user_groups.E026")
        assert text.startswith(f"OPENEDX_USER_GROUPS_{name} must be ")
        assert hint == f"It is {value!r}. The default is {app_settings.DEFAULTS[name]!r}."


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("MAX_CRITERIA", 0, "must be 1 or more"),
        ("MAX_CRITERIA", 2.5, "must be a whole number"),
        ("LEASE_SECONDS", 0, "must be more than 0"),
        ("PREVIEW_BUDGET_SECONDS", -0.5, "must be 0 or more"),
        ("HISTORY_RETENTION_DAYS", -30, "must be 0 or more"),
        ("BRAKE_PERCENT", "half", "must be a number"),
        ("COPY_ON_RERUN", "yes", "must be True or False"),
        ("CADENCES", ["last_login"], "must be a dictionary of minutes by the slug of a criterion type"),
        ("CADENCES", {"last_login": 0}, "has a value for 'last_login' that must be 1 or more"),
        ("CLOCK", None, "names nothing that can be imported ("),
        ("CLOCK", "no.such.clock", "names nothing that can be imported (No module named 'no')"),
        ("PERMISSION_POLICY", "openedx_user_groups.settings.PREFIX", "names something that cannot be called"),
    ],
)
def test_values_that_cannot_be_meant(settings, name, value, problem):
    ((kind, number, text, _hint),) = messages(settings, **{name: value})
    assert (kind, number) == (Error, "openedx_user_groups.E026")
    assert text.startswith(f"OPENEDX_USER_GROUPS_{name} {problem}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREVIEW_WAIT_SECONDS", 0),
        ("PREVIEW_BUDGET_SECONDS", 0.3),
        ("PREVIEW_BUDGET_SECONDS", 0),  # Every preview is for a worker, or an estimate ...
        ("PREVIEW_ESTIMATE_SECONDS", 0),  # ... and there are none.
        ("BRAKE_PERCENT", 12.5),
        ("BRAKE_MINIMUM", 0),
        ("HISTORY_RETENTION_DAYS", None),
        ("RUN_RETENTION_DAYS", 0),
        ("CADENCES", {"last_login": 30, "of_a_plugin_that_is_gone": 60}),
    ],
)
def test_values_that_can(settings, name, value):
    assert messages(settings, **{name: value}) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("BRAKE_PRECENT", "Is OPENEDX_USER_GROUPS_BRAKE_PERCENT meant?"),
        ("COLOUR_OF_THE_ROOF", "The page for operators lists all settings."),
    ],
)
def test_names_that_nobody_reads(settings, name, hint):
    assert messages(settings, **{name: 1}) == [
        (Warning, "openedx_user_groups.W002", f"OPENEDX_USER_GROUPS_{name} is no setting of user groups.", hint)
    ]
