"""The sandbox's settings for workers under test: the rules' clock is the real one, leases are short, and changes are
written in small pieces."""

from sandbox.settings import *  # noqa: F403

OPENEDX_USER_GROUPS_CLOCK = "django.utils.timezone.now"
OPENEDX_USER_GROUPS_LEASE_SECONDS = 4
OPENEDX_USER_GROUPS_WRITE_CHUNK_SIZE = 5
OPENEDX_USER_GROUPS_RETRY_MINUTES = 0.05
