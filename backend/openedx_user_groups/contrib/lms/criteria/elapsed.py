"""The shape shared by types that compare an instant: days ago, or a calendar date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    DaysAgo,
    DaysField,
    OnDate,
    Operand,
    Operator,
    criterion_link,
    operators,
)

_COMPARISON = "> >= < <= = between"

# The same operator points in opposite directions: more days ago is earlier, above a date is later. Each label says
# both, so that it is right beside whichever of the two fields is filled in.
_LABELS: dict[str, Any] = {
    ">": _("was more than (days ago) or after (date)"),
    ">=": _("was at least (days ago) or on or after (date)"),
    "<": _("was less than (days ago) or before (date)"),
    "<=": _("was at most (days ago) or on or before (date)"),
    "=": _("was exactly (days ago) or on (date)"),
    "between": _("was between (days ago or dates, both included)"),
}


def activity_operators(happened: Any, never_happened: Any) -> tuple[Operator, ...]:
    """The operators of an :class:`ActivityCriterion`, with what staff read for “it happened” and “it never did”."""
    return (
        *operators(_COMPARISON, "days", "date", options=("include_never",), labels=_LABELS),
        *operators("exists not_exists", labels={"exists": happened, "not_exists": never_happened}),
    )


class InstantCriterion(Criterion):
    """How long ago an instant was. A child says which instant."""

    criterion = criterion_link()
    days = DaysField(_("days ago"), help_text=_("Whole days of 24 hours, counted back from the moment of evaluation."))
    days_to = DaysField(_("days ago, end of range"))
    date = models.DateField(_("date"), null=True, blank=True, help_text=_("A day in the platform's time zone."))
    date_to = models.DateField(_("date, end of range"), null=True, blank=True)

    time_sensitive = True
    cadence = timedelta(hours=6)
    operands: ClassVar[tuple[Operand, ...]] = (DaysAgo("days"), OnDate("date"))
    operators: ClassVar[tuple[Operator, ...]] = operators(_COMPARISON, "days", "date", labels=_LABELS)

    class Meta:
        abstract = True


class ActivityCriterion(InstantCriterion):
    """An instant that some learners do not have, because they never did it. The platform keeps the latest only."""

    include_never = models.BooleanField(
        _("include learners who never did"), default=False, help_text=_("Also match learners without any such date.")
    )

    missing_option = "include_never"
    keeps_past = False
    operators: ClassVar[tuple[Operator, ...]] = activity_operators(_("ever happened"), _("never happened"))

    class Meta:
        abstract = True
