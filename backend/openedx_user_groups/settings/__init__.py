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
    # Bytes of a JSON request body and of an uploaded file.
    "MAX_BODY_BYTES": 1_000_000,
    "MAX_IMPORT_BYTES": 20_000_000,
    # Rows of an uploaded list of people.
    "MAX_IMPORT_ROWS": 250_000,
    # From this share of all accounts on, a rule is evaluated with one bitmap a criterion (see ADR 4).
    "BITMAP_PLAN_SHARE": 0.1,
    # The instant at which rules are evaluated: dotted path of a callable that returns an aware datetime.
    "CLOCK": "django.utils.timezone.now",
    # Rows written by one statement.
    "WRITE_CHUNK_SIZE": 20_000,
    # Who may see and edit groups: dotted path of a subclass of ``rest_api.policy.PermissionPolicy``.
    "PERMISSION_POLICY": "openedx_user_groups.rest_api.policy.GlobalStaffPolicy",
}


def get(name: str) -> Any:
    """The value of setting ``name`` (without prefix). Raises ``KeyError`` for a name that does not exist."""
    return getattr(site_settings, PREFIX + name, DEFAULTS[name])
