"""How the checks say what is wrong."""

from __future__ import annotations

from django.core import checks

from openedx_user_groups.criteria.models import Criterion


def error(number: int, criterion_class: type[Criterion], what: str, hint: str) -> checks.Error:
    """A mistake in a criterion type. Numbers stay: sites may silence them."""
    message = f"The criterion type {criterion_class._meta.label} {what}."
    return checks.Error(message, hint=hint, obj=criterion_class, id=f"openedx_user_groups.E{number:03}")
