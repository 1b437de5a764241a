"""Taking a retired learner out of criteria, and out of definitions that are kept as history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .fields import UserListField

if TYPE_CHECKING:
    from .models import Criterion

#: Stands in a list that would be empty otherwise: no account has this id. An empty list is no valid rule, and retiring
#: somebody must not keep a group from being refreshed.
NOBODY = 0


def user_lists(criterion_class: type[Criterion]) -> Iterator[str]:
    """The fields of a type that hold lists of learners."""
    for field in criterion_class._meta.get_fields():
        if isinstance(field, UserListField):
            yield field.name


def forget_learner(criterion: Criterion, user_id: int) -> bool:
    """What :meth:`Criterion.forget` does unless a type overrides it."""
    changed = False
    for name in user_lists(type(criterion)):
        listed = getattr(criterion, name)
        if isinstance(listed, list) and user_id in listed:
            setattr(criterion, name, without(listed, user_id))
            changed = True
    return changed


def without(listed: list[Any], user_id: int) -> list[Any]:
    """The list of learners without one, never empty."""
    return [pk for pk in listed if pk != user_id] or [NOBODY]
