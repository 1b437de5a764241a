"""Events in: a receiver for each signal that a criterion type, or the universe of a scope, depends on.

A receiver runs inside somebody's request. It names the learner, and writes a mark once the change is committed: one
statement, no evaluation. Whatever goes wrong here is logged and spoils nobody's request; reconciling finds what was
lost (see :mod:`.reconcile`).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import transaction
from django.dispatch import Signal
from django.utils.module_loading import import_string

from openedx_user_groups.criteria import registry
from openedx_user_groups.data import Scope
from openedx_user_groups.groups.changes import UNIVERSE_CHANGES, Change, Touched

from .marks import mark
from .waking import wake_drain

log = logging.getLogger(__name__)


class Receiver:
    """Receives one signal, for everything that depends on it."""

    def __init__(self, name: str, changes: list[Change]) -> None:
        self.name = name
        self._changes = changes

    def __call__(self, **event: Any) -> None:
        """Mark whoever the event is about, once the open transaction is committed."""
        touched = self._touched(event)
        if touched:
            transaction.on_commit(lambda: take_in(touched, self.name), robust=True)

    def _touched(self, event: dict[str, Any]) -> set[Touched]:
        found: set[Touched] = set()
        for change in self._changes:
            try:
                touched = change.touched(event)
                if touched is not None:
                    found.add(touched.checked())
            except Exception:
                log.exception("It cannot be told whom %s is about.", self.name)
        return found


def take_in(touched: set[Touched], reason: str) -> None:
    """Write the marks and have them drained."""
    mark(touched, reason)
    wake_drain()


def answer_later(scope: Scope, user_ids: Iterable[int], reason: str) -> None:
    """Have the groups of ``scope`` answered again for these learners, once the open transaction is committed."""
    touched = {Touched(pk, scope) for pk in user_ids}
    if touched:
        transaction.on_commit(lambda: take_in(touched, reason), robust=True)


def connect() -> list[str]:
    """Connect the receivers, each once however often this is called. Returns the names of what was connected.

    What this process lacks (Studio has no grades, the sandbox no platform) is left out.
    """
    connected = []
    for (signal_path, sender), changes in _declared().items():
        signal, model = _signal(signal_path), _model(sender)
        if signal is None or (sender and model is None):
            log.debug("%s %s does not exist here; nothing is connected.", signal_path, sender)
            continue
        name = " ".join(part for part in (signal_path.rpartition(".")[2], sender) if part)
        uid = f"openedx_user_groups.intake:{signal_path}:{sender}"
        signal.connect(Receiver(name, changes), sender=model, weak=False, dispatch_uid=uid)
        connected.append(name)
    return connected


def _declared() -> dict[tuple[str, str], list[Change]]:
    """Every declared change, by signal and sender."""
    declared: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for changes in (UNIVERSE_CHANGES, *(criterion_class.changes for criterion_class in registry.installed())):
        # What is no change is told by a system check: it must not keep the site from starting.
        for change in changes if isinstance(changes, tuple | list) else ():
            if isinstance(change, Change) and change not in declared[change.signal, change.sender]:
                declared[change.signal, change.sender].append(change)
    return dict(declared)


def _signal(path: str) -> Signal | None:
    try:
        signal = import_string(path)
    except ImportError:
        return None
    return signal if isinstance(signal, Signal) else None


def _model(label: str) -> Any:
    try:
        return apps.get_model(label) if label else None
    except LookupError:
        return None
