"""System checks: mistakes in the declaration of a criterion type, and settings with which members go wrong, each with
an id and a hint.

Only what needs no database. Whether the platform's tables have the columns that are read is checked by
``manage.py check --database default``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core import checks

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.models import Criterion

from .databases import check_isolation
from .declarations import check_declaration
from .messages import error
from .operators import check_operators
from .settings_values import check_values


@checks.register(checks.Tags.models)
def check_criterion_types(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Every installed criterion type, and the classes that are none although they look like one."""
    return [*_check_others(), *(message for found in registry.installed() for message in _check_type(found))]


@checks.register(checks.Tags.compatibility)
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """What the site's settings say of the database, and of this app."""
    return [*check_isolation(), *check_values()]


def _check_type(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    yield from check_declaration(criterion_class)
    yield from check_operators(criterion_class)


def _check_others() -> Iterator[checks.CheckMessage]:
    for criterion_class in registry.abstract():
        hint = "Move criterion_type to the classes that inherit from it: each type has a slug and a table of its own."
        yield error(12, criterion_class, "is abstract and has a slug", hint)
    for model in apps.get_models():
        if issubclass(model, Criterion) and model is not Criterion and not _has_slug(model):
            hint = "Set criterion_type in the class itself, or make it abstract if it is the base of types."
            yield error(13, model, "has no slug of its own", hint)


def _has_slug(criterion_class: type[Criterion]) -> bool:
    """Whether a class says which type it is. Rows of a proxy are those of its type."""
    return "criterion_type" in criterion_class.__dict__ or criterion_class._meta.proxy
