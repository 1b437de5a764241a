"""From a message of the outbox to the events that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openedx_user_groups import settings
from openedx_user_groups.data import ChangeKind, DefinitionChangeKind
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import MembershipChange

from . import signals
from .data import UserGroupChangeData, UserGroupData, UserGroupLearnersData
from .models import OutboxMessage

_OF_DEFINITION = {
    DefinitionChangeKind.CREATED: signals.USER_GROUP_CREATED,
    DefinitionChangeKind.COPIED: signals.USER_GROUP_CREATED,
    DefinitionChangeKind.CHANGED: signals.USER_GROUP_CHANGED,
    DefinitionChangeKind.ARCHIVED: signals.USER_GROUP_ARCHIVED,
}
# Whoever leaves first: a receiver that allows a learner one place never sees two.
_OF_MEMBERS = {
    ChangeKind.REMOVED: signals.USER_GROUP_LEARNERS_REMOVED,
    ChangeKind.ADDED: signals.USER_GROUP_LEARNERS_ADDED,
}


@dataclass(frozen=True)
class Event:
    """An event that is ready to be sent."""

    signal: Any
    time: datetime
    payload: dict[str, Any]


def events_of(message: OutboxMessage) -> Iterator[Event]:
    """The events of a message, the same ones each time it is asked, read page by page. An event to which nobody listens
    in this process is left out, so that a large run costs nothing where nobody follows groups."""
    if message.definition_change is not None:
        event = _definition_event(message)
        if event.signal.has_listeners():
            yield event
        return
    for kind, signal in _OF_MEMBERS.items():
        if signal.has_listeners():
            yield from _learners_events(message, kind, signal)


def _definition_event(message: OutboxMessage) -> Event:
    change, group = message.definition_change, message.user_group
    assert change is not None
    data = UserGroupChangeData(
        user_group=_group_data(group),
        message_id=str(message.uuid),
        changed_at=change.at,
        changed_fields=change.changed_fields,
        rule_version=change.rule_version,
        copied_from=str(group.copied_from.uuid) if group.copied_from else "",
    )
    return Event(_OF_DEFINITION[DefinitionChangeKind(change.kind)], change.at, {"change": data})


def _learners_events(message: OutboxMessage, kind: ChangeKind, signal: Any) -> Iterator[Event]:
    """The learners whom the run added or removed, in the order of their ids. Batches begin and end at the same learners
    each time, unless one was retired meanwhile."""
    changes = MembershipChange.objects.filter(refresh=message.refresh, kind=kind).order_by("user_id")
    first = changes.first()  # What they have in common stands in each.
    size, last = settings.get("OUTGOING_BATCH_SIZE"), 0
    while first and (page := list(changes.filter(user_id__gt=last).values_list("user_id", flat=True)[:size])):
        yield Event(signal, first.at, {"learners": _learners_data(message, first, page)})
        last = page[-1]


def _learners_data(message: OutboxMessage, change: MembershipChange, user_ids: list[int]) -> UserGroupLearnersData:
    assert message.refresh is not None
    return UserGroupLearnersData(
        user_group=_group_data(message.user_group),
        message_id=f"{message.uuid}:{change.kind}:{user_ids[0]}",
        changed_at=change.at,
        user_ids=user_ids,
        reason=change.trigger,
        refresh=str(message.refresh.uuid),
        rule_version=change.rule_version,
    )


def _group_data(group: UserGroup) -> UserGroupData:
    return UserGroupData(
        uuid=str(group.uuid),
        scope_type=group.scope_type,
        scope_key=group.scope_key,
        name=group.name,
        membership_source=group.membership_source,
    )


def anybody_listens() -> bool:
    """Whether an app of this process, or the event bus, has connected to any of the events."""
    return any(signal.receivers for signal in (*_OF_DEFINITION.values(), *_OF_MEMBERS.values()))
