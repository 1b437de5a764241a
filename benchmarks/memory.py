"""How much a process grows at its peak: measured in a fresh process, because an old one has room left from before.

Run by the benchmark as ``python -m benchmarks.memory CASE SIZE GROUP OPERATION``; prints megabytes, or nothing
where the system does not tell.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_growth(case: str, size: int, group_id: int, operation: str) -> float | None:
    """Megabytes by which a fresh process grows while it does the operation. ``None`` where that is not known."""
    command = [sys.executable, "-m", "benchmarks.memory", case, str(size), str(group_id), operation]
    root = Path(__file__).resolve().parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "backend")])}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout) if done.stdout.strip() else None


def _kilobytes(name: str) -> int:
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines[name].split()[0])


def _main(case_name: str, size: str, group_id: str, operation: str) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    django.setup()
    from benchmarks.cases import CASES
    from benchmarks.product import Product
    from benchmarks.world import World
    from openedx_user_groups.data import Scope
    from openedx_user_groups.groups.models import UserGroup

    case = next(case for case in CASES if case.name == case_name)
    smallest, measured = (Scope.course(World().course_key(learners)) for learners in (1_000, int(size)))
    group = UserGroup.objects.select_related("created_by").get(pk=group_id)
    # Everything that is loaded once, whatever the size: modules, translations, the connection.
    warm = Product(case, smallest, group)
    warm.ids(), warm.preview()
    if not _RESET.exists():
        return
    gc.collect()
    _RESET.write_text("5")  # The peak starts again from here.
    before = _kilobytes("VmRSS")
    getattr(Product(case, measured, group), operation)()
    print(round((_kilobytes("VmHWM") - before) / 1024, 1))


if __name__ == "__main__":
    _main(*sys.argv[1:])
