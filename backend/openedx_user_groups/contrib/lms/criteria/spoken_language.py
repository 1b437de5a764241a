"""The languages that the learner speaks."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Listed,
    ListField,
    Operand,
    Operator,
    ScopeType,
    criterion_link,
    operators,
)

from ..events import SPOKEN_LANGUAGE_CHANGES
from ..platform import LanguageProficiencyRow
from .languages import LANGUAGE_CHOICES
from .profile import given

_LABELS = {
    "in": _("include one of"),
    "not_in": _("include none of"),
    "exists": _("are given"),
    "not_exists": _("are not given"),
}


class SpokenLanguage(Criterion):
    """Languages of the profile; a learner may speak several."""

    criterion_type = "spoken_language"
    label = _("Spoken languages")
    help_text = _("The languages that learners say in their profile that they speak.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has named no language.")
    changes = SPOKEN_LANGUAGE_CHANGES

    criterion = criterion_link()
    languages = ListField(_("languages"), value_type="enum", choices_from=LANGUAGE_CHOICES)

    operands: ClassVar[tuple[Operand, ...]] = (Listed("languages"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "languages", labels=_LABELS),
        *operators("exists not_exists", labels=_LABELS),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = given(LanguageProficiencyRow.objects.all(), "code")
        return Fact(rows, user="user_profile__user_id", value="code")
