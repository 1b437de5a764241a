"""What the types about the learner's profile share."""

from __future__ import annotations

from openedx_user_groups.criteria_api import Fact

from ..platform import ProfileRow


def profile_text(column: str) -> Fact:
    """The fact that is a text of the profile. NULL and empty both mean that the learner has not said."""
    return Fact(ProfileRow.objects.filter(**{f"{column}__gt": ""}), value=column)
