"""How many connections to the database preview requests of one process hold: each has a place or is in the entrance.

A web process with many threads would otherwise open a connection for each request only to say that it has to wait. In
the entrance are, a bounded number at a time, the requests that sign in, ask for a place, poll, cancel, or are about to
give their place up. Nobody waits for a place in the entrance, so whoever has a place never waits long to come back.

Processes do not know of each other: each has an entrance of its own. Whoever evaluates without a request, as a worker
or a command does, has nothing to do with it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection

from openedx_user_groups import settings
from openedx_user_groups.exceptions import TooManyPreviews

#: Seconds after which a client that was refused may ask again.
RETRY_AFTER = 2

_changed = threading.Condition()
_inside = 0
#: Whether this request is in the entrance now; ``None`` for whoever did not come through it.
_here: ContextVar[bool | None] = ContextVar("user_groups_preview_entrance", default=None)


@contextmanager
def through_entrance() -> Iterator[None]:
    """For a whole request: it begins and ends in the entrance, and its connection is closed before it leaves.

    Raises ``TooManyPreviews`` where it does not come in within ``PREVIEW_WAIT_SECONDS``.
    """
    _enter(time.monotonic() + settings.get("PREVIEW_WAIT_SECONDS"))
    token = _here.set(True)
    try:
        yield
    finally:
        step_in()
        # Unless the site keeps connections (CONN_MAX_AGE). Django would do it too, after the response is sent.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        _here.reset(token)
        _leave()


def step_out() -> None:
    """Leave the entrance: with a place, or without a connection."""
    if _here.get():
        _here.set(False)
        _leave()


def step_in() -> None:
    """Come back, before a place is given up or a connection is made again."""
    if _here.get() is False:
        _enter()
        _here.set(True)


def _enter(deadline: float | None = None) -> None:
    global _inside
    with _changed:
        while _inside >= settings.get("PREVIEW_ENTRANCE_SIZE"):
            patience = None if deadline is None else deadline - time.monotonic()
            if patience is not None and patience <= 0:
                raise TooManyPreviews(RETRY_AFTER)
            _changed.wait(patience)
        _inside += 1


def _leave() -> None:
    global _inside
    with _changed:
        _inside -= 1
        _changed.notify()
