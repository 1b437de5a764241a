"""The learner's teams in the course."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import F, QuerySet
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

from ..events import TEAM_CHANGES
from ..platform import TeamMembershipRow, TeamRow

_LABELS = {
    "in": _("is one of"),
    "not_in": _("is none of"),
    "exists": _("is joined"),
    "not_exists": _("is not joined"),
}


def teams_of(scope: Scope) -> QuerySet[Any, Any]:
    """The teams of a course, as choices."""
    rows = TeamRow.objects.filter(course_id=scope.course_key)
    return rows.annotate(value=F("team_id"), label=F("name")).values("value", "label")


class Team(Criterion):
    """Legacy team; a learner may be in one of each team set."""

    criterion_type = "team"
    label = _("Team")
    help_text = _("The teams of the course that the learner is in.")
    category = "groups"
    missing_meaning = _("The learner is in no team.")
    changes = TEAM_CHANGES

    criterion = criterion_link()
    teams = ListField(_("teams"), value_type="enum", choices_from=QueryChoices(teams_of))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("teams"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "teams", labels=_LABELS),
        *operators("exists not_exists", labels=_LABELS),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = TeamMembershipRow.objects.filter(team__course_id=context.scope.course_key)
        return Fact(rows, value="team__team_id", recorded="date_joined")
