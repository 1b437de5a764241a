"""How much of the course the learner has completed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Availability,
    Criterion,
    DataSource,
    EvaluationContext,
    Fact,
    Interval,
    Operand,
    Operator,
    PercentField,
    Scope,
    ScopeType,
    Threshold,
    criterion_link,
    fraction,
    operators,
)

from ..progress import CourseProgress

_DAY = 24 * 60 * 60


def _availability(scope: Scope) -> Availability:
    """Until the first computation nobody has a value; staff should read why."""
    if scope.type == ScopeType.COURSE and not CourseProgress.objects.filter(course_key=scope.course_key).exists():
        message = _("Progress has not been computed for this course yet; until then no learner has a value.")
        return Availability("degraded", "not_computed", message)
    return Availability()


def _as_of(scope: Scope) -> datetime | None:
    """When the course was last computed: in one go, so that any learner's row says it."""
    if scope.type != ScopeType.COURSE:
        return None
    rows = CourseProgress.objects.filter(course_key=scope.course_key).order_by()
    return rows.values_list("as_of", flat=True).first()


PROGRESS = DataSource(
    "course_progress",
    _("Course progress"),
    mode="scheduled",
    refresh_interval=_DAY,
    check=_availability,
    as_of=_as_of,
)


class CourseProgressCriterion(Criterion):
    """Share of the course that the learner had completed when progress was last computed.

    See ``manage.py compute_course_progress`` for what it is a share of. The plain name is that of the values' table.
    """

    criterion_type = "course_progress"
    label = _("Course progress")
    help_text = _("How much of the course the learner has completed, as last computed.")
    category = "progress"
    data_source = PROGRESS
    missing_meaning = _("The learner's progress has not been computed, which is not a progress of 0.")

    criterion = criterion_link()
    percent = PercentField(_("completed"))
    percent_to = PercentField(_("completed, end of range"))

    operands: ClassVar[tuple[Operand, ...]] = (
        # Nothing but our own computation writes it, which divides a part by the whole and stops at 1.
        Threshold("percent", convert=fraction, within=Interval(0.0, 1.0)),
    )
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("= != < <= > >= between", "percent"),
        *operators("exists not_exists", labels={"exists": _("has been computed"), "not_exists": _("is not computed")}),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = CourseProgress.objects.filter(course_key=context.scope.course_key)
        return Fact(rows, value="percent", recorded="as_of", single_valued=True)
