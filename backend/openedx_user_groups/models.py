"""Where Django looks for models; each lives in the package that it belongs to."""

from .criteria.models import Criterion, RuleNode
from .groups.models import ScopeLock, UserGroup
from .groups.platform import Course, Enrollment, Organization, OrganizationCourse
from .membership.models import Membership, MembershipChange
from .refresh.models import Refresh

__all__ = [
    "Course",
    "Criterion",
    "Enrollment",
    "Membership",
    "MembershipChange",
    "Organization",
    "OrganizationCourse",
    "Refresh",
    "RuleNode",
    "ScopeLock",
    "UserGroup",
]
