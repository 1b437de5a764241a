"""Web servers and workers as processes of their own, for what is measured from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
#: Processes of the worker.
WORKERS = 2

WORKER = ("celery", "-A", "sandbox.celery", "worker", "-c", str(WORKERS))


@contextmanager
def running(*commands: Sequence[str], log: IO[bytes] | None = None) -> Iterator[None]:
    """Python modules with their arguments, with the settings of this process; ended afterwards."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "backend")])}
    output = log or subprocess.DEVNULL
    started = [
        subprocess.Popen([sys.executable, "-m", *command], env=environment, cwd=ROOT, stdout=output, stderr=output)
        for command in commands
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)
