"""The form of every installed type accepts and refuses what the server accepts and refuses."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from django.contrib.auth import get_user_model
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from openedx_user_groups.criteria import configuration, forms, metadata, registry
from openedx_user_groups.criteria.choices import Choice, ChoiceSource, ListedChoices
from openedx_user_groups.criteria.fields import KeyField, ListField, choices_from
from openedx_user_groups.criteria.operators import operators
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import SourceUnavailable

pytestmark = pytest.mark.django_db

COURSE = Scope.course("course-v1:OpenedX+DemoX+DemoCourse")

#: The profile on which RJSF, Ajv and python-jsonschema agree.
KEYWORDS = {
    "additionalProperties",
    "const",
    "default",
    "description",
    "discriminator",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "oneOf",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
}

#: Widgets and fields that every RJSF theme has.
BUILT_IN = {"checkboxes", "date", "datetime", "hidden", "radio", "select", "updown", "ObjectField"}

#: In JavaScript 10 and 10.0 are one number; here the validator is told what the server knows.
STRICT_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
)
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=STRICT_TYPES)

every_type = pytest.mark.parametrize("criterion_class", registry.installed(), ids=lambda cls: cls.criterion_type)


def scope_for(criterion_class: Any) -> Scope:
    """A scope in which the type can be used: the course, where it can."""
    kind = "course" if "course" in criterion_class.scopes else criterion_class.scopes[0]
    return {"course": COURSE, "organization": Scope.parse("organization", "OpenedX")}.get(kind, Scope.parse("instance"))


def schema_accepts(criterion_class: Any, config: Any) -> bool:
    schema = forms.schema(criterion_class, scope_for(criterion_class))
    return bool(Validator(schema, format_checker=jsonschema.FormatChecker()).is_valid(config))


def rules_hold(criterion_class: Any, config: dict[str, Any]) -> bool:
    """What the metadata says beyond the schema: order of ranges, exactly one of several fields, decimal places."""
    described = metadata.describe_type(criterion_class, scope_for(criterion_class))
    for rule in described["cross_field_rules"]:
        if rule["id"] == "exactly_one" and config["operator"] in rule["operators"]:
            if len(config.keys() & set(rule["fields"])) != 1:
                return False
        elif rule["id"] == "range_inverted" and config["operator"] == rule["operator"] and rule["field"] in config:
            ends = config[rule["field"]]
            if ends["from"] > ends["to"]:
                return False
    return all(
        round(number, field["scale"]) == number
        for field in described["fields"]
        if field["scale"] is not None and field["name"] in config
        for number in _numbers(config[field["name"]])
    )


def _numbers(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value]


def server_codes(criterion_class: Any, config: Any) -> set[str]:
    """The codes of the server's objections; empty where it accepts."""
    return {violation.code for violation in configuration.parse(criterion_class, config, scope_for(criterion_class))[1]}


# ---- Every installed type --------------------------------------------------------------------------------------------
@every_type
def test_there_is_one_branch_for_each_operator(criterion_class):
    schema = forms.schema(criterion_class, scope_for(criterion_class))
    consts = [branch["properties"]["operator"]["const"] for branch in schema["oneOf"]]
    assert consts == [operator.id for operator in criterion_class.operators]
    assert schema["discriminator"] == {"propertyName": "operator"}
    assert schema["required"] == ["operator"]
    assert all(branch["additionalProperties"] is False for branch in schema["oneOf"])


@every_type
@pytest.mark.parametrize("draft", [jsonschema.Draft7Validator, jsonschema.Draft202012Validator])
def test_the_schema_is_valid(criterion_class, draft):
    draft.check_schema(forms.schema(criterion_class, scope_for(criterion_class)))


def _keywords(schema: dict[str, Any]) -> set[str]:
    """Every keyword of a schema; the names of properties and what stands in constants and defaults are none."""
    below = [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]
    below += [schema["items"]] if "items" in schema else []
    return set(schema).union(*(_keywords(child) for child in below))


@every_type
def test_the_schema_keeps_to_the_profile_that_all_clients_understand(criterion_class):
    assert _keywords(forms.schema(criterion_class, scope_for(criterion_class))) <= KEYWORDS


@every_type
def test_required_properties_are_declared_beside_the_keyword(criterion_class):
    """Ajv's strict mode refuses a schema that requires what it does not declare."""

    def check(schema: dict[str, Any]) -> None:
        assert set(schema.get("required", ())) <= set(schema.get("properties", {}))
        for child in [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]:
            check(child)

    check(forms.schema(criterion_class, scope_for(criterion_class)))


@every_type
def test_hints_fit_the_branches_and_name_built_in_widgets_only(criterion_class):
    scope = scope_for(criterion_class)
    schema, ui_schema = forms.schema(criterion_class, scope), forms.ui_schema(criterion_class, scope)
    assert len(ui_schema["oneOf"]) == len(schema["oneOf"])
    for branch, hints in zip(schema["oneOf"], ui_schema["oneOf"], strict=True):
        assert hints["ui:order"] == list(branch["properties"])
        assert {key for key in hints if not key.startswith("ui:")} <= set(branch["properties"])
        assert _built_ins(hints) <= BUILT_IN


def _built_ins(hints: dict[str, Any]) -> set[str]:
    own = {hints[key] for key in ("ui:widget", "ui:field") if key in hints}
    return own.union(*(_built_ins(value) for value in hints.values() if isinstance(value, dict)))


CASES = [(cls, operator) for cls in registry.installed() for operator in cls.operators]


@pytest.mark.parametrize(
    ("criterion_class", "operator"), CASES, ids=[f"{cls.criterion_type} {operator.id}" for cls, operator in CASES]
)
def test_a_configuration_made_from_the_metadata_alone_is_accepted(criterion_class, operator):
    get_user_model().objects.create_user("learner")
    described = metadata.describe_type(criterion_class, scope_for(criterion_class))
    fields = {field["name"]: field for field in described["fields"]}
    for name in operator.fields or (None,):
        for options in ((), operator.options):
            config = {"operator": operator.id}
            for needed in (*operator.requires, *options, *([name] if name else [])):
                config[needed] = _example(criterion_class, fields[needed], operator, is_value=needed == name)
            assert schema_accepts(criterion_class, config), config
            assert rules_hold(criterion_class, config), config
            assert server_codes(criterion_class, config) <= _excusable(criterion_class, fields, config), config


def _example(criterion_class: Any, field: dict[str, Any], operator: Any, *, is_value: bool) -> Any:
    if is_value and operator.arity == "two":
        return {"from": _one(criterion_class, field), "to": _one(criterion_class, field, later=1)}
    value = _one(criterion_class, field)
    return [value] if field["multiple"] else value


def _one(criterion_class: Any, field: dict[str, Any], later: int = 0) -> Any:
    choices = _some_choices(criterion_class, field)
    if choices:
        return choices[0]
    if field["value_type"] in ("integer", "decimal", "percent"):
        return field["maximum"] - 1 + later
    return {
        "boolean": True,
        "date": (date(2026, 1, 31) + timedelta(days=later)).isoformat(),
        "user_list": "learner",
        "usage_key": "block-v1:OpenedX+DemoX+DemoCourse+type@sequential+block@basics",
        "course_key": "course-v1:OpenedX+Other+Run",
        "string": "example.org",
    }.get(field["value_type"], "value")


def _some_choices(criterion_class: Any, field: dict[str, Any]) -> list[Any]:
    if field["choices"]["mode"] == "inline":
        return [choice["value"] for choice in field["choices"]["results"]]
    source = choices_from(criterion_class._meta.get_field(field["name"]))
    found = source.search(scope_for(criterion_class), "", 1) if source else []
    return [choice.value for choice in found]


def _excusable(criterion_class: Any, fields: dict[str, Any], config: dict[str, Any]) -> set[str]:
    """Where the data holds no choice yet, nothing can be chosen; that must be the server's only objection."""
    closed = [field for name, field in fields.items() if name in config and field["choices"].get("closed")]
    return {"invalid_choice"} if any(not _some_choices(criterion_class, field) for field in closed) else set()


# ---- Three types in detail -------------------------------------------------------------------------------------------
ACCEPTED = {
    "last_login": [
        {"operator": ">", "days": 10},
        {"operator": ">", "days": 0, "include_never": True},
        {"operator": "=", "days": 36525},
        {"operator": "<=", "date": "2026-01-31", "include_never": False},
        {"operator": "between", "days": {"from": 3, "to": 3}},
        {"operator": "between", "date": {"from": "2024-02-29", "to": "2026-01-31"}},
        {"operator": "exists"},
        {"operator": "not_exists"},
    ],
    "country": [
        {"operator": "in", "countries": ["ES", "FR"]},
        {"operator": "not_in", "countries": ["ES"]},
        {"operator": "exists"},
        {"operator": "not_exists"},
    ],
    "course_grade": [
        {"operator": "=", "percent": 0},
        {"operator": "!=", "percent": 100},
        {"operator": "<", "percent": 72.35},
        {"operator": ">=", "percent": 40.0},
        {"operator": "between", "percent": {"from": 10, "to": 20.5}},
        {"operator": "exists"},
    ],
}

REFUSED = {
    "last_login": [
        None,
        [],
        "last_login",
        {},
        {"days": 10},
        {"operator": None, "days": 10},
        {"operator": "in", "days": 10},
        {"operator": "!=", "days": 10},
        {"operator": ">"},
        {"operator": ">", "include_never": True},
        {"operator": ">", "days": None},
        {"operator": ">", "days": "10"},
        {"operator": ">", "days": 10.0},
        {"operator": ">", "days": 1.5},
        {"operator": ">", "days": True},
        {"operator": ">", "days": -1},
        {"operator": ">", "days": 36526},
        {"operator": ">", "days": [10]},
        {"operator": ">", "days": {"from": 1, "to": 2}},
        {"operator": ">", "days": 10, "date": "2026-01-31"},
        {"operator": ">", "days": 10, "days_to": 12},
        {"operator": ">", "days": 10, "extra": 1},
        {"operator": ">", "days": 10, "include_never": 1},
        {"operator": ">", "days": 10, "include_never": None},
        {"operator": ">", "date": "2026-02-30"},
        {"operator": ">", "date": "31.01.2026"},
        {"operator": ">", "date": "20260131"},
        {"operator": ">", "date": "2026-01-31T00:00:00Z"},
        {"operator": ">", "date": ""},
        {"operator": ">", "date": 20260131},
        {"operator": "between", "days": 3},
        {"operator": "between", "days": [1, 3]},
        {"operator": "between", "days": {"from": 1}},
        {"operator": "between", "days": {"from": 1, "to": None}},
        {"operator": "between", "days": {"from": 1, "to": 3, "step": 1}},
        {"operator": "between", "days": {"from": 4, "to": 3}},
        {"operator": "between", "days": {"from": 1, "to": 36526}},
        {"operator": "between", "date": {"from": "2026-02-01", "to": "2026-01-31"}},
        {"operator": "between", "days": {"from": 1, "to": 3}, "date": {"from": "2026-01-01", "to": "2026-01-31"}},
        {"operator": "exists", "days": 10},
        {"operator": "not_exists", "include_never": True},
    ],
    "country": [
        {"operator": "in"},
        {"operator": "in", "countries": []},
        {"operator": "in", "countries": "ES"},
        {"operator": "in", "countries": None},
        {"operator": "in", "countries": [""]},
        {"operator": "in", "countries": [34]},
        {"operator": "in", "countries": ["ES", "ES"]},
        {"operator": "in", "countries": [["ES"]]},
        {"operator": "in", "countries": ["ES"], "days": 3},
        {"operator": "=", "countries": ["ES"]},
        {"operator": "exists", "countries": ["ES"]},
    ],
    "course_grade": [
        {"operator": "<"},
        {"operator": "<", "percent": "40"},
        {"operator": "<", "percent": True},
        {"operator": "<", "percent": -0.01},
        {"operator": "<", "percent": 100.01},
        {"operator": "<", "percent": 1000},
        {"operator": "<", "percent": 40.125},
        {"operator": "<", "percent": {"from": 1, "to": 2}},
        {"operator": "between", "percent": {"from": 50, "to": 49.99}},
        {"operator": "between", "percent": {"from": 50, "to": 101}},
        {"operator": "not_exists", "percent": 40},
    ],
}


def _cases(configs: dict[str, list[Any]]) -> Any:
    cases = [(slug, config) for slug in configs for config in configs[slug]]
    return pytest.mark.parametrize(("slug", "config"), cases, ids=[f"{slug} {config}" for slug, config in cases])


@_cases(ACCEPTED)
def test_form_and_server_accept(slug, config):
    criterion_class = registry.find(slug)
    assert server_codes(criterion_class, config) == set()
    assert schema_accepts(criterion_class, config)
    assert rules_hold(criterion_class, config)


@_cases(REFUSED)
def test_form_and_server_refuse(slug, config):
    criterion_class = registry.find(slug)
    assert server_codes(criterion_class, config) != set()
    assert not (schema_accepts(criterion_class, config) and rules_hold(criterion_class, config))


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"operator": "in", "countries": ["XX"]}, "invalid_choice"),
        ({"operator": "in", "countries": ["E\u200bS"]}, "invalid_text"),
    ],
)
def test_what_only_the_server_knows_passes_the_form(config, code):
    assert schema_accepts(registry.find("country"), config)
    assert server_codes(registry.find("country"), config) == {code}


def test_a_list_has_as_many_items_as_the_site_allows(settings):
    settings.OPENEDX_USER_GROUPS_MAX_LIST_ITEMS = 2
    country = registry.find("country")
    for countries, fits in ((["ES", "FR"], True), (["ES", "FR", "DE"], False)):
        config = {"operator": "in", "countries": countries}
        assert schema_accepts(country, config) is fits
        assert (server_codes(country, config) == set()) is fits


def test_one_of_two_fields():
    """The branch lists both, and says that exactly one is filled in."""
    branch = forms.schema(registry.find("last_login"), COURSE)["oneOf"][0]
    assert list(branch["properties"]) == ["operator", "days", "date", "include_never"]
    assert branch["required"] == ["operator"]
    assert [(option["title"], option["required"]) for option in branch["oneOf"]] == [
        ("Days ago", ["days"]),
        ("Date", ["date"]),
    ]


def test_a_range_has_two_ends():
    branch = forms.schema(registry.find("course_grade"), COURSE)["oneOf"][6]
    assert branch["required"] == ["operator", "percent"]
    assert branch["properties"]["percent"] == {
        "title": "Grade",
        "type": "object",
        "properties": {
            "from": {"title": "From", "type": "number", "minimum": 0, "maximum": 100},
            "to": {"title": "To", "type": "number", "minimum": 0, "maximum": 100},
        },
        "required": ["from", "to"],
        "additionalProperties": False,
    }


def test_choices_that_are_searched_for_are_hinted_at():
    hints = forms.ui_schema(registry.find("country"), COURSE)["oneOf"][0]
    assert hints["countries"] == {"ui:options": {"choices_url": "criterion_types/country/choices/countries/"}}


# ---- Fields that the types above do not have -------------------------------------------------------------------------
def made_of(*fields: Any, ids: str = "in not_in") -> Any:
    """Something with the declaration of a type, without a table: one operator list over each of ``fields``."""
    named = {}
    for field in fields:
        field.set_attributes_from_name(field.name or "value")
        named[field.name] = field
    return SimpleNamespace(
        criterion_type="made_up",
        operators=operators(ids, *named),
        _meta=SimpleNamespace(get_field=lambda name: named[name]),
    )


def item_of(field: Any, ids: str = "=") -> dict[str, Any]:
    """The schema of one value of a field."""
    return forms.schema(made_of(field, ids=ids), COURSE)["oneOf"][0]["properties"][field.name]


class Down(ChoiceSource):
    """A source that does not answer."""

    def search(self, scope: Scope, text: str, limit: int, offset: int = 0) -> list[Choice]:
        raise SourceUnavailable


def test_inline_choices_are_the_only_values():
    source = ListedChoices(lambda scope: [("b", "Beta"), ("a", "Alpha"), ("a", "Alpha again")])
    made_up = made_of(ListField("colours", value_type="enum", choices_from=source))
    items = forms.schema(made_up, COURSE)["oneOf"][0]["properties"]["value"]["items"]
    assert items == {
        "type": "string",
        "minLength": 1,
        "oneOf": [{"const": "a", "title": "Alpha again"}, {"const": "b", "title": "Beta"}],
    }
    assert forms.ui_schema(made_up, COURSE)["oneOf"][0]["value"] == {"ui:widget": "checkboxes"}


@pytest.mark.parametrize(("count", "remote"), [(0, False), (300, False), (301, True)])
def test_long_lists_are_searched_for(count, remote):
    source = ListedChoices(lambda scope: [(str(number), f"No. {number}") for number in range(count)])
    made_up = made_of(ListField("colours", value_type="enum", choices_from=source))
    field = forms.value_fields(made_up, COURSE)["value"]
    assert field.is_remote is remote
    schema = forms.schema(made_up, COURSE)
    jsonschema.Draft202012Validator.check_schema(schema)
    items = schema["oneOf"][0]["properties"]["value"]["items"]
    assert len(items.get("oneOf", [])) == (300 if count == 300 else 0)


def test_a_source_that_is_down_does_not_close_the_form():
    made_up = made_of(ListField("colours", choices_from=Down()))
    assert forms.value_fields(made_up, COURSE)["value"].is_remote


def test_open_choices_merely_suggest():
    class Suggestions(ListedChoices):
        closed = False

    field = KeyField("block", choices_from=Suggestions(lambda scope: [("a", "Alpha")]))
    assert item_of(field) == {"title": "Block", "type": "string", "minLength": 1, "maxLength": 255}


@pytest.mark.parametrize(("count", "widget"), [(2, "radio"), (5, "select")])
def test_one_of_a_few_is_a_radio_and_of_many_a_select(count, widget):
    field = models.CharField("status", max_length=9, choices=[(str(number), "x") for number in range(count)])
    made_up = made_of(field, ids="=")
    assert forms.ui_schema(made_up, COURSE)["oneOf"][0]["value"] == {"ui:widget": widget}
    assert forms.value_fields(made_up, COURSE)["value"].value_type == "enum"


def test_choices_of_a_number_field_are_numbers():
    field = models.IntegerField("week", choices=[(1, "first"), (2, "second")], null=True)
    assert item_of(field)["oneOf"] == [{"const": 1, "title": "first"}, {"const": 2, "title": "second"}]


def test_the_tightest_limit_counts():
    declared = [MinValueValidator(1900), MaxValueValidator(2100), MaxValueValidator(2050)]
    assert item_of(models.PositiveSmallIntegerField("year", validators=declared)) == {
        "title": "Year",
        "type": "integer",
        "minimum": 1900,
        "maximum": 2050,
    }
    assert item_of(models.PositiveSmallIntegerField("year"))["minimum"] == 0


def test_digits_limit_a_decimal():
    field = models.DecimalField("hours", max_digits=4, decimal_places=1, validators=[MinValueValidator(lambda: 0)])
    assert item_of(field) == {"title": "Hours", "type": "number", "minimum": 0, "maximum": 999.9}


def test_an_instant_has_a_format_and_a_widget():
    made_up = made_of(models.DateTimeField("since", name="since"), ids="=")
    assert item_of(models.DateTimeField("since")) == {"title": "Since", "type": "string", "format": "date-time"}
    assert forms.ui_schema(made_up, COURSE)["oneOf"][0]["since"] == {"ui:widget": "datetime"}
