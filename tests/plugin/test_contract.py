"""The contract finds the mistakes that types make: each is planted in a type that keeps it, and must be found.

Among them are those of the proof of concept that this project replaces: operators that are ignored or run the same
query, complements that are none.
"""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from django.db import connection, models
from django.test import TestCase

from openedx_user_groups.contrib.lms import models as types
from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria import configuration, forms
from openedx_user_groups.criteria_api import Criterion, EmailDomains, Fact, IdSet, Threshold, UserIds, operators
from openedx_user_groups.testing import contract
from openedx_user_groups.testing.configurations import spoiled
from openedx_user_groups.testing.contract import CriterionTypeContract, Example
from openedx_user_groups.testing.factories import COURSE
from openedx_user_groups.testing.schemas import Form
from tests.criteria.declared import declare_type, forgotten_afterwards
from tests.plugin import test_shipped_types as shipped

pytestmark = pytest.mark.django_db

learner_set, value_test = Criterion.learner_set, Criterion.value_test


def not_in_as_in(self, context):
    """A negative operator is evaluated like its positive one."""
    return UserIds(learner_set(self, context).querysets, complement=False)


def without_missing(self, context):
    """A negative operator is a filter on values, of which learners without a value have none."""
    found = learner_set(self, context)
    if not found.complement:
        return found
    rows = ProfileRow.objects.filter(country__gt="").exclude(user_id__in=found.querysets[0])
    return UserIds((rows.values_list("user_id", flat=True),))


def more_as_at_least(self, context):
    """An operator runs the query of another."""
    self.operator = {">": ">="}.get(self.operator, self.operator)
    return value_test(self, context)


def value_ignored(self, operator, criterion, context):
    """An option is offered and never looked at."""
    return EmailDomains(frozenset(domain.lower() for domain in criterion.domains))


def empty_text_as_value(self, context):
    """What the platform stores for "not said" is taken for a value."""
    return Fact(ProfileRow.objects.filter(country__isnull=False), value="country")


def everybody(self, context):
    """The set is another one than the fact says."""
    return UserIds((ProfileRow.objects.values_list("user_id", flat=True),))


def one_query_a_learner(self, context):
    """Each learner is asked for apart."""
    rows = ProfileRow.objects.filter(country__in=self.countries).values_list("user_id", flat=True)
    return IdSet([pk for pk in rows if ProfileRow.objects.filter(user_id=pk).exists()])


def from_elsewhere(self, context):
    """Not a mistake: ids that were fetched from another source, as the how-to shows it."""
    rows = ProfileRow.objects.filter(country__gt="")
    if "exists" not in self.operator:
        rows = rows.filter(country__in=self.countries)
    ids = IdSet(rows.values_list("user_id", flat=True))
    return ids.flip(0, 2**31) if self.operator in ("not_in", "not_exists") else ids


@contextmanager
def another_column() -> Iterator[None]:
    """The model was changed after its migration was made."""
    contract._is_migrated.cache_clear()
    with mock.patch.dict(types.Country._meta.original_attrs, verbose_name="home"):
        yield
    contract._is_migrated.cache_clear()


def patched(owner: Any, name: str, value: Any) -> Callable[[], Any]:
    return lambda: mock.patch.object(owner, name, value)


MISTAKES = [
    (shipped.TestCountry, patched(types.Country, "learner_set", not_in_as_in), "complements_are_exact"),
    (shipped.TestCountry, patched(types.Country, "learner_set", not_in_as_in), "operators_differ"),
    (shipped.TestCountry, patched(types.Country, "learner_set", not_in_as_in), "examples_match_whom_they_should"),
    (shipped.TestCountry, patched(types.Country, "learner_set", without_missing), "complements_are_exact"),
    (
        shipped.TestCountry,
        patched(types.Country, "learner_set", without_missing),
        "learners_without_a_value_match_complements_only",
    ),
    (
        shipped.TestCountry,
        patched(types.Country, "fact", empty_text_as_value),
        "learners_without_a_value_match_complements_only",
    ),
    (shipped.TestCountry, patched(types.Country, "learner_set", everybody), "each_operator_decides_something"),
    (
        shipped.TestCountry,
        patched(types.Country, "learner_set", everybody),
        "single_learners_are_answered_as_in_the_set",
    ),
    (
        shipped.TestCountry,
        patched(types.Country, "learner_set", one_query_a_learner),
        "query_count_does_not_grow_with_learners",
    ),
    (shipped.TestCountry, patched(types.Country, "label", ""), "staff_can_read_what_it_means"),
    (shipped.TestCountry, patched(types.Country, "label", ""), "the_declaration_has_no_mistake"),
    (shipped.TestCountry, another_column, "migrations_are_complete"),
    (
        shipped.TestCountry,
        patched(forms, "schema", lambda *arguments: {"type": "object"}),
        "mistakes_are_refused_by_form_and_server",
    ),
    (
        shipped.TestCountry,
        patched(forms, "schema", lambda *arguments: {"type": "array"}),
        "valid_configurations_are_accepted_by_form_and_server",
    ),
    (shipped.TestYearOfBirth, patched(types.YearOfBirth, "value_test", more_as_at_least), "operators_differ"),
    (
        shipped.TestEmailDomain,
        patched(types.EmailDomain.operands[0].__class__, "condition", value_ignored),
        "each_value_is_used",
    ),
    (
        shipped.TestSubsectionGrade,
        patched(types.SubsectionGrade, "fact_parameters", ()),
        "single_learners_are_answered_as_in_the_set",
    ),
    (shipped.TestLastLogin, patched(types.LastLogin, "time_sensitive", False), "time_sensitivity_is_declared"),
]


def run(case: type[TestCase], *names: str) -> unittest.TestResult:
    """Run tests of a contract within this one, whose connection they would otherwise close when they are done."""
    result = unittest.TestResult()
    with mock.patch.object(connection, "close"):
        unittest.TestSuite(map(case, names)).run(result)
    return result


def failures(case: type[TestCase], name: str) -> list[str]:
    """What one test of a contract complains about."""
    result = run(case, f"test_{name}")
    assert result.testsRun == 1
    assert result.errors == []
    return [message for _, message in result.failures]


@pytest.mark.parametrize(("case", "plant", "name"), MISTAKES)
def test_a_planted_mistake_is_found(case, plant, name):
    assert failures(case, name) == []
    with plant():
        assert len(failures(case, name)) == 1


def test_a_type_that_returns_a_bitmap_keeps_the_contract():
    names = unittest.defaultTestLoader.getTestCaseNames(shipped.TestCountry)
    assert len(names) >= 20
    # As in the how-to, nothing says how to compare with the field.
    with mock.patch.multiple(types.Country, learner_set=from_elsewhere, fact=Criterion.fact, operands=()):
        result = run(shipped.TestCountry, *names)
    assert (result.testsRun, result.failures, result.errors) == (len(names), [], [])


def test_form_and_server_refuse_the_same_instants():
    start, end = "2026-01-31T09:30:00Z", "2026-01-31T12:00:00.123456+01:00"
    configs = [{"operator": "=", "at": end}, {"operator": "between", "at": {"from": start, "to": end}}]
    with forgotten_afterwards():
        at, at_to = (models.DateTimeField(null=True, blank=True) for _ in range(2))
        made = declare_type(at=at, at_to=at_to, operands=(Threshold("at"),), operators=operators("= between", "at"))
        form = Form(forms.schema(made, COURSE))
        for config in configs:
            assert form.accepts(config)
            assert configuration.parse(made, config, COURSE)[1] == []
            for what, wrong in spoiled(made, config, configs):
                assert not form.accepts(wrong) or what.endswith("start after end"), what
                assert configuration.parse(made, wrong, COURSE)[1], what


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "0999-12-31T23:59:59Z", "9999-12-30T00:00:01Z", "9999-12-31T23:59:59-14:00"]
)
def test_an_instant_that_not_every_database_and_time_zone_has_is_refused(text):
    with forgotten_afterwards():
        at = models.DateTimeField(null=True, blank=True)
        made = declare_type(at=at, operands=(Threshold("at"),), operators=operators("=", "at"))
        _, [violation] = configuration.parse(made, {"operator": "=", "at": text}, COURSE)
    assert (violation.pointer, violation.code) == ("/at", "wrong_type")


class TestTooFewExamples(shipped.TestYearOfBirth):
    """One example for each operator, none of which tells neighbours apart."""

    __test__ = False
    examples = tuple(
        Example({"operator": operator, "year": 1950}, {"1989", "1990", "1991"} if operator in (">", ">=") else set())
        for operator in ("=", "<", "<=", ">", ">=")
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("each_operator_decides_something", "No example of “=” with “year” matches some learners only. Add one."),
        ("operators_differ", "No example tells “=” from “<” with “year”. Give a learner exactly a value"),
        ("each_value_is_used", "no other value of “year” changes who matches. Add an example with another value"),
    ],
)
def test_the_author_is_told_what_to_add(name, hint):
    [message] = failures(TestTooFewExamples, name)
    assert hint in message


def test_a_contract_without_declarations_says_so():
    class Bare(CriterionTypeContract, TestCase):
        criterion_class = types.Country

    [message] = failures(Bare, "operators_differ")
    assert "Bare must declare learners and examples." in message
