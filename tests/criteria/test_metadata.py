"""The contract document: its shape, what it says about a type, and when its revision changes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from openedx_user_groups import exceptions
from openedx_user_groups.criteria import metadata, registry
from openedx_user_groups.data import Scope
from openedx_user_groups.sources import PLATFORM, Availability

pytestmark = pytest.mark.django_db

COURSE = Scope.course("course-v1:OpenedX+DemoX+DemoCourse")
OTHER_COURSE = Scope.course("course-v1:OpenedX+DemoX+Other")

KEY = re.compile(r"^[a-z]+(_[a-z]+)*$")

ENVELOPE = {
    "contract_version",
    "revision",
    "locale",
    "scope",
    "limits",
    "capabilities",
    "combinators",
    "error_codes",
    "criterion_types",
}
TYPE = {
    "id",
    "version",
    "label",
    "help_text",
    "category",
    "category_label",
    "scopes",
    "availability",
    "data_source",
    "freshness",
    "time_sensitive",
    "capabilities",
    "fields",
    "operators",
    "default_operator",
    "cross_field_rules",
    "form",
}


def document(scope: Scope = COURSE, locale: str = "en", **kwargs: Any) -> dict[str, Any]:
    return metadata.document(scope, locale=locale, **kwargs)


def revision(*args: Any, **kwargs: Any) -> str:
    return document(*args, **kwargs)["revision"]


def described(slug: str, **kwargs: Any) -> dict[str, Any]:
    return next(type_ for type_ in document(**kwargs)["criterion_types"] if type_["id"] == slug)


def capabilities(described: dict[str, Any]) -> list[str]:
    return [capability["id"] for capability in described["capabilities"]]


# ---- The envelope ----------------------------------------------------------------------------------------------------
def test_the_envelope():
    found = document()
    assert set(found) == ENVELOPE
    assert found["contract_version"] == "1.0"
    assert re.fullmatch("[0-9a-f]{16}", found["revision"])
    assert found["locale"] == "en"
    assert found["scope"] == {"type": "course", "key": COURSE.key}
    assert found["limits"] == {
        **{"criteria": 3, "depth": 3, "sample_size": 25, "list_items": 1000, "overlap_groups": 20},
        **{"pinned_examples": 100, "as_of_days_back": 90, "as_of_days_ahead": 90},
        **{"preview_seconds": 3, "preview_job_seconds": 300, "preview_token_seconds": 3600},
    }
    assert [capability["id"] for capability in found["capabilities"]] == [
        *("count_only", "funnel", "difference", "overlap", "explanation", "as_of", "token", "estimate")
    ]
    assert found["combinators"] == [{"id": "all", "label": "all of these"}, {"id": "any", "label": "any of these"}]


def test_limits_follow_the_settings(settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 7
    settings.OPENEDX_USER_GROUPS_MAX_AS_OF_DAYS_BACK = 0
    limits = document()["limits"]
    assert (limits["criteria"], limits["as_of_days_back"], limits["as_of_days_ahead"]) == (7, 0, 90)


def test_keys_survive_case_converters():
    def check(value: Any) -> None:
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            assert isinstance(key, int) or KEY.match(key), key
            if isinstance(child, dict | list) and key != "form":
                check(child)

    check(document(missing_types=["gone"]))


def test_the_document_is_plain_json():
    found = document(missing_types=["gone"])
    assert json.loads(json.dumps(found)) == found


def test_every_type_has_the_same_keys():
    types = document(missing_types=["gone"])["criterion_types"]
    assert {frozenset(type_) for type_ in types} == {frozenset(TYPE)}
    assert all(set(type_["form"]) == {"schema", "ui_schema"} for type_ in types)


def test_types_are_sorted_for_reading():
    types = document()["criterion_types"]
    assert types == sorted(types, key=lambda type_: (type_["category"], type_["label"].casefold()))


def test_only_types_of_the_scope_are_offered():
    course, site = ({type_["id"] for type_ in document(scope)["criterion_types"]} for scope in SCOPES)
    assert {"course_grade", "last_login", "country"} <= course
    assert {"last_login", "country"} <= site
    assert "course_grade" not in site


SCOPES = (COURSE, Scope.parse("instance"))


def test_codes_of_djangos_validators_are_documented():
    documented = {entry["id"] for entry in document()["error_codes"]}
    assert {"min_value", "max_value", "max_decimal_places", "max_digits", "max_length", "invalid"} <= documented


# ---- A type ----------------------------------------------------------------------------------------------------------
def test_last_login():
    found = described("last_login")
    assert found["version"] == 1
    assert found["label"] == "Last login"
    assert (found["category"], found["category_label"]) == ("activity", "Activity")
    assert found["scopes"] == ["course", "organization", "instance"]
    assert found["availability"] == {"status": "available", "reason_code": None, "message": None}
    assert found["data_source"] == {"id": "platform", "label": "Platform database"}
    assert found["freshness"] == {"mode": "live", "as_of": None, "refresh_interval": None}
    assert found["time_sensitive"] is True
    assert capabilities(found) == ["preview", "explain", "as_of", "answer_learners", "predict_change"]
    assert [field["name"] for field in found["fields"]] == ["days", "date", "include_never"]
    assert found["default_operator"] == ">"
    assert found["cross_field_rules"] == [
        {"id": "range_inverted", "field": "days", "operator": "between"},
        {"id": "range_inverted", "field": "date", "operator": "between"},
        {"id": "exactly_one", "fields": ["days", "date"], "operators": [">", ">=", "<", "<=", "=", "between"]},
    ]


def test_a_number_field():
    found = described("course_grade")["fields"]
    assert found == [
        {
            "name": "percent",
            "label": "Grade",
            "help_text": "",
            "value_type": "percent",
            "multiple": False,
            "unit": "%",
            "minimum": 0,
            "maximum": 100,
            "step": 0.01,
            "scale": 2,
            "default": None,
            "time_zone": None,
            "missing_meaning": "The learner has no graded attempt; the grade counts as 0 in comparisons.",
            "choices": {"mode": "none"},
        }
    ]


def test_days_dates_and_options(settings):
    settings.TIME_ZONE = "Europe/Madrid"
    days, date, include_never = described("last_login")["fields"]
    assert (days["value_type"], days["unit"], days["minimum"], days["maximum"]) == ("integer", "days", 0, 36525)
    assert (days["step"], days["scale"], days["default"], days["time_zone"]) == (1, 0, None, None)
    assert (date["value_type"], date["time_zone"], date["step"]) == ("date", "Europe/Madrid", None)
    assert (include_never["value_type"], include_never["default"]) == ("boolean", False)


def test_remote_choices():
    (countries,) = described("country")["fields"]
    assert (countries["value_type"], countries["multiple"], countries["default"]) == ("enum", True, None)
    assert countries["choices"] == {
        "mode": "remote",
        "closed": True,
        "url": "criterion_types/country/choices/countries/",
        "search_param": "search",
        "page_size": 25,
        "resolve_param": "value",
    }


def test_inline_choices(monkeypatch):
    monkeypatch.setattr(type(registry.find("country")._meta.get_field("countries").choices_from), "remote", False)
    (countries,) = described("country")["fields"]
    assert (countries["choices"]["mode"], countries["choices"]["closed"]) == ("inline", True)
    assert {"value": "ES", "label": "Spain"} in countries["choices"]["results"]
    assert len(countries["choices"]["results"]) == 249


def test_an_operator():
    by_id = {operator["id"]: operator for operator in described("country")["operators"]}
    assert list(by_id) == ["in", "not_in", "exists", "not_exists"]
    assert by_id["not_in"] == {
        "id": "not_in",
        "label": "is none of",
        "arity": "list",
        "fields": ["countries"],
        "requires": [],
        "options": [],
        "includes_missing": True,
        "complement_of": "in",
    }


def test_the_version_is_the_types_own(monkeypatch):
    monkeypatch.setattr(registry.find("country"), "version", 2, raising=False)
    assert described("country")["version"] == 2


def test_a_type_without_a_fact_explains_no_value(monkeypatch):
    monkeypatch.delattr(registry.find("country"), "fact")
    assert capabilities(described("country")) == ["preview", "answer_learners", "predict_change"]


def test_what_a_type_cannot_do_is_not_listed(monkeypatch):
    """Its value changes as time passes, nobody knows when, and it is asked about everybody or nobody."""
    last_login = registry.find("last_login")
    monkeypatch.setattr(last_login, "operands", (), raising=False)
    monkeypatch.setattr(last_login, "answers_learners", False, raising=False)
    assert metadata._capabilities(last_login) == [{"id": "preview"}, {"id": "explain"}, {"id": "as_of"}]
    assert capabilities(described("country")) == ["preview", "explain", "answer_learners", "predict_change"]


# ---- What cannot be used now -----------------------------------------------------------------------------------------
def test_a_missing_type_stays_listed():
    found = described("gone", missing_types=["gone", "country"])
    assert found["label"] == "gone"
    assert found["fields"] == found["operators"] == []
    assert found["availability"]["status"] == "unavailable"
    assert found["availability"]["reason_code"] == "criterion_type_missing"
    assert found["availability"]["message"] == "The app of this criterion type is not installed."


def test_a_category_of_a_plugins_own(monkeypatch):
    monkeypatch.setattr(registry.find("country"), "category", "mailing_lists")
    assert described("country")["category_label"] == "Mailing lists"
    monkeypatch.setattr(registry.find("country"), "category_label", "Newsletters")
    found = described("country")
    assert (found["category"], found["category_label"]) == ("mailing_lists", "Newsletters")


def test_an_installed_type_is_not_missing():
    ids = [type_["id"] for type_ in document(missing_types=["country", "country"])["criterion_types"]]
    assert ids.count("country") == 1


def test_a_type_whose_app_goes_is_listed_as_missing():
    with registry.without("country"):
        assert described("country", missing_types=["country"])["operators"] == []


def test_a_source_that_is_down(monkeypatch):
    asked = []

    def check(scope: Scope) -> Availability:
        asked.append(scope)
        raise exceptions.SourceUnavailable

    source = replace(PLATFORM, id="warehouse", check=check)
    for slug in ("country", "last_login"):
        monkeypatch.setattr(registry.find(slug), "data_source", source)
    found = described("country")
    assert found["availability"] == {
        "status": "unavailable",
        "reason_code": "source_unavailable",
        "message": "The source of this criterion's data does not answer.",
    }
    assert len(found["operators"]) == 4
    assert asked == [COURSE]


def test_how_old_a_copy_is(monkeypatch):
    """Not part of the revision: another copy of the data is no other form."""
    asked = []

    def made_at(instant: datetime) -> None:
        source = replace(PLATFORM, id="warehouse", as_of=lambda scope: asked.append(scope) or instant)
        for slug in ("country", "last_login"):
            monkeypatch.setattr(registry.find(slug), "data_source", source)

    revisions = set()
    for hour in (1, 2):
        made_at(datetime(2026, 3, 10, hour, tzinfo=UTC))
        found = document()
        revisions.add(found["revision"])
        as_of = {type_["id"]: type_["freshness"]["as_of"] for type_ in found["criterion_types"]}
        expected = f"2026-03-10T0{hour}:00:00+00:00"
        assert (as_of["country"], as_of["last_login"], as_of["course_grade"]) == (expected, expected, None)
    assert asked == [COURSE, COURSE]
    assert len(revisions) == 1


def test_a_mistake_in_one_plugin_leaves_the_others(monkeypatch, caplog):
    monkeypatch.setattr(registry.find("country"), "operators", None)
    found = described("country")
    assert found["label"] == "Country"
    assert found["availability"]["reason_code"] == "criterion_type_failed"
    assert found["operators"] == []
    assert described("last_login")["availability"]["status"] == "available"
    assert "country cannot be described" in caplog.text


def test_scopes_may_be_named_as_text(monkeypatch):
    monkeypatch.setattr(registry.find("country"), "scopes", ("course",))
    found = described("country")
    assert (found["scopes"], found["availability"]["status"]) == (["course"], "available")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scopes", ("course", "everywhere")),
        ("scopes", None),
        ("data_source", None),
        ("category", None),
        ("version", {1}),
    ],
)
def test_whatever_is_wrong_in_a_declaration_leaves_the_others(monkeypatch, name, value):
    monkeypatch.setattr(registry.find("country"), name, value)
    found = described("country")
    assert (found["label"], found["availability"]["reason_code"]) == ("Country", "criterion_type_failed")
    assert described("last_login")["availability"]["status"] == "available"


def test_not_even_the_label_may_be_readable(monkeypatch):
    class Unreadable:
        __str__ = None

    monkeypatch.setattr(registry.find("country"), "label", Unreadable())
    found = described("country")
    assert (found["label"], found["availability"]["reason_code"]) == ("country", "criterion_type_failed")


# ---- Revision, language, cost ----------------------------------------------------------------------------------------
def test_the_revision_changes_with_what_the_reader_gets(settings):
    first = revision()
    others = [revision(OTHER_COURSE), revision(locale="es"), revision(audience="staff"), revision(missing_types=["x"])]
    with registry.without("country"):
        others.append(revision())
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 9
    others.append(revision())
    assert len({first, *others}) == 1 + len(others)


def test_the_revision_is_otherwise_stable():
    first = revision(missing_types=["x", "y"], audience="staff")
    with translation.override("es"):
        assert revision(missing_types={"y", "x"}, audience="staff") == first


@pytest.mark.slow
def test_the_revision_is_the_same_in_another_process():
    """Hashes of texts differ from process to process; the revision must not."""
    code = (
        "import django; django.setup();"
        "from openedx_user_groups.criteria import metadata, registry; from openedx_user_groups.data import Scope;"
        "registry.installed = lambda: [registry.find(slug) for slug in ('country', 'last_login')];"  # Need no database.
        "print(metadata.document(Scope.parse('instance'), locale='en')['revision'])"
    )
    revisions = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={
                **os.environ,
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "DJANGO_SETTINGS_MODULE": "sandbox.settings",
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(revisions) == 1


def test_the_readers_language_is_left_alone():
    with translation.override("en"):
        assert document(locale="es")["locale"] == "es"
        assert translation.get_language() == "en"


def test_the_active_language_unless_told():
    with translation.override("es"):
        assert metadata.document(COURSE) == document(locale="es")


def test_lazy_texts_are_resolved_in_that_language(monkeypatch):
    seen = []

    class Label:
        def __str__(self) -> str:
            seen.append(translation.get_language())
            return "Land"

    monkeypatch.setattr(registry.find("country"), "label", Label())
    assert described("country", locale="es")["label"] == "Land"
    assert seen == ["es"]


def test_types_without_choices_from_data_ask_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        for slug in ("last_login", "country", "course_grade"):
            metadata.describe_type(registry.find(slug), COURSE)


def test_the_document_costs_a_handful_of_queries(django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        document()
