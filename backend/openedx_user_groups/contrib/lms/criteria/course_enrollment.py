"""Which other courses the learner is enrolled in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    ENROLLMENT_CHANGES,
    Criterion,
    Enrollment,
    EvaluationContext,
    Fact,
    Listed,
    ListField,
    Operand,
    Operator,
    ScopeType,
    criterion_link,
    operators,
)

from .courses import CourseChoices


class Status(models.TextChoices):
    """Which enrollments count."""

    ACTIVE = "active", _("enrolled now")
    EVER = "ever", _("ever enrolled")


class CourseEnrollment(Criterion):
    """Enrollment in courses, whichever the scope."""

    criterion_type = "course_enrollment"
    label = _("Enrollment in courses")
    help_text = _("Whether the learner is, or ever was, enrolled in particular courses.")
    category = "enrollment"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner is enrolled in no course.")
    changes = ENROLLMENT_CHANGES
    fact_parameters = ("status",)
    # Staff of one course need not learn of the learner's others.
    shows_only_named_values = True

    criterion = criterion_link()
    courses = ListField(_("courses"), value_type="course_key", choices_from=CourseChoices())
    status = models.CharField(
        _("enrollment"), max_length=6, choices=Status.choices, default=Status.ACTIVE.value, blank=True
    )

    operands: ClassVar[tuple[Operand, ...]] = (Listed("courses"),)
    operators: ClassVar[tuple[Operator, ...]] = operators(
        "in not_in",
        "courses",
        options=("status",),
        labels={"in": _("includes one of"), "not_in": _("includes none of")},
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = Enrollment.objects.all() if self.status == Status.EVER else Enrollment.objects.filter(is_active=True)
        return Fact(rows, value="course_id")
