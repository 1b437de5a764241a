"""Learners that staff list by name, to include or leave out within a rule."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Listed,
    Operand,
    Operator,
    ScopeType,
    UserListField,
    criterion_link,
    operators,
)


class LearnerList(Criterion):
    """An explicit list. Ids are stored, so that it holds when a learner changes name or address.

    .. no_pii: ids of accounts only
    """

    criterion_type = "learner_list"
    label = _("Learner")
    help_text = _("Particular learners, by user name or e-mail address.")
    category = "people"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("Every learner is somebody: there is no missing value.")

    criterion = criterion_link()
    learners = UserListField(_("learners"))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("learners"),)
    operators: ClassVar[tuple[Operator, ...]] = operators("in not_in", "learners")

    def fact(self, context: EvaluationContext) -> Fact:
        return Fact(get_user_model()._default_manager.all(), user="pk", value="pk")
