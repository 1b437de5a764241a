"""When the learner first enrolled."""

from __future__ import annotations

from typing import Any

from django.db.models import Min, QuerySet
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    ENROLLMENT_CHANGES,
    Enrollment,
    EvaluationContext,
    Fact,
    Scope,
    ScopeType,
    courses_of,
)

from .elapsed import InstantCriterion


class EnrollmentDate(InstantCriterion):
    """First enrollment in the course or, for an organization, in any of its courses.

    The platform re-activates the same row when a learner comes back, so that the first date is kept.
    """

    criterion_type = "enrollment_date"
    label = _("First enrollment")
    help_text = _("When the learner first enrolled in the course, or in any course of the organization.")
    category = "enrollment"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION)
    missing_meaning = _("The platform has no date for the learner's enrollment.")
    changes = ENROLLMENT_CHANGES

    def fact(self, context: EvaluationContext) -> Fact:
        if context.scope.type == ScopeType.COURSE:
            rows = Enrollment.objects.filter(course_id=context.scope.course_key)
            return Fact(rows, value="created", single_valued=True)
        # A function, because finding the courses asks the database.
        return Fact(lambda: _first_enrollments(context.scope), value="first_created", single_valued=True)


def _first_enrollments(scope: Scope) -> QuerySet[Any, Any]:
    # Courses that the learner has left count too: it is the first contact that is asked for.
    rows = Enrollment.objects.filter(course_id__in=courses_of(scope)).order_by().values("user_id")
    return rows.annotate(first_created=Min("created"))
