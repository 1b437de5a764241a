"""When groups are refreshed without anybody asking.

A group is due when its ``next_refresh_at`` has come; each run sets the next one. The interval is the group's own or, if
it has none, the shortest that its criteria need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, Exists, F, OuterRef, Value, When

from openedx_user_groups import settings
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import GroupState, MembershipSource, RefreshTrigger
from openedx_user_groups.evaluation.next_change import is_predictable, next_change
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.models import UserGroup, UserGroupQuerySet

from .dispatch import send
from .leases import new_run
from .models import Refresh, Slot
from .rules import GroupRow

#: States of a group that waits for its time, not for another attempt or for a person.
_UP_TO_DATE = (GroupState.FRESH, GroupState.REFRESHING)
#: The part of an interval over which groups are spread, so that those that were made together are not due together.
_SPREAD = 0.1


def next_refresh(
    group: UserGroup,
    rule: Node,
    as_of: datetime,
    now: datetime,
    *,
    age: timedelta = timedelta(),
    somebody_waits: bool = False,
) -> datetime:
    """When ``group`` is due again after a run at ``now`` that evaluated its rule for ``as_of``, which was ``age`` ago.

    Where time alone changes the members, that is computed: one query a table. Not while ``somebody_waits``: then the
    group is due as soon as may be, and the run that follows computes it.
    """
    at = now + _spread(group, usual_interval(group, rule))
    if group.refresh_interval:
        return at
    changes_at = as_of if somebody_waits and _tells_changes(rule) else _next_change(rule, group, as_of)
    if changes_at is None:
        return at
    # The clock of the rules may be another than ours: only how far away the change is counts.
    soonest = timedelta(minutes=settings.get("MIN_CADENCE"))
    return now + min(at - now, max(changes_at - as_of - age, soonest))


def age_of(as_of: datetime) -> timedelta:
    """How long ago ``as_of`` is by the clock of the rules: a run may have waited, and have taken long."""
    return max(evaluation_instant() - as_of, timedelta())


def usual_interval(group: UserGroup, rule: Node | None) -> timedelta:
    """The time between two runs of the schedule: the group's own or, if it has none, the shortest that its criteria
    need."""
    if group.refresh_interval:
        return timedelta(minutes=group.refresh_interval)
    needed = [cadence(type(leaf.criterion)) for leaf in rule.leaves() if leaf.criterion] if rule else []
    return min(needed, default=timedelta(minutes=settings.get("CADENCE")))


def bring_forward(groups: Mapping[GroupRow, Node], waits: Mapping[str, timedelta], now: datetime) -> None:
    """Have groups be due earlier for learners who have just been answered for, where time alone changes the answer for
    them earlier than for anybody before: in ``waits``, by the question of a leaf. One statement, or none.

    The rules of :func:`next_refresh` hold. A group that waits for something else, such as its next attempt, still does.
    """
    if not waits:
        return
    soonest = timedelta(minutes=settings.get("MIN_CADENCE"))
    nearest = max(min(waits.values()), soonest)
    earlier: dict[datetime, list[int]] = defaultdict(list)
    for group, rule in groups.items():
        if group.refresh_interval or group.next_refresh_at is None or group.state not in _UP_TO_DATE:
            continue
        left = group.next_refresh_at - now
        if left <= nearest:
            continue
        wait = max(min((waits.get(leaf.question, left) for leaf in rule.leaves()), default=left), soonest)
        if wait < left and _tells_changes(rule):
            earlier[now + wait].append(group.pk)
    if earlier:
        cases = [When(pk__in=keys, next_refresh_at__gt=at, then=Value(at)) for at, keys in earlier.items()]
        due = UserGroup.objects.filter(pk__in=[pk for keys in earlier.values() for pk in keys])
        due.update(next_refresh_at=Case(*cases, default=F("next_refresh_at")))


def cadence(criterion_class: type[Criterion]) -> timedelta:
    """How often a criterion type wants its groups refreshed: the site's word (setting ``CADENCES``), the type's, its
    data source's, the site's for all others (``CADENCE``)."""
    minutes = settings.get("CADENCES").get(criterion_class.criterion_type)
    if minutes is not None:
        return timedelta(minutes=minutes)
    if criterion_class.cadence is not None:
        return criterion_class.cadence
    seconds = criterion_class.data_source.refresh_interval
    return timedelta(seconds=seconds) if seconds else timedelta(minutes=settings.get("CADENCE"))


def retry_at(failure_count: int, now: datetime) -> datetime:
    """When to try again after so many failures in a row: later each time, up to a limit."""
    minutes, most = settings.get("RETRY_MINUTES"), settings.get("MAX_RETRY_MINUTES")
    return now + timedelta(minutes=min(minutes * 2 ** min(failure_count - 1, 20), most))


def enqueue_due(now: datetime) -> list[Refresh]:
    """Queue the groups that are due, those first that wait longest, and send them to the workers.

    All are evaluated for one instant. No more wait at a time than the setting ``SCHEDULE_LIMIT`` allows: what is left
    comes with the next call.
    """
    waiting = Refresh.objects.filter(slot=Slot.QUEUED).count()
    groups = list(due_groups(now)[: max(settings.get("SCHEDULE_LIMIT") - waiting, 0)])
    as_of = evaluation_instant()
    runs = [new_run(group, Slot.QUEUED, trigger=RefreshTrigger.SCHEDULE, as_of=as_of) for group in groups]
    Refresh.objects.bulk_create(runs, ignore_conflicts=True)
    return _send_all([run.uuid for run in runs])


def due_groups(now: datetime) -> UserGroupQuerySet:
    """Groups that are due and have nothing under way, in their order."""
    under_way = Refresh.objects.filter(user_group=OuterRef("pk"), slot__isnull=False)
    due: UserGroupQuerySet = UserGroup.objects.live().filter(
        membership_source=MembershipSource.CRITERIA, is_enabled=True, is_frozen=False, next_refresh_at__lte=now
    )
    # A held group waits for a person: what would be computed again is what was held.
    return due.exclude(state=GroupState.HELD).exclude(Exists(under_way)).order_by("next_refresh_at", "pk")


def _send_all(uuids: Collection[UUID]) -> list[Refresh]:
    """Send those of the runs that got their place in the queue."""
    sent = list(Refresh.objects.filter(uuid__in=uuids).order_by("pk"))
    for refresh in sent:
        send(refresh)
    return sent


def _spread(group: UserGroup, interval: timedelta) -> timedelta:
    """Up to a tenth less than ``interval``: the same part for one group each time, another for each group."""
    return interval * (1 - _SPREAD * (group.uuid.int % 997) / 997)


def _tells_changes(rule: Node) -> bool:
    """Whether time alone may change the members, and it can be known when."""
    moves = any(leaf.criterion is not None and leaf.criterion.time_sensitive for leaf in rule.leaves())
    return moves and is_predictable(rule)


def _next_change(rule: Node, group: UserGroup, as_of: datetime) -> datetime | None:
    """When the rule's answer changes next by the passing of time alone. ``None`` where it never does, or nobody can
    tell."""
    return next_change(rule, group.scope, as_of) if _tells_changes(rule) else None
