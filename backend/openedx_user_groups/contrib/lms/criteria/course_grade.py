"""The learner's present grade in the course."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Operand,
    Operator,
    PercentField,
    Threshold,
    criterion_link,
    fraction,
    operators,
)

from ..events import COURSE_GRADE_CHANGES
from ..platform import CourseGradeRow


class CourseGrade(Criterion):
    """Course grade. No row counts as 0 in comparisons, as in the gradebook."""

    criterion_type = "course_grade"
    label = _("Course grade")
    help_text = _("The learner's grade in the course so far.")
    category = "performance"
    missing_meaning = _("The learner has no graded attempt; the grade counts as 0 in comparisons.")
    changes = COURSE_GRADE_CHANGES
    missing_counts_as = 0.0

    criterion = criterion_link()
    percent = PercentField(_("grade"))
    percent_to = PercentField(_("grade, end of range"))

    operands: ClassVar[tuple[Operand, ...]] = (Threshold("percent", convert=fraction),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("= != < <= > >= between", "percent"),
        *operators(
            "exists not_exists", labels={"exists": _("has a graded attempt"), "not_exists": _("has no graded attempt")}
        ),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = CourseGradeRow.objects.filter(course_id=context.scope.course_key)
        return Fact(rows, value="percent_grade", recorded="modified", single_valued=True)
