"""Criterion types that are declared for one test and have no table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test.utils import isolate_apps

from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria_api import Criterion, Fact, criterion_link


def profiles(self: Criterion, context: Any) -> Fact:
    """A fact that a type may have which is never asked."""
    return Fact(ProfileRow.objects.all(), value="year_of_birth")


@contextmanager
def forgotten_afterwards() -> Iterator[None]:
    """Forget the types that are declared within, here and among Django's models."""
    known = dict(registry._types)
    with isolate_apps("openedx_user_groups"):
        try:
            yield
        finally:
            registry._types.clear()
            registry._types.update(known)


def declare(name: str = "Made", *bases: type, abstract: bool = False, **attributes: Any) -> type[Criterion]:
    """A child of ``Criterion``, or of ``bases``."""
    meta = type("Meta", (), {"app_label": "openedx_user_groups", "abstract": abstract})
    return type(name, bases or (Criterion,), {"__module__": __name__, "Meta": meta, **attributes})


def declare_type(**attributes: Any) -> type[Criterion]:
    """A type without a mistake, but for what ``attributes`` make one."""
    right = {"criterion_type": "made", "label": "Made", "criterion": criterion_link(), "fact": profiles}
    return declare(**{**right, **attributes})
