"""The app's settings: their defaults and the one way to read them.

Every setting is named ``OPENEDX_USER_GROUPS_<NAME>`` in the site's Django settings. Read late, never at import, so that
tests and operators can change them.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings as site_settings

PREFIX = "OPENEDX_USER_GROUPS_"

DEFAULTS: dict[str, Any] = {
    # Criteria in one rule. The product asks for three; the engine is tested at 25.
    "MAX_CRITERIA": 3,
    # Levels of a rule: 1 is a flat list of criteria.
    "MAX_DEPTH": 3,
    # Values in one list of a criterion (countries, learners ...).
    "MAX_LIST_ITEMS": 1000,
    # Learners shown in a preview.
    "MAX_SAMPLE_SIZE": 25,
    # Groups with which a preview is compared when the overlap is asked for.
    "MAX_OVERLAP_GROUPS": 20,
    # Seconds that the database may work on a preview while the client waits; past them a worker takes over, or the
    # client gets an estimate.
    "PREVIEW_BUDGET_SECONDS": 3,
    # Seconds for the estimate, and the user ids that it draws at most.
    "PREVIEW_ESTIMATE_SECONDS": 1,
    "PREVIEW_ESTIMATE_DRAWS": 20_000,
    # Seconds for a preview in a worker, the time in the queue included.
    "PREVIEW_JOB_SECONDS": 300,
    # A preview in a worker that nobody has asked after for so long is cancelled.
    "PREVIEW_ABANDONED_SECONDS": 30,
    # How long the result of a worker is kept, and the learners that a token stands for (with the most bytes of them).
    "PREVIEW_RESULT_SECONDS": 600,
    "PREVIEW_TOKEN_SECONDS": 3600,
    "PREVIEW_TOKEN_MAX_BYTES": 4_000_000,
    # Previews at work at the same time; one more waits so many seconds for its turn before it is refused.
    "MAX_PREVIEWS_PER_USER": 3,
    "MAX_PREVIEWS_PER_SCOPE": 8,
    "PREVIEW_WAIT_SECONDS": 1,
    # Connections to the database that one web process has at most for previews that do not evaluate: those that sign
    # in, wait for their turn, are asked after or are cancelled.
    "PREVIEW_ENTRANCE_SIZE": 4,
    # Learners named when those of a preview have moved before it was saved.
    "MAX_MOVED_LEARNERS": 100,
    # Pinned examples of one group.
    "MAX_PINNED_EXAMPLES": 100,
    # Bytes of a JSON request body and of an uploaded file.
    "MAX_BODY_BYTES": 1_000_000,
    "MAX_IMPORT_BYTES": 20_000_000,
    # Rows of an uploaded list of people.
    "MAX_IMPORT_ROWS": 250_000,
    # From this share of all accounts on, a rule is evaluated with one bitmap a criterion (see ADR 4).
    "BITMAP_PLAN_SHARE": 0.1,
    # The instant at which rules are evaluated: dotted path of a callable that returns an aware datetime.
    "CLOCK": "django.utils.timezone.now",
    # How many days after and before the present instant a preview or an explanation may be asked for.
    "MAX_AS_OF_DAYS_AHEAD": 90,
    "MAX_AS_OF_DAYS_BACK": 90,
    # Rows written by one statement.
    "WRITE_CHUNK_SIZE": 20_000,
    # A refresh that dies is taken over after this time; it must be longer than the longest evaluation.
    "LEASE_SECONDS": 600,
    # How often a refresh that dies is tried before it is given up.
    "MAX_ATTEMPTS": 3,
    # Refreshes that died and run again at the same time: what killed them may kill again.
    "RECOVERY_LIMIT": 20,
    # A queued refresh that nobody has taken after this time is sent to the workers again.
    "RESEND_SECONDS": 900,
    # Refreshes that the schedule keeps waiting in the queue at most.
    "SCHEDULE_LIMIT": 500,
    # Minutes between refreshes of a group whose criteria ask for nothing else, and the fewest that they may ask for.
    "CADENCE": 1440,
    "MIN_CADENCE": 10,
    # Minutes for criterion types, by slug, instead of what the types declare.
    "CADENCES": {},
    # Minutes until a failed refresh is tried again; twice as long after each failure in a row, up to the second number.
    "RETRY_MINUTES": 5,
    "MAX_RETRY_MINUTES": 1440,
    # A refresh that would remove more than this share of the members (percent), and at least so many, waits for a
    # person to confirm it.
    "BRAKE_PERCENT": 50,
    "BRAKE_MINIMUM": 20,
    # Learners whose marks are drained at a time.
    "DRAIN_BATCH_SIZE": 500,
    # Learners of a scope whose membership is compared with the rules when a scope is checked, how many hours pass
    # between two checks of a scope, and how many scopes one upkeep checks at the most.
    "RECONCILE_SAMPLE_SIZE": 200,
    "RECONCILE_INTERVAL_HOURS": 24,
    "RECONCILE_SCOPES_AT_ONCE": 20,
    # Who may see and edit groups: dotted path of a subclass of ``rest_api.policy.PermissionPolicy``.
    "PERMISSION_POLICY": "openedx_user_groups.rest_api.policy.GlobalStaffPolicy",
    # Days for which history can say who was in a group; None is for ever. Today's members are never affected.
    "HISTORY_RETENTION_DAYS": None,
    # Days for which finished runs are kept, beside the newest of each group; None is for ever.
    "RUN_RETENTION_DAYS": 90,
    # Days for which delivered outgoing messages are kept.
    "OUTBOX_RETENTION_DAYS": 7,
    # Learners named in one outgoing event.
    "OUTGOING_BATCH_SIZE": 1000,
    # Attempts after which a message is given up, the wait after the first (it doubles), and how long one may take.
    "OUTGOING_MAX_ATTEMPTS": 8,
    "OUTGOING_RETRY_SECONDS": 5,
    "OUTGOING_LEASE_SECONDS": 300,
    # Whether the re-run of a course gets copies of its groups, and who knows which course it is a re-run of: dotted
    # path of a callable that takes the new course's key and returns the old one's, or None.
    "COPY_ON_RERUN": True,
    "RERUN_SOURCE": "openedx_user_groups.receivers.source_of_rerun",
    # Seconds for which work may wait before the health endpoint calls it late.
    "HEALTH_MAX_WAIT_SECONDS": 900,
}


def get(name: str) -> Any:
    """The value of setting ``name`` (without prefix). Raises ``KeyError`` for a name that does not exist."""
    return getattr(site_settings, PREFIX + name, DEFAULTS[name])
