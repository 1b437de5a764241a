"""The learner's grade in one subsection of the course."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db.models import F, FloatField, Value
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import UsageKey

from openedx_user_groups.criteria_api import (
    Choice,
    ChoiceSource,
    Criterion,
    EvaluationContext,
    Fact,
    KeyField,
    Operand,
    Operator,
    PercentField,
    Scope,
    Threshold,
    criterion_link,
    exactly,
    fraction,
    operators,
)

from ..events import SUBSECTION_GRADE_CHANGES
from ..platform import SubsectionGradeRow
from .keys import check_usage_key

#: Grades that are looked at to suggest subsections: those of a few hundred learners.
_SAMPLED_GRADES = 5_000


class SubsectionChoices(ChoiceSource):
    """Subsections of the course in which somebody has a grade, as suggestions.

    The database has neither their titles nor an index that lists them, so a sample of the grades is read; any other
    subsection may be entered by its key.
    """

    closed = False
    remote = True

    def search(self, scope: Scope, text: str, limit: int, offset: int = 0) -> list[Choice]:
        return [self._choice(key) for key in self._containing(scope, text)[offset : offset + limit]]

    def count(self, scope: Scope, text: str) -> int:
        return len(self._containing(scope, text))

    def resolve(self, scope: Scope, values: Collection[str]) -> list[Choice]:
        return [self._choice(value) for value in values]

    @staticmethod
    def _containing(scope: Scope, text: str) -> list[str]:
        grades = SubsectionGradeRow.objects.filter(course_id=scope.course_key).order_by()
        keys = sorted(set(grades.values_list("usage_key", flat=True)[:_SAMPLED_GRADES]))
        return [key for key in keys if text.casefold() in key.casefold()]

    @staticmethod
    def _choice(key: str) -> Choice:
        try:
            return Choice(key, UsageKey.from_string(key).block_id)
        except InvalidKeyError:
            return Choice(key, key)


class SubsectionGrade(Criterion):
    """Grade in a subsection: graded points earned of those possible. No row, or none possible: no grade."""

    criterion_type = "subsection_grade"
    label = _("Subsection grade")
    help_text = _("The learner's grade in one subsection, such as an exam or a homework.")
    category = "performance"
    missing_meaning = _("The learner has no grade in this subsection, which is not a grade of 0.")
    changes = SUBSECTION_GRADE_CHANGES
    fact_parameters = ("subsection",)

    criterion = criterion_link()
    subsection = KeyField(_("subsection"), value_type="usage_key", choices_from=SubsectionChoices())
    percent = PercentField(_("grade"))
    percent_to = PercentField(_("grade, end of range"))

    operands: ClassVar[tuple[Operand, ...]] = (Threshold("percent", convert=fraction),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("= != < <= > >= between", "percent", requires=("subsection",)),
        *operators(
            "exists not_exists",
            requires=("subsection",),
            labels={"exists": _("has been awarded"), "not_exists": _("has not been awarded")},
        ),
    )

    def clean(self) -> None:
        """Refuse a subsection that is no key. Whether the course has it, only grades will tell."""
        super().clean()
        if self.subsection:
            try:
                check_usage_key(self.subsection)
            except ValidationError as error:
                raise ValidationError({"subsection": error}) from error

    def fact(self, context: EvaluationContext) -> Fact:
        rows = SubsectionGradeRow.objects.filter(course_id=context.scope.course_key)
        rows = exactly(rows, "usage_key", self.subsection)
        # NULLIF, not a filter: nothing forbids a database to divide before it filters.
        possible = NullIf(F("possible_graded"), Value(0.0), output_field=FloatField())
        return Fact(
            rows.annotate(share=F("earned_graded") / possible), value="share", recorded="modified", single_valued=True
        )
