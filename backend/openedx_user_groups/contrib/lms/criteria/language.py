"""The language in which the learner uses the site."""

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
    account_change,
    criterion_link,
    operators,
)

from ..platform import UserPreferenceRow
from .languages import LANGUAGE_CHOICES
from .profile import given

#: The key under which the platform keeps the preference.
PREFERENCE_KEY = "pref-lang"


class Language(Criterion):
    """Preferred language of the interface. The profile's own column of that name is free text and deprecated."""

    criterion_type = "language"
    label = _("Interface language")
    help_text = _("The language that learners have chosen for the site.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has not chosen a language.")
    changes = (account_change("user_api_userpreference", PREFERENCE_KEY),)

    criterion = criterion_link()
    languages = ListField(_("languages"), value_type="enum", choices_from=LANGUAGE_CHOICES)

    operands: ClassVar[tuple[Operand, ...]] = (Listed("languages"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "languages"),
        *operators("exists not_exists", labels={"exists": _("is chosen"), "not_exists": _("is not chosen")}),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = UserPreferenceRow.objects.filter(key=PREFERENCE_KEY)
        return Fact(given(rows, "value"), value="value", single_valued=True)
