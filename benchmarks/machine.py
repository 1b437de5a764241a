"""On what the figures were taken: the machine, the versions, and the settings of the server that matter."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.db import connection

_MARIADB = ("innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit", "innodb_flush_method", "sync_binlog")
_POSTGRESQL = ("shared_buffers", "work_mem", "synchronous_commit")


def description() -> list[str]:
    """A line for each thing that is worth knowing."""
    return [
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory()}; load average before: {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}, {_versions('Django', _driver(), 'pyroaring')}",
        f"{_server()}; {_settings()}",
    ]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1] for line in info.read_text().splitlines() if line.startswith("model name")]
        if names:
            return names[0].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GB of memory"


def _driver() -> str:
    return {"mysql": "mysqlclient", "postgresql": "psycopg"}[connection.vendor]


def _versions(*names: str) -> str:
    return ", ".join(f"{name} {version(name)}" for name in names)


def _server() -> str:
    if connection.vendor == "mysql":
        return f"{connection.display_name} {_one('SELECT version()')}"
    return f"PostgreSQL {_one('SHOW server_version')}"


def _settings() -> str:
    if connection.vendor == "mysql":
        found = {name: _one(f"SELECT @@GLOBAL.{name}") for name in _MARIADB}
        found["innodb_buffer_pool_size"] = f"{found['innodb_buffer_pool_size'] / 2**30:.1f} GB"
    else:
        found = {name: _one(f"SHOW {name}") for name in _POSTGRESQL}
    return ", ".join(f"{name} {value}" for name, value in found.items())


def _one(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]
