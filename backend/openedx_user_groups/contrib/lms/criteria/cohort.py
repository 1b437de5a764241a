"""The learner's cohort in the course."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import CharField, Exists, F, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Listed,
    ListField,
    Operand,
    Operator,
    QueryChoices,
    Scope,
    criterion_link,
    operators,
)

from ..events import COHORT_CHANGES
from ..platform import CohortMembershipRow, CohortRow, CohortSettingsRow


def cohorts_of(scope: Scope) -> QuerySet[Any, Any]:
    """The cohorts of a course, as choices."""
    rows = CohortRow.objects.filter(course_id=scope.course_key)
    return rows.annotate(value=Cast("pk", CharField()), label=F("name")).values("value", "label")


class Cohort(Criterion):
    """Legacy cohort. Only tables are read: the platform's functions put a learner into a cohort when asked for it."""

    criterion_type = "cohort"
    label = _("Cohort")
    help_text = _("The cohort of the course that the learner is in.")
    category = "groups"
    missing_meaning = _("The learner is in no cohort, or the course does not use cohorts.")
    changes = COHORT_CHANGES

    criterion = criterion_link()
    # Ids, because a cohort may be renamed.
    cohorts = ListField(_("cohorts"), value_type="enum", choices_from=QueryChoices(cohorts_of))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("cohorts", convert=int),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "cohorts"),
        *operators("exists not_exists", labels={"exists": _("is assigned"), "not_exists": _("is not assigned")}),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        # Memberships outlive the setting: where the course does not use cohorts they mean nothing.
        in_use = CohortSettingsRow.objects.filter(course_id=context.scope.course_key, is_cohorted=True)
        rows = CohortMembershipRow.objects.filter(Exists(in_use), course_id=context.scope.course_key)
        return Fact(rows, value="course_user_group_id", single_valued=True)
