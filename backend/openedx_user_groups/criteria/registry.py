"""The criterion types that are installed. Defining a model files it here; nothing else does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from .models import Criterion

_types: dict[str, type[Criterion]] = {}


def register(criterion_class: type[Criterion]) -> None:
    """File a class under its slug. Raises ``ImproperlyConfigured`` where another class has the slug."""
    slug = criterion_class.criterion_type
    other = _types.get(slug)
    if other is not None and _owner(other) != _owner(criterion_class):
        raise ImproperlyConfigured(
            f"The criterion type {slug!r} is declared twice: by {_owner(other)} and by {_owner(criterion_class)}. "
            "Rename one of them, or uninstall one of the two apps."
        )
    _types[slug] = criterion_class


def find(slug: str) -> type[Criterion] | None:
    """The installed type with this slug, or ``None``: its app may be gone while its criteria are still there."""
    criterion_class = _types.get(slug)
    return criterion_class if criterion_class is not None and _is_installed(criterion_class) else None


def installed() -> list[type[Criterion]]:
    """Every installed type, by slug."""
    return [_types[slug] for slug in sorted(_types) if _is_installed(_types[slug])]


def abstract() -> list[type[Criterion]]:
    """The classes that have a slug and can be no type, by slug."""
    return [_types[slug] for slug in sorted(_types) if _has_options(_types[slug]) and _types[slug]._meta.abstract]


@contextlib.contextmanager
def without(slug: str) -> Iterator[None]:
    """For tests: as if the app of this type were not installed."""
    criterion_class = _types.pop(slug)
    try:
        yield
    finally:
        _types[slug] = criterion_class


def _owner(criterion_class: type) -> str:
    return f"{criterion_class.__module__}.{criterion_class.__qualname__}"


def _is_installed(criterion_class: type[Criterion]) -> bool:
    return _has_options(criterion_class) and not criterion_class._meta.abstract


def _has_options(criterion_class: type) -> bool:
    # A class whose app is not in INSTALLED_APPS fails after it was filed, before Django gave it options of its own.
    return "_meta" in criterion_class.__dict__
