"""Refreshing a group by hand."""

from __future__ import annotations

from typing import Any

from openedx_user_groups.data import RefreshTrigger
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.refresh.runs import request_refresh


def refresh_now(group: UserGroup, *, acting_user: Any) -> Refresh:
    """Have the members of ``group`` computed again. Returns the run, finished where there is no broker.

    Raises ``WrongMembershipSource`` and ``NotRefreshable``.
    """
    return request_refresh(group, RefreshTrigger.MANUAL, acting_user)
