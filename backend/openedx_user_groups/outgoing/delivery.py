"""Delivering messages: at least once, in order for each group, tried again later and later, given up in the end.

Only the first message of a group that is not delivered is ever tried; those after it wait. Whoever tries one claims it
by counting the attempt, and for the length of a lease nobody else does; a process that dies is replaced after that.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import Min, QuerySet
from django.utils import timezone

from openedx_user_groups import settings
from openedx_user_groups.data import OutboxState
from openedx_user_groups.groups.workers import has_workers, send_task
from openedx_user_groups.monitoring import context, measure

from .events import Event, events_of
from .models import OutboxMessage

log = logging.getLogger(__name__)

#: The task's name, by which it is sent.
DELIVER_MESSAGES = "openedx_user_groups.deliver_messages"

#: The longest that a failed message waits for its next attempt.
_LONGEST_WAIT = timedelta(minutes=10)


def deliver_due(
    group_ids: Collection[int] | None = None, *, now: datetime | None = None, limit: int | None = None
) -> Counter[str]:
    """Deliver what is due, of these groups or of all, the longest due first.

    Args:
        limit: groups at most. now: the instant that decides what is due, and is recorded; the present by default.

    Returns how many messages came to which state (of :class:`OutboxState`; ``pending`` are those that failed).
    """
    outcomes: Counter[str] = Counter()
    for group_id in _groups_with_due_messages(group_ids, now or timezone.now(), limit):
        outcomes.update(_deliver_group(group_id, now))
    return outcomes


def retry_dead(*, now: datetime | None = None) -> int:
    """Have messages that were given up delivered after all. Returns how many messages are sent.

    The later ones of their groups, too, whether they were delivered or not: who is told last of all that a learner has
    joined, who has left since, would never hear of it again.
    """
    dead = OutboxMessage.objects.filter(state=OutboxState.DEAD).order_by()
    sent = 0
    for group_id, first in list(dead.values_list("user_group_id").annotate(Min("pk"))):
        messages = OutboxMessage.objects.filter(user_group_id=group_id, pk__gte=first)
        sent += messages.update(
            state=OutboxState.PENDING, attempts=0, delivered_at=None, next_attempt_at=now or timezone.now()
        )
    return sent


def _pending(group_id: int | None = None) -> QuerySet[OutboxMessage]:
    pending = OutboxMessage.objects.filter(state=OutboxState.PENDING)
    return pending if group_id is None else pending.filter(user_group_id=group_id)


def _groups_with_due_messages(group_ids: Collection[int] | None, now: datetime, limit: int | None) -> list[int]:
    due = _pending().filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    if group_ids is not None:
        due = due.filter(user_group_id__in=group_ids)
    found = dict.fromkeys(due.values_list("user_group_id", flat=True))
    return list(found)[:limit]


def _deliver_group(group_id: int, now: datetime | None) -> Iterator[str]:
    """Deliver the messages of a group in their order until one fails or is somebody else's."""
    while (message := _claim_first(group_id, now or timezone.now())) is not None:
        state = _deliver(message, now)
        if state is None:
            return
        measure("outbox.attempts", outcome=state.value)
        yield state.value
        if state == OutboxState.PENDING:
            return


def _claim_first(group_id: int, now: datetime) -> OutboxMessage | None:
    related = ("user_group__copied_from", "refresh", "definition_change")
    first = _pending(group_id).select_related(*related).order_by("pk").first()
    if first is None or first.next_attempt_at > now:
        return None
    claimed = _pending().filter(pk=first.pk, attempts=first.attempts)
    if not claimed.update(attempts=first.attempts + 1, next_attempt_at=now + _lease()):
        return None
    first.attempts += 1
    return first


def _deliver(message: OutboxMessage, now: datetime | None) -> OutboxState | None:
    """Send the events of a claimed message and record how that went; ``None`` if somebody else took it over."""
    failures: list[str] = []
    try:
        for number, event in enumerate(events_of(message)):
            if number and not _record(message, next_attempt_at=(now or timezone.now()) + _lease()):
                return None
            failures += _send(event, message)
    except DatabaseError:
        raise  # Nothing can be recorded either: the lease ends, and somebody tries again.
    except Exception as error:  # Nothing can be told of it. It must not keep other groups from being told of theirs.
        log.exception("A message cannot be read.", extra=context(group=message.user_group, refresh=message.refresh))
        failures.append(f"{OutboxMessage.__name__}: {type(error).__name__}")
    at = now or timezone.now()
    if not failures:
        delivered = _record(message, state=OutboxState.DELIVERED, delivered_at=at, next_attempt_at=at, last_error="")
        return OutboxState.DELIVERED if delivered else None
    return _record_failure(message, failures, at)


def _send(event: Event, message: OutboxMessage) -> list[str]:
    """Send one event to every receiver. Returns who failed and how: names of code, never data."""
    try:
        responses = event.signal.send_event(time=event.time, **event.payload)
    except Exception as error:
        log.exception("An event could not be sent.", extra=context(group=message.user_group, refresh=message.refresh))
        return [f"{event.signal.event_type}: {type(error).__name__}"]
    failed = [(receiver, answer) for receiver, answer in responses if isinstance(answer, Exception)]
    for receiver, answer in failed:
        log.error(
            "A receiver of %s failed.", event.signal.event_type, exc_info=answer,
            extra={**context(group=message.user_group, refresh=message.refresh), "receiver": _name(receiver)},
        )  # fmt: skip
    return [f"{_name(receiver)}: {type(answer).__name__}" for receiver, answer in failed]


def _record_failure(message: OutboxMessage, failures: list[str], now: datetime) -> OutboxState | None:
    reason, about = "; ".join(dict.fromkeys(failures))[:255], context(group=message.user_group, refresh=message.refresh)
    if message.attempts >= settings.get("OUTGOING_MAX_ATTEMPTS"):
        log.error("Message %s is given up after %s attempts: %s.", message.uuid, message.attempts, reason, extra=about)
        given_up = _record(message, state=OutboxState.DEAD, last_error=reason)
        return OutboxState.DEAD if given_up else None
    wait = min(timedelta(seconds=settings.get("OUTGOING_RETRY_SECONDS")) * 2 ** (message.attempts - 1), _LONGEST_WAIT)
    if not _record(message, next_attempt_at=now + wait, last_error=reason):
        return None
    if has_workers():
        send_task(DELIVER_MESSAGES, [message.user_group_id], delay_seconds=wait.total_seconds())
    return OutboxState.PENDING


def _record(message: OutboxMessage, **values: Any) -> bool:
    """Change the message, unless its lease ended and somebody else has claimed it."""
    return bool(_pending().filter(pk=message.pk, attempts=message.attempts).update(**values))


def _lease() -> timedelta:
    return timedelta(seconds=settings.get("OUTGOING_LEASE_SECONDS"))


def _name(receiver: Any) -> str:
    return f"{getattr(receiver, '__module__', '?')}.{getattr(receiver, '__qualname__', type(receiver).__qualname__)}"
