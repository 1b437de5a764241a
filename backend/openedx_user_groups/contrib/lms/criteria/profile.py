"""What the types about the learner's profile share."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThan

from openedx_user_groups.criteria_api import Fact

from ..platform import ProfileRow


def given(rows: QuerySet[Any, Any], column: str) -> QuerySet[Any, Any]:
    """The rows whose text in ``column`` is neither NULL nor empty.

    By its length: compared with the empty text, a blank is nothing on MySQL and something elsewhere.
    """
    return rows.filter(GreaterThan(Length(F(column)), 0))


def profile_text(column: str) -> Fact:
    """The fact that is a text of the profile. NULL and empty both mean that the learner has not said."""
    return Fact(given(ProfileRow.objects.all(), column), value=column)
