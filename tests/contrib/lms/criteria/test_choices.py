"""The choices of every field of every type can be counted, searched and paged, as the API does."""

from __future__ import annotations

import pytest

from openedx_user_groups.criteria import fields, registry
from tests.contrib.lms.world import COURSE

SOURCES = [
    pytest.param(fields.choices_from(field), id=f"{criterion_class.criterion_type}.{name}")
    for criterion_class in registry.installed()
    for name in sorted({name for operator in criterion_class.operators for name in operator.accepts})
    for field in [fields.value_field(criterion_class, name)]
    if fields.choices_from(field) is not None
]


def test_there_are_sources():
    assert len(SOURCES) > 12


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("text", ["", "a", "no such choice anywhere"])
def test_count_agrees_with_search(world, source, text):
    found = source.search(COURSE, text, 10_000)
    assert source.count(COURSE, text) == len(found)
    assert [choice.value for choice in source.search(COURSE, text, 2, 1)] == [choice.value for choice in found[1:3]]
