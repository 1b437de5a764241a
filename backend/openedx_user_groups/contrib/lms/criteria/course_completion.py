"""Which other courses the learner has completed."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Listed,
    ListField,
    Operand,
    Operator,
    ScopeType,
    criterion_link,
    exactly,
    operators,
)

from ..events import COURSE_COMPLETION_CHANGES
from ..platform import CertificateRow, CourseGradeRow
from .certificate import VALID
from .courses import CourseChoices


class CourseCompletion(Criterion):
    """Completion of courses, whichever the scope: a passing grade once reached, or a valid certificate.

    Either alone would miss learners: certificates may be switched off, and grades of old courses may be gone.
    """

    criterion_type = "course_completion"
    label = _("Completion of courses")
    help_text = _("Whether the learner has passed particular courses, or has a certificate for them.")
    category = "performance"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has completed no course.")
    changes = COURSE_COMPLETION_CHANGES
    # Staff of one course need not learn of the learner's others.
    shows_only_named_values = True

    criterion = criterion_link()
    courses = ListField(_("courses"), value_type="course_key", choices_from=CourseChoices())

    operands: ClassVar[tuple[Operand, ...]] = (Listed("courses"),)
    operators: ClassVar[tuple[Operator, ...]] = operators(
        "in not_in", "courses", labels={"in": _("includes one of"), "not_in": _("includes none of")}
    )

    def fact(self, context: EvaluationContext) -> Fact:
        passed = CourseGradeRow.objects.filter(passed_timestamp__isnull=False)
        certified = exactly(CertificateRow.objects.all(), "status", VALID)
        return Fact(passed, value="course_id").also(certified, value="course_id")
