"""The year of birth in the learner's profile."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Operand,
    Operator,
    ScopeType,
    Threshold,
    criterion_link,
    operators,
)

from ..events import profile_change
from ..platform import ProfileRow

_EARLIEST, _LATEST = 1900, 2100

_LABELS = {
    ">": _("is after"),
    ">=": _("is in or after"),
    "<": _("is before"),
    "<=": _("is in or before"),
    "between": _("is between (both included)"),
    "exists": _("is given"),
    "not_exists": _("is not given"),
}


class YearOfBirth(Criterion):
    """Year of birth of the profile."""

    criterion_type = "year_of_birth"
    label = _("Year of birth")
    help_text = _("The year of birth that learners give in their profile.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has not given a year of birth.")
    changes = profile_change("year_of_birth")

    criterion = criterion_link()
    year = models.PositiveSmallIntegerField(
        _("year"), null=True, blank=True, validators=[MinValueValidator(_EARLIEST), MaxValueValidator(_LATEST)]
    )
    year_to = models.PositiveSmallIntegerField(
        _("year, end of range"),
        null=True,
        blank=True,
        validators=[MinValueValidator(_EARLIEST), MaxValueValidator(_LATEST)],
    )

    operands: ClassVar[tuple[Operand, ...]] = (Threshold("year"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("= != < <= > >= between", "year", labels=_LABELS),
        *operators("exists not_exists", labels=_LABELS),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        return Fact(ProfileRow.objects.all(), value="year_of_birth")
