"""The state of a group, as refreshes and people set it."""

from __future__ import annotations

from django.utils import timezone

from openedx_user_groups.data import GroupState
from openedx_user_groups.groups.models import UserGroup

#: The columns that :func:`set_state` writes.
STATE_FIELDS = ("state", "state_code", "state_message", "state_since")

#: What a refresh writes to its group. Nothing else: staff may be editing the rest.
RESULT_FIELDS = (
    *STATE_FIELDS, "member_count", "members_as_of", "members_rule_version", "failure_count", "next_refresh_at"
)  # fmt: skip


def set_state(group: UserGroup, state: GroupState, code: str = "", message: str = "") -> None:
    """Set the state and its reason; the caller saves.

    The time stays while the state does. A run on the way from a state back to the same state, for the same reason, does
    not count: who reads "stale since Monday" wants to know when it began.
    """
    came_back = group.state == GroupState.REFRESHING and group.state_code == code
    if group.state != state and not came_back:
        group.state_since = timezone.now()
    group.state, group.state_code, group.state_message = state, code, message
