"""Draining marks: the learners who were marked are answered for, in every scope that they touch.

Any number of workers may drain at once: each claims the marks that it reads, and whoever writes members holds the
scope. Whatever happens, a mark is closed only after its answers are written.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from openedx_user_groups import settings
from openedx_user_groups.data import RefreshTrigger, Scope, ScopeType
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.universe import courses_of_learners, organizations_of
from openedx_user_groups.membership.changes import scopes_of_members
from openedx_user_groups.sets import IdSet

from . import answering, marks
from .answering import Written
from .marks import LearnerMark
from .retries import is_transient, with_retries
from .waking import drain_begins, wake_drain

log = logging.getLogger(__name__)

#: A drain that has worked for so long leaves the rest to another task. In seconds.
_LONGEST = 240


@dataclass
class Drained:
    """What a drain did. ``answers`` counts the learners of each scope that was answered."""

    marks: int = 0
    answers: int = 0
    groups_changed: int = 0


def drain() -> Drained:
    """Answer for everybody who is marked and whom nobody else is answering for."""
    drain_begins()
    done, size, started = Drained(), settings.get("DRAIN_BATCH_SIZE"), time.monotonic()
    claimed = marks.claim(size)
    while claimed:
        _drain_claimed(claimed, done)
        if time.monotonic() - started > _LONGEST:
            wake_drain()
            break
        # After the last batch nothing is looked for: whoever has marked a learner since has sent a task.
        claimed = marks.claim(size) if len(claimed) == size else []
    return done


def answer_for(scope: Scope, user_ids: IdSet) -> Written:
    """Bring the memberships of a few learners in all groups of a scope up to date, in one transaction.

    Raises ``DatabaseError`` where the database keeps refusing.
    """

    def attempt() -> Written:
        with transaction.atomic():
            lock_scope(scope)
            as_of = evaluation_instant()
            return answering.write(answering.differences(scope, user_ids, as_of), RefreshTrigger.EVENT, as_of)

    return with_retries(attempt)


def _drain_claimed(claimed: Collection[LearnerMark], done: Drained) -> None:
    """Marks that cannot be drained stay, and come again when the claim has passed. Those beside and after them need not
    wait: each is tried alone then, unless the database is at fault."""
    try:
        _drain_batch(claimed, done)
    except Exception as error:
        log.exception("%s marks could not be drained.", len(claimed))
        if len(claimed) > 1 and not is_transient(error):
            for mark in claimed:
                _drain_claimed([mark], done)


def _drain_batch(claimed: Collection[LearnerMark], done: Drained) -> None:
    log.info("%s marks claimed.", len(claimed))
    failed: set[tuple[Scope | None, int]] = set()
    for scope, user_ids in _scopes_of(claimed).items():
        try:
            written = answer_for(scope, user_ids)
        except Exception:
            # Whatever it is, no other scope has to wait for it. The marks stay as they are; once the claim has passed,
            # a later drain takes them again.
            log.exception("The marks of %s learners in %s could not be drained.", len(user_ids), scope)
            failed.update((place, pk) for pk in user_ids for place in (scope, None))
            continue
        done.answers += len(user_ids)
        done.groups_changed += len(written.groups)
    closed = [mark for mark in claimed if (mark.scope, mark.user_id) not in failed]
    marks.close(closed)
    done.marks += len(closed)
    if len(closed) < len(claimed):
        log.warning("%s marks are left for later.", len(claimed) - len(closed))


def _scopes_of(claimed: Collection[LearnerMark]) -> dict[Scope, IdSet]:
    """The scopes with groups that these marks touch, each with its learners. One to five queries."""
    everywhere = IdSet([mark.user_id for mark in claimed if mark.scope is None])
    touched: dict[Scope, IdSet] = defaultdict(IdSet)
    for mark in claimed:
        if mark.scope is not None:
            touched[mark.scope].add(mark.user_id)
    courses = courses_of_learners(everywhere) if everywhere else {}
    for key, user_ids in courses.items():
        touched[Scope(ScopeType.COURSE, str(key))] |= user_ids
    # Whoever is still a member is answered for there, too: the row of an enrollment may be gone.
    for scope, user_ids in scopes_of_members(everywhere).items() if everywhere else ():
        touched[scope] |= user_ids
    used = _scopes_with_groups([scope.key for scope in touched if scope.type == ScopeType.COURSE])
    if everywhere and any(scope.type == ScopeType.ORGANIZATION for scope in used):
        for key, names in organizations_of(courses).items():
            for name in names:
                touched[Scope(ScopeType.ORGANIZATION, name)] |= courses[key]
    if everywhere:
        touched[Scope(ScopeType.INSTANCE)] |= everywhere
    return {scope: user_ids for scope, user_ids in touched.items() if scope in used}


def _scopes_with_groups(course_keys: Collection[str]) -> set[Scope]:
    """Which of these courses have groups in use, and every organization and the site if they do.

    Whether a group is answerable is seen only holding the scope: one whose first run is being written will be.
    """
    wider = Q(scope_type__in=(ScopeType.ORGANIZATION, ScopeType.INSTANCE))
    groups = answering.groups_in_use().filter(wider | Q(scope_type=ScopeType.COURSE, scope_key__in=course_keys))
    found: set[Scope] = groups.scopes()
    return found
