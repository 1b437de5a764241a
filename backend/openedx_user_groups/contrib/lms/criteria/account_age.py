"""How long the learner has had an account."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import EvaluationContext, Fact, ScopeType

from .elapsed import InstantCriterion


class AccountAge(InstantCriterion):
    """The day on which the account was made."""

    criterion_type = "account_age"
    label = _("Account creation")
    help_text = _("When the learner's account on this site was created.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("Every account has a creation date; only one in the future counts as none for days ago.")

    def fact(self, context: EvaluationContext) -> Fact:
        return Fact(get_user_model()._default_manager.all(), user="pk", value="date_joined")
