"""The mistakes that system checks find in the declaration of a criterion type."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import models

from openedx_user_groups.checks import check_criterion_types
from openedx_user_groups.contrib.lms import models as types
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria_api import (
    Criterion,
    DaysField,
    Listed,
    ListField,
    OneOf,
    Operator,
    PercentField,
    Threshold,
    UserIds,
    criterion_link,
    operators,
    row_changes,
)
from tests.criteria.declared import declare, declare_type, forgotten_afterwards, profiles

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture
def isolated():
    with forgotten_afterwards():
        yield


def number(**kwargs: Any) -> models.Field:
    return models.IntegerField(**{"null": True, "blank": True, **kwargs})


def found(criterion_class: Any = None) -> list[str]:
    """The ids of what is wrong with a type, without their prefix."""
    messages = check_criterion_types(None)
    assert all(message.hint for message in messages)
    return [message.id.removeprefix("openedx_user_groups.") for message in messages if message.obj is criterion_class]


class OwnSet:
    """A type that answers with a set of its own."""

    def learner_set(self, context):
        return UserIds(())


class AnyOf(Threshold):
    """An operand that knows lists, too."""

    def condition(self, operator, criterion, context):
        return OneOf(frozenset())


RIGHT: list[dict[str, Any]] = [
    {"n": number(), "n_to": number(), "operators": operators("= != < between", "n"), "operands": (Threshold("n"),)},
    {"n": number(null=False), "operators": operators("= !=", "n"), "operands": (Threshold("n"),)},
    {
        "n": number(null=False),
        "n_to": number(null=False),
        "operators": operators("between", "n"),
        "operands": (Threshold("n"),),
    },
    {"n": number(null=False, default=0), "operators": operators("exists not_exists", options=("n",))},
    {"topics": ListField(), "operators": operators("in not_in", "topics"), "operands": (Listed("topics"),)},
    {"topics": ListField(), "operators": operators("in not_in", "topics"), "operands": (AnyOf("topics"),)},
    {
        "days": DaysField(),
        "n": number(),
        "operators": operators("= !=", "days", "n"),
        "operands": (Threshold("days"), Threshold("n")),
    },
    {
        "mark": models.CharField(max_length=1, blank=True),
        "operators": operators("= != < >", "mark"),
        "operands": (Threshold("mark", convert=ord),),
    },
    {"n": number(), "operators": operators("= !=", "n"), "learner_set": OwnSet.learner_set},
    {"operators": operators("exists"), "scopes": ("course", "instance")},
    {"operators": operators("exists"), "changes": row_changes("auth.User", lambda user: None)},
]


@pytest.mark.parametrize("attributes", RIGHT, ids=range(len(RIGHT)))
def test_what_is_right_is_left_alone(attributes):
    assert found(declare_type(**attributes)) == []


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("E002", {"label": "", "operators": operators("exists")}),
    ("E003", {"operators": ()}),
    ("E004", {"operators": operators("exists"), "scopes": ()}),
    ("E004", {"operators": operators("exists"), "scopes": ("course", "everywhere")}),
    ("E004", {"operators": operators("exists"), "scopes": "course"}),
    ("E004", {"operators": operators("exists"), "scopes": None}),
    ("E005", {"operators": operators("exists"), "fact": Criterion.fact}),
    ("E006", {"operators": (*operators("exists"), *operators("exists"))}),
    ("E007", {"operators": (Operator("~", "is like"),)}),
    ("E008", {"operators": operators("exists", requires=("survey",))}),
    ("E008", {"operators": operators("exists"), "operands": (Threshold("n"),)}),
    ("E008", {"n": number(), "operators": operators("between", "n"), "operands": (Threshold("n"),)}),
    ("E009", {"n": number(), "operators": operators("=", "n")}),
    ("E010", {"operators": operators("not_exists")}),
    (
        "E011",
        {
            "n": models.FloatField(null=True),
            "operators": operators("=", "n"),
            "operands": (Threshold("n"),),
        },
    ),
    ("E014", {"operators": operators("exists"), "criterion_type": "My type"}),
    ("E014", {"operators": operators("exists"), "criterion_type": "Made"}),
    ("E014", {"operators": operators("exists"), "criterion_type": ""}),
    ("E014", {"operators": operators("exists"), "criterion_type": "x" * 65}),
    ("E015", {"operators": "in not_in"}),
    ("E015", {"operators": None}),
    ("E015", {"operators": ("in", "not_in")}),
    ("E015", {"operators": operators("exists"), "operands": Threshold("n")}),
    ("E015", {"operators": operators("exists"), "operands": ("n",)}),
    ("E015", {"operators": operators("exists"), "changes": ("nope.signal",)}),
    ("E015", {"operators": operators("exists"), "changes": row_changes("auth.User", lambda user: None)[0]}),
    ("E016", {"operators": operators("exists"), "fact_parameters": ("survey",)}),
    ("E016", {"operators": operators("exists"), "fact_parameters": "uuid"}),
    ("E017", {"operators": operators("exists"), "missing_option": "include_never"}),
    ("E017", {"n": number(), "operators": operators("exists", options=("n",)), "missing_option": "n"}),
    ("E018", {"operators": operators("=", "position"), "operands": (Threshold("position"),)}),
    (
        "E018",
        {
            "category": models.CharField(max_length=9, blank=True),
            "operators": operators("=", "category"),
            "operands": (Threshold("category"),),
        },
    ),
    ("E019", {"n": number(), "operators": operators("in", "n"), "operands": (Listed("n"),)}),
    ("E019", {"topics": ListField(), "operators": operators("=", "topics"), "learner_set": OwnSet.learner_set}),
    ("E019", {"n": number(), "operators": operators("exists", "n"), "operands": (Threshold("n"),)}),
    ("E019", {"operators": operators("=")}),
    ("E020", {"topics": ListField(), "operators": operators("in", "topics"), "operands": (Threshold("topics"),)}),
    ("E020", {"n": number(), "operators": operators(">", "n"), "operands": (Listed("n"),)}),
    *(
        (
            "E021",
            {
                "mark": models.CharField(max_length=1, blank=True),
                "mark_to": models.CharField(max_length=1, blank=True),
                "operators": operators(id_, "mark"),
                "operands": (Threshold("mark"),),
            },
        )
        for id_ in ("<", "<=", ">", ">=", "between")
    ),
    (
        "E022",
        {
            "topics": ListField(),
            "operators": operators("in", "topics"),
            "operands": (Listed("topics"),),
            "missing_counts_as": "none",
        },
    ),
    (
        "E022",
        {
            "topics": ListField(),
            "never": models.BooleanField(default=False),
            "operators": operators("in", "topics", options=("never",)),
            "operands": (Listed("topics"),),
            "missing_option": "never",
        },
    ),
    (
        "E023",
        {
            "n": number(),
            "n_to": PercentField(),
            "operators": operators("between", "n"),
            "operands": (Threshold("n"),),
        },
    ),
    (
        "E024",
        {
            "n": number(null=False),
            "operators": (*operators("=", "n"), *operators("exists")),
            "operands": (Threshold("n"),),
        },
    ),
    (
        "E025",
        {
            "n": number(default=7),
            "m": number(),
            "operators": operators("=", "n", "m"),
            "operands": (Threshold("n"), Threshold("m")),
        },
    ),
]


@pytest.mark.parametrize(("id_", "attributes"), WRONG, ids=[f"{id_} {n}" for n, (id_, _) in enumerate(WRONG)])
def test_a_mistake_is_found(id_, attributes):
    assert found(declare_type(**attributes)) == [id_]


def test_shipped_types_have_no_mistake():
    assert check_criterion_types(None) == []


# ---- Classes that are no types ---------------------------------------------------------------------------------------
def test_the_link_stands_in_the_class_that_inherits_from_the_base():
    right = declare("Right", abstract=True, criterion=criterion_link(), label="Made", fact=profiles)
    wrong = declare("Wrong", abstract=True, label="Made", fact=profiles)
    offered = operators("exists")
    assert found(declare("A", right, criterion_type="a", operators=offered)) == []
    assert found(declare("B", wrong, criterion_type="b", operators=offered, criterion=criterion_link())) == ["E001"]
    assert found(declare("C", criterion_type="c", operators=offered, label="Made", fact=profiles)) == ["E001"]


def test_a_type_of_a_type_is_none():
    made = declare_type(operators=operators("exists"))
    assert found(declare("Child", made, criterion_type="child")) == ["E001"]


def test_an_abstract_class_is_no_type():
    base = declare("Base", abstract=True, criterion_type="base", criterion=criterion_link(), label="Base")
    assert found(base) == ["E012"]
    assert registry.find("base") is None
    assert base not in registry.installed()


def test_a_model_without_a_slug_is_no_type(monkeypatch):
    with registry.without("country"):
        monkeypatch.delattr(types.Country, "criterion_type")
        assert found(types.Country) == ["E013"]
        monkeypatch.setattr(types.Country._meta, "proxy", True)
        assert found(types.Country) == []
