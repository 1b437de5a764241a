"""Computing course progress from the platform's block completions.

The platform shows progress as completed units of those that a learner can see, which takes the course's structure and
one computation a learner. Here it is approximated from one table: components that the learner completed, of all
components of the course that anybody ever completed, or of a number that the caller knows better. A component that only
part of the learners can see therefore counts for everybody.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, QuerySet
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups.criteria_api import Enrollment, IdSet, fetch_ids, retired_accounts

from .platform import BlockCompletionRow
from .progress import CourseProgress

#: Rows written at a time.
CHUNK = 5_000


@dataclass(frozen=True)
class Computed:
    """What a computation wrote."""

    learners: int
    blocks: int


def compute(
    course_key: CourseKey,
    as_of: datetime,
    total_blocks: int | None = None,
    advance: Callable[[int], object] = lambda learners: None,
) -> Computed:
    """Bring the stored progress of a course up to date, in one transaction.

    ``total_blocks`` replaces the number of components that anybody completed. ``advance`` is told after each chunk how
    many learners are written so far.
    """
    completed = BlockCompletionRow.objects.filter(context_key=course_key, completion=1.0).order_by()
    blocks = total_blocks or completed.aggregate(blocks=Count("block_key", distinct=True))["blocks"]
    learners = 0
    with transaction.atomic():
        shares = (
            CourseProgress(user_id=user_id, course_key=course_key, percent=_share(done, blocks), as_of=as_of)
            for user_id, done in _completed_by_learner(course_key, completed)
        )
        while chunk := list(itertools.islice(shares, CHUNK)):
            _write(chunk)
            learners += len(chunk)
            advance(learners)
        # What this run did not write belongs to people who left and whose completions were reset.
        CourseProgress.objects.filter(course_key=course_key).exclude(as_of=as_of).delete()
    return Computed(learners, blocks)


def _completed_by_learner(course_key: CourseKey, completed: QuerySet[Any, Any]) -> Iterator[tuple[int, int]]:
    """Everybody with a completion, then the active learners without: those are at 0.

    Without retired accounts, whose completions the platform keeps: nothing is written about who has been forgotten.
    """
    seen, retired = IdSet(), retired_accounts()
    done_by = completed.exclude(user_id__in=retired).values_list("user_id").annotate(done=Count("pk"))
    for user_id, done in done_by.iterator(CHUNK):
        seen.add(user_id)
        yield user_id, done
    active = Enrollment.objects.filter(course_id=course_key, is_active=True).exclude(user_id__in=retired).order_by()
    for user_id in fetch_ids(active.values_list("user_id", flat=True)) - seen:
        yield user_id, 0


def _share(done: int, blocks: int) -> float:
    # The caller's total may be too small; without any component nobody has done anything.
    return min(done / blocks, 1.0) if blocks else 0.0


def _write(chunk: list[CourseProgress]) -> None:
    # MySQL takes whichever unique key is hit, and refuses to be told which.
    named = connection.features.supports_update_conflicts_with_target
    CourseProgress.objects.bulk_create(
        chunk,
        update_conflicts=True,
        unique_fields=["course_key", "user"] if named else None,
        update_fields=["percent", "as_of"],
    )
