"""When the learner last did something in the course."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import EvaluationContext, Fact, Operator

from ..events import BLOCK_COMPLETION_CHANGES
from ..platform import BlockCompletionRow
from .elapsed import ActivityCriterion, activity_operators


class LastCourseActivity(ActivityCriterion):
    """Latest block completion in the course: the closest to "last seen here" that the platform's database knows.

    Somebody who takes a completion back (unticks it) leaves a row with a share of 0, which is none.

    The states of problems and videos would say more, but their table is the platform's largest and has no index for it.
    """

    criterion_type = "last_course_activity"
    label = _("Last activity in the course")
    help_text = _("When the learner last completed something in the course. Merely opening a page does not count.")
    category = "activity"
    missing_meaning = _("The learner has completed nothing in the course.")
    changes = BLOCK_COMPLETION_CHANGES

    operators: ClassVar[tuple[Operator, ...]] = activity_operators(_("ever took place"), _("never took place"))

    def fact(self, context: EvaluationContext) -> Fact:
        completed = BlockCompletionRow.objects.filter(context_key=context.scope.course_key, completion__gt=0)
        latest = completed.values("user_id").annotate(last_modified=Max("modified"))
        return Fact(latest, value="last_modified", single_valued=True)
