"""Models that other apps may point foreign keys at. Read them; write through ``api``."""

from .groups.models import UserGroup
from .membership.models import Membership

__all__ = ["Membership", "UserGroup"]
