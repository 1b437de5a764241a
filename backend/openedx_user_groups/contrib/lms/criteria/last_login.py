"""When the learner last signed in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import EvaluationContext, Fact, Operator, ScopeType

from ..events import LOGIN_CHANGES
from .elapsed import ActivityCriterion, activity_operators


class LastLogin(ActivityCriterion):
    """Last sign-in. The platform moves it at sign-in only, and a web session lasts four weeks."""

    criterion_type = "last_login"
    label = _("Last login")
    help_text = _("When the learner last signed in. A learner may stay signed in for up to four weeks.")
    category = "activity"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner never signed in.")
    changes = LOGIN_CHANGES

    operators: ClassVar[tuple[Operator, ...]] = activity_operators(_("ever took place"), _("never took place"))

    def fact(self, context: EvaluationContext) -> Fact:
        return Fact(get_user_model()._default_manager.all(), user="pk", value="last_login")
