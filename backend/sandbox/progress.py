"""Shows how far a long command is: a bar on a terminal, one plain line per finished task elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from tqdm import tqdm

Advance = Callable[[int], object]


class Progress:
    """Reports the tasks of one command on its error stream."""

    def __init__(self, stream: OutputWrapper) -> None:
        """Report on `stream`."""
        self.stream = stream

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """Give the body a function that it calls with the number of steps it has just done."""
        if self.stream.isatty():
            with tqdm(total=total, desc=label, unit_scale=True) as bar:
                yield bar.update
            return
        counter = _Counter()
        started = time.monotonic()
        yield counter.add
        self.stream.write(f"{label}: {counter.count:,} in {time.monotonic() - started:.1f} s")


class _Counter:
    """Adds up steps, for the plain line at the end."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, steps: int) -> None:
        self.count += steps
