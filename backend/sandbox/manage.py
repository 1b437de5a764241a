#!/usr/bin/env python
"""Django's command line for the sandbox: `python backend/sandbox/manage.py <command>` from anywhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run a management command with the sandbox's settings."""
    # Python puts this file's own folder first on the path, where `celery.py` and `platform/` would hide the
    # modules of those names. The source root takes its place.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
