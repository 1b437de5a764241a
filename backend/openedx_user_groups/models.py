"""Where Django looks for models; each lives in the package that it belongs to."""

from .criteria.models import Criterion, RuleNode
from .evaluation.models import PreviewJob
from .groups.history import DefinitionChange
from .groups.models import Collection, ScopeLock, UserGroup
from .groups.platform import Course, Enrollment, Organization, OrganizationCourse
from .membership.models import Membership, MembershipChange, PinnedExample
from .outgoing.models import OutboxMessage
from .refresh.marks import LearnerMark
from .refresh.models import HeldDifference, Refresh, UpkeepLease

__all__ = [
    "Collection",
    "Course",
    "Criterion",
    "DefinitionChange",
    "Enrollment",
    "HeldDifference",
    "LearnerMark",
    "Membership",
    "MembershipChange",
    "Organization",
    "OrganizationCourse",
    "OutboxMessage",
    "PinnedExample",
    "PreviewJob",
    "Refresh",
    "RuleNode",
    "ScopeLock",
    "UpkeepLease",
    "UserGroup",
]
