"""Marks: which learners' answers may have changed since they were last given.

A mark is one row for a learner and a scope, or for a learner in whichever scope they are in. Whoever learns of a change
writes it, or writes it again: a hundred sign-ins are one row with a new token. A drain (see :mod:`.drain`) answers for
the learner and closes the marks whose token is still the one that it read; a mark that was written again meanwhile
stays. Closed marks are kept for a while, for refreshes that began before them (:func:`touched_since`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings as site_settings
from django.db import connection, models, transaction
from django.db.models import Min, Q, sql
from django.db.models.constants import OnConflict
from django.utils import timezone

from openedx_user_groups import settings
from openedx_user_groups.data import RefreshState, Scope, ScopeType
from openedx_user_groups.groups.changes import Touched
from openedx_user_groups.sets import IdSet, chunks, fetch_ids

from .models import Refresh
from .retries import with_retries

#: How much the clocks of two machines may differ, and a mark come after the change that it tells of.
_CLOCK_TOLERANCE = timedelta(seconds=30)
#: For how long a drain may keep marks to itself. One that died leaves them to others afterwards.
_CLAIM = timedelta(minutes=1)
#: How long a closed mark is kept at the least, and at the most: no run takes longer than that.
_KEPT_AT_LEAST, _KEPT_AT_MOST = timedelta(hours=1), timedelta(days=1)

#: What there is one mark for, and what is written when it is there already.
_UNIQUE = ("user", "scope_type", "scope_key")
_WRITTEN_AGAIN = ("reason", "token", "marked_at", "drained_at", "claimed_until")


class LearnerMark(models.Model):
    """A learner whose answers may have changed, in one scope or (with an empty type) in every scope they are in.

    .. no_pii: an account's id only
    """

    id = models.BigAutoField(primary_key=True)
    # Without a constraint, as in a membership: a sign-in must not wait for a lock on its account.
    user = models.ForeignKey(
        site_settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    scope_type = models.CharField(max_length=16, choices=ScopeType.choices, blank=True)
    scope_key = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=64)
    token = models.UUIDField()
    marked_at = models.DateTimeField()
    drained_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=_UNIQUE, name="user_groups_one_mark"),
        ]
        indexes = [
            # What is to be drained, oldest row first; and what may be purged.
            models.Index(fields=["drained_at", "id"], name="user_groups_marks_pending"),
            # Who was touched while a refresh was evaluated.
            models.Index(fields=["marked_at"], name="user_groups_marks_since"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.scope or 'any scope'}"

    @property
    def scope(self) -> Scope | None:
        """The scope as a value; ``None`` for every scope of the learner."""
        return Scope(ScopeType(self.scope_type), self.scope_key) if self.scope_type else None


def mark(touched: Collection[Touched], reason: str) -> None:
    """Write marks, or write them again, in one statement, or in several for very many: no database takes a statement of
    any length. Call once the change itself is committed."""
    ordered = sorted(_widest(touched), key=_order)
    most = connection.ops.bulk_batch_size(_written_fields(), ordered) or 1
    for chunk in chunks(ordered, min(most, settings.get("WRITE_CHUNK_SIZE"))):
        with_retries(partial(_write, [_row(each, reason, timezone.now()) for each in chunk]))


def _write(rows: Sequence[LearnerMark]) -> None:
    """``bulk_create(update_conflicts=True)`` without a transaction around it: one statement is one by itself, and
    somebody's request waits for each message more."""
    field = LearnerMark._meta.get_field
    query = sql.InsertQuery(
        LearnerMark,
        on_conflict=OnConflict.UPDATE,
        # MySQL takes whichever unique key is hit, and refuses to be told which.
        unique_fields=[field(name) for name in _UNIQUE if connection.features.supports_update_conflicts_with_target],
        update_fields=[field(name) for name in _WRITTEN_AGAIN],
    )
    query.insert_values(_written_fields(), [*rows])
    with transaction.mark_for_rollback_on_error(using=connection.alias):
        query.get_compiler(using=connection.alias).execute_sql()


def _written_fields() -> list[Any]:
    return [field for field in LearnerMark._meta.concrete_fields if not field.primary_key]


def claim(limit: int) -> list[LearnerMark]:
    """Up to ``limit`` marks that nobody else is draining, oldest rows first. Three statements."""
    now = timezone.now()
    free = LearnerMark.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), drained_at=None)
    ids = list(free.order_by("id").values_list("id", flat=True)[:limit])
    if not ids:
        return []
    mine = uuid.uuid4()
    with_retries(lambda: free.filter(id__in=ids).update(claim=mine, claimed_until=now + _CLAIM))
    return list(LearnerMark.objects.filter(id__in=ids, claim=mine, drained_at=None, claimed_until__gt=now))


def close(marks: Collection[LearnerMark]) -> None:
    """Close these marks, but for those that were written again since they were read."""
    now = timezone.now()
    unchanged = LearnerMark.objects.filter(id__in=[each.pk for each in marks], token__in=[each.token for each in marks])
    with_retries(lambda: unchanged.update(drained_at=now, claimed_until=None))


def pending_count() -> int:
    """How many marks wait to be drained."""
    return LearnerMark.objects.filter(drained_at=None).count()


def oldest_pending() -> datetime | None:
    """Since when the oldest mark that is not drained waits; ``None`` if there is none."""
    oldest: datetime | None = LearnerMark.objects.filter(drained_at=None).aggregate(at=Min("marked_at"))["at"]
    return oldest


def touched_since(scope: Scope, instant: datetime) -> IdSet:
    """Learners who were marked for ``scope`` since ``instant``, drained or not, and some from shortly before.

    A refresh whose evaluation began at ``instant`` answers for them again, holding the scope, before it writes.
    """
    since = LearnerMark.objects.filter(_of(scope), marked_at__gte=instant - _CLOCK_TOLERANCE)
    return fetch_ids(since.order_by().values_list("user_id", flat=True))


def waiting(scope: Scope) -> IdSet:
    """Learners with a mark for ``scope`` that is not drained."""
    return fetch_ids(
        LearnerMark.objects.filter(_of(scope), drained_at=None).order_by().values_list("user_id", flat=True)
    )


def purge(now: datetime | None = None) -> int:
    """Delete closed marks that no run still needs: none that runs now started before them. Returns how many."""
    now = now or timezone.now()
    running = Refresh.objects.filter(state=RefreshState.RUNNING).aggregate(first=Min("started_at"))["first"] or now
    cutoff = max(min(running - _CLOCK_TOLERANCE, now - _KEPT_AT_LEAST), now - _KEPT_AT_MOST)
    deleted, _by_model = LearnerMark.objects.filter(drained_at__lt=cutoff).delete()
    return deleted


def _of(scope: Scope) -> Q:
    return Q(scope_type=scope.type, scope_key=scope.key) | Q(scope_type="")


def _widest(touched: Collection[Touched]) -> set[Touched]:
    """Without those whose learner is touched in every scope anyway."""
    everywhere = {each.user_id for each in touched if each.scope is None}
    return {each for each in touched if each.scope is None or each.user_id not in everywhere}


def _order(touched: Touched) -> Any:
    return touched.user_id, str(touched.scope)


def _row(touched: Touched, reason: str, now: datetime) -> LearnerMark:
    scope_type, key = (touched.scope.type, touched.scope.key) if touched.scope else ("", "")
    return LearnerMark(
        user_id=touched.user_id,
        scope_type=scope_type,
        scope_key=key,
        reason=reason[:64],
        token=uuid.uuid4(),
        marked_at=now,
    )
