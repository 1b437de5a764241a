"""The periodic work, step by step: what Celery beat or cron starts every few minutes.

It never overlaps itself, however long it takes and from wherever it is started: a row in the database says who is at
it. A step that fails is logged and does not keep the others from their work.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.data import OutboxState
from openedx_user_groups.evaluation.preview_places import clean_up as clean_up_previews
from openedx_user_groups.groups.workers import has_workers
from openedx_user_groups.outgoing.delivery import deliver_due

from . import marks, recovery, schedule
from .drain import drain
from .models import Refresh, Slot, UpkeepLease
from .reconcile import check_due
from .retention import clean_up_some
from .retries import with_retries
from .runs import run

log = logging.getLogger(__name__)

_NAME = "upkeep"


class Upkeep:
    """One round: the time at which it began, and how it tells what it does."""

    def __init__(self, now: datetime, say: Callable[[str], None]) -> None:
        self.now, self.say, self._token = now, say, uuid.uuid4()

    def begin(self) -> bool:
        """Whether nobody else is at it. Whoever died at it is forgotten when the lease has ended."""
        UpkeepLease.objects.bulk_create([UpkeepLease(name=_NAME)], ignore_conflicts=True)
        row = UpkeepLease.objects.filter(name=_NAME)
        free = row.filter(lease_until__isnull=True) | row.filter(lease_until__lt=self.now)
        return bool(free.update(claim_token=self._token, lease_until=self._lease()))

    def go_on(self) -> None:
        """To be called between pieces of work: say that the round is alive. Raises ``UpkeepLost``."""
        if not self._ours().update(lease_until=self._lease()):
            raise UpkeepLost()

    def end(self) -> None:
        """Let the next round begin."""
        self._ours().update(claim_token=None, lease_until=None, finished_at=timezone.now())

    def _ours(self) -> Any:
        return UpkeepLease.objects.filter(name=_NAME, claim_token=self._token)

    @staticmethod
    def _lease() -> datetime:
        return timezone.now() + timedelta(seconds=settings.get("LEASE_SECONDS"))


class UpkeepLost(Exception):
    """This round took so long without a sign of life that another one began."""


@dataclass(frozen=True)
class Step:
    """A piece of the periodic work. ``work`` returns how many things it has done; it is safe to do twice."""

    name: str
    title: Any
    work: Callable[[Upkeep], int]


def keep_up(*, now: datetime | None = None, say: Callable[[str], None] = lambda line: None) -> dict[str, int] | None:
    """Do all that is to be done. Returns how many things each step did, or ``None`` where somebody else is at it.

    A step that failed is missing. ``say`` is given lines for a person who waits.
    """
    upkeep = Upkeep(now or timezone.now(), say)
    if not upkeep.begin():
        log.info("Upkeep: somebody else is at it.")
        return None
    done: dict[str, int] = {}
    try:
        for step in STEPS:
            _do(step, upkeep, done)
            upkeep.go_on()
    except UpkeepLost:
        log.warning("Upkeep took too long; another round has begun.")
    finally:
        upkeep.end()
    return done


def _do(step: Step, upkeep: Upkeep, done: dict[str, int]) -> None:
    try:
        done[step.name] = with_retries(lambda: step.work(upkeep))
    except UpkeepLost:
        raise
    except Exception:
        log.exception("Upkeep: the step %s failed.", step.name)
        upkeep.say(str(_("%(step)s: failed. The log says why.") % {"step": step.title}))
        return
    log.info("Upkeep: %s: %s.", step.name, done[step.name])
    upkeep.say(f"{step.title}: {done[step.name]}")


def _carry_out_queued(upkeep: Upkeep) -> int:
    """Without workers: carry out what is queued, here, one after the other."""
    if has_workers():
        return 0
    waiting = list(Refresh.objects.filter(slot=Slot.QUEUED).order_by("pk").values_list("pk", flat=True))
    finished = 0
    for number, pk in enumerate(waiting, start=1):
        refresh = run(pk)
        upkeep.go_on()
        if refresh is None:
            continue
        finished += 1
        upkeep.say(
            f"  [{number}/{len(waiting)}] {refresh.user_group}: {refresh.get_state_display()},"
            f" +{refresh.added_count} -{refresh.removed_count}"
        )
    return finished


#: In this order: first what was lost, then what is new, then, where there are no workers, the work itself.
STEPS: list[Step] = [
    Step("drain", _("Learners answered for after events"), lambda upkeep: drain().answers),
    Step("recover", _("Refreshes that died, to run again"), lambda upkeep: recovery.recover_dead_runs(upkeep.now)),
    Step("resend", _("Refreshes that nobody took, sent again"), lambda upkeep: recovery.resend_lost_runs(upkeep.now)),
    Step("schedule", _("User groups that are due"), lambda upkeep: len(schedule.enqueue_due(upkeep.now))),
    Step("refresh", _("Refreshes carried out here"), _carry_out_queued),
    Step("reconcile", _("Differences found and repaired"), lambda upkeep: len(check_due(upkeep.now))),
    Step("previews", _("Old previews forgotten"), lambda upkeep: clean_up_previews()),
    # By the present time: what the round itself has changed is due since after its beginning.
    Step("outbox", _("Messages delivered"), lambda upkeep: deliver_due()[OutboxState.DELIVERED]),
    Step("retention", _("Old records deleted"), lambda upkeep: sum(vars(clean_up_some(upkeep.now)).values())),
    Step("marks", _("Closed marks deleted"), lambda upkeep: marks.purge(upkeep.now)),
]
