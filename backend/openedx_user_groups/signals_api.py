"""The door for apps that follow groups: the events to connect to, their data, and measurements for monitoring.

See ``docs/how-tos/follow_user_groups.md``.
"""

from .monitoring import measured
from .outgoing.data import UserGroupChangeData, UserGroupData, UserGroupLearnersData
from .outgoing.signals import (
    USER_GROUP_ARCHIVED,
    USER_GROUP_CHANGED,
    USER_GROUP_CREATED,
    USER_GROUP_LEARNERS_ADDED,
    USER_GROUP_LEARNERS_REMOVED,
)

__all__ = [
    "USER_GROUP_ARCHIVED",
    "USER_GROUP_CHANGED",
    "USER_GROUP_CREATED",
    "USER_GROUP_LEARNERS_ADDED",
    "USER_GROUP_LEARNERS_REMOVED",
    "UserGroupChangeData",
    "UserGroupData",
    "UserGroupLearnersData",
    "measured",
]
