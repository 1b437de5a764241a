"""Definitions of rules, each with what must become of it: the part of the fixtures that says what is valid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.data import Scope

from .configurations import configurations, example
from .world import COURSE, SCOPES, leaf, rule, wire

_CONFIG = "/rule/nodes/0/config"


@dataclass(frozen=True)
class Case:
    """A definition. It is valid where no violation (pointer, code) is named.

    ``schema_accepts`` is true as well for definitions that only the server can refuse: JSON Schema cannot say their
    rule, or does not know the data.
    """

    name: str
    scope: Scope
    definition: Any
    violations: tuple[tuple[str, str], ...] = ()
    schema_accepts: bool = True

    def to_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        return {
            "name": self.name,
            "scope": wire(self.scope),
            "valid": not self.violations,
            "schema_accepts": self.schema_accepts,
            "violations": [{"pointer": pointer, "code": code} for pointer, code in self.violations],
            "definition": self.definition,
        }


def cases_of_types() -> Iterator[tuple[str, list[Case]]]:
    """For each type: rules of one criterion, in the course; and how the type fares in the other scopes."""
    for criterion_class in registry.installed():
        yield criterion_class.criterion_type, [*_in_course(criterion_class), *_elsewhere(criterion_class)]


def _in_course(criterion_class: type[Criterion]) -> Iterator[Case]:
    slug = criterion_class.criterion_type
    for found in configurations(criterion_class, COURSE):
        definition = rule({"kind": "criterion", "type": slug, "config": found.config})
        places = tuple((_CONFIG + pointer, code) for pointer, code in found.violations)
        yield Case(f"{slug}: {found.what}", COURSE, definition, places, found.schema_accepts)


def _elsewhere(criterion_class: type[Criterion]) -> Iterator[Case]:
    """The same configuration is valid in each scope that the type is for."""
    slug, config = criterion_class.criterion_type, example(criterion_class, COURSE)
    for scope in SCOPES:
        if scope != COURSE:
            allowed = scope.type in criterion_class.scopes
            places = () if allowed else (("/rule/nodes/0/type", "type_not_in_scope"),)
            yield Case(f"{slug} in the scope {scope.type}", scope, rule(leaf(slug, **config)), places, allowed)
