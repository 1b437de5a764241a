"""Whether the learner has passed the course."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import Criterion, EvaluationContext, Fact, Operator, criterion_link, operators

from ..events import PASSING_CHANGES
from ..platform import CourseGradeRow


class CoursePassed(Criterion):
    """First reached a passing grade. The platform keeps that instant even if the grade drops later."""

    criterion_type = "course_passed"
    label = _("Course passed")
    help_text = _("Whether the learner ever reached a passing grade in the course.")
    category = "performance"
    missing_meaning = _("The learner has not passed the course.")
    changes = PASSING_CHANGES

    criterion = criterion_link()

    operators: ClassVar[tuple[Operator, ...]] = operators(
        "exists not_exists", labels={"exists": _("has passed"), "not_exists": _("has not passed")}
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = CourseGradeRow.objects.filter(course_id=context.scope.course_key)
        return Fact(rows, value="passed_timestamp", single_valued=True)
