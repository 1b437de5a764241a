"""Settings of the benchmark: the sandbox's, on a database of its own, without what would only blur the figures."""

from __future__ import annotations

import os

# The sandbox reads these when it is imported, so they are decided before.
os.environ.setdefault("DATABASE_URL", "mysql://root@127.0.0.1:3306/user_groups_benchmark")
os.environ["DEBUG"] = "0"  # No log of queries.
os.environ.pop("CELERY_BROKER_URL", None)  # A refresh runs where it was asked for, and is over when the call returns.

from sandbox.settings import *  # noqa: F403

# The rules have up to four criteria; the product's form offers three.
OPENEDX_USER_GROUPS_MAX_CRITERIA = 25
# The data stands still: the same rule matches the same learners whenever the benchmark runs.
OPENEDX_USER_GROUPS_CLOCK = "benchmarks.world.instant"
