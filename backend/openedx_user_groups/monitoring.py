"""What operators see of the app at work: structured logs, and measurements as Django signals.

Log records carry ``user_group``, ``refresh`` and ``trigger`` as attributes (``extra``), so that a formatter or a log
store can find everything about one group. Measurements are sent as :data:`measured`; where ``prometheus_client`` is
installed they also become its counters and summaries.
"""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.dispatch import Signal

log = logging.getLogger(__name__)

#: Sent with ``name`` (``refresh.finished``), ``value`` (a number; 1 for something that is counted) and ``tags`` (a
#: mapping of short texts, never of people or single groups).
measured = Signal()

#: Measurements whose values are spread (seconds, sizes), not counted.
_SPREAD = (".seconds", ".size")


def context(*, group: Any = None, refresh: Any = None, trigger: str = "") -> dict[str, str]:
    """What a log record says beside its message: ``log.info("…", extra=context(group=group))``."""
    return {
        "user_group": str(group.uuid) if group is not None else "",
        "refresh": str(refresh.uuid) if refresh is not None else "",
        "trigger": str(trigger or getattr(refresh, "trigger", "")),
    }


def measure(name: str, value: float = 1, **tags: str) -> None:
    """Tell whoever listens. A listener that fails is logged and harms nobody."""
    for receiver, response in measured.send_robust(sender=None, name=name, value=value, tags=tags):
        if isinstance(response, Exception):
            log.error("%r failed at the measurement %s.", receiver, name, exc_info=response)
    if _has_prometheus():
        _to_prometheus(name, value, tags)


@cache
def _has_prometheus() -> bool:
    """Looked for once: what is not there is looked for in every folder of the path."""
    return find_spec("prometheus_client") is not None


def _to_prometheus(name: str, value: float, tags: dict[str, str]) -> None:
    metric = _prometheus_metric(name, tuple(sorted(tags)))
    metric = metric.labels(**tags) if tags else metric
    if name.endswith(_SPREAD):
        metric.observe(value)
    else:
        metric.inc(value)


@cache
def _prometheus_metric(name: str, tags: tuple[str, ...]) -> Any:
    client = import_module("prometheus_client")
    kind = client.Summary if name.endswith(_SPREAD) else client.Counter
    return kind(f"user_groups_{name.replace('.', '_')}", f"User groups: {name}.", tags)
