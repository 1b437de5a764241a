"""Writing messages. Call inside the transaction of the change, while it holds the group's row: that orders them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.groups.workers import has_workers, send_task

from .delivery import DELIVER_MESSAGES, deliver_due
from .events import anybody_listens
from .models import OutboxMessage


def members_changed(*runs: Any) -> None:
    """Tell that these runs, each of another group, added or removed members; in one statement. Not to be called for a
    run that changed nobody."""
    members_changed_by({run.user_group_id: run.pk for run in runs})


def members_changed_by(runs: Mapping[int, int]) -> None:
    """The same, from the keys of runs by those of groups."""
    _add([OutboxMessage(user_group_id=group_id, refresh_id=run_id) for group_id, run_id in runs.items()])


def definition_changed(change: DefinitionChange) -> None:
    """Tell that a group was created, changed or archived."""
    _add([OutboxMessage(user_group_id=change.user_group_id, definition_change=change)])


def _add(messages: list[OutboxMessage]) -> None:
    now = timezone.now()
    for message in messages:
        message.created = message.next_attempt_at = now
    OutboxMessage.objects.bulk_create(messages)
    group_ids = [message.user_group_id for message in messages]
    # The change is committed then: a broker that is down must not fail it. The upkeep delivers.
    transaction.on_commit(lambda: _deliver_soon(group_ids), robust=True)


def _deliver_soon(group_ids: list[int]) -> None:
    if has_workers():
        send_task(DELIVER_MESSAGES, group_ids)
    elif len(group_ids) == 1 and anybody_listens():
        deliver_due(group_ids)
    # Without workers, many groups change at once in the upkeep only, which delivers afterwards. It also settles what
    # nobody waits for.
