"""The door for authors of criterion types: everything that a type may need, and nothing else.

See ``docs/how-tos/add_a_criterion_type.md``.
"""

from .criteria.categories import Category
from .criteria.choices import Choice, ChoiceSource, ListedChoices, QueryChoices
from .criteria.conditions import AllOf, Anything, Condition, EmailDomains, Interval, OneOf, exactly
from .criteria.facts import Fact, ValueTest
from .criteria.fields import DaysField, KeyField, ListField, PercentField, UserListField
from .criteria.models import Criterion, criterion_link
from .criteria.operands import DaysAgo, EvaluationContext, Listed, OnDate, Operand, Threshold, fraction
from .criteria.operators import Operator, operators
from .data import Rebound, Scope, ScopeType, ShownValue, Unresolved
from .exceptions import SourceUnavailable
from .groups.changes import (
    ENROLLMENT_CHANGES,
    Change,
    Event,
    Touched,
    account_change,
    in_course,
    openedx_event,
    row_changes,
)
from .groups.platform import Course, Enrollment
from .groups.universe import courses_of, retired_accounts
from .sets import IdSet, fetch_ids
from .sources import PLATFORM, Availability, DataSource, LearnerSet, UserIds

__all__ = [
    "ENROLLMENT_CHANGES",
    "PLATFORM",
    "AllOf",
    "Anything",
    "Availability",
    "Category",
    "Change",
    "Choice",
    "ChoiceSource",
    "Condition",
    "Course",
    "Criterion",
    "DataSource",
    "DaysAgo",
    "DaysField",
    "EmailDomains",
    "Enrollment",
    "EvaluationContext",
    "Event",
    "Fact",
    "IdSet",
    "Interval",
    "KeyField",
    "LearnerSet",
    "ListField",
    "Listed",
    "ListedChoices",
    "OnDate",
    "OneOf",
    "Operand",
    "Operator",
    "PercentField",
    "QueryChoices",
    "Rebound",
    "Scope",
    "ScopeType",
    "ShownValue",
    "SourceUnavailable",
    "Threshold",
    "Touched",
    "Unresolved",
    "UserIds",
    "UserListField",
    "ValueTest",
    "account_change",
    "courses_of",
    "criterion_link",
    "exactly",
    "fetch_ids",
    "fraction",
    "in_course",
    "openedx_event",
    "operators",
    "retired_accounts",
    "row_changes",
]
