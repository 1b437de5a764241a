"""The country in the learner's profile."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _
from django_countries import countries

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Listed,
    ListedChoices,
    ListField,
    Operand,
    Operator,
    ScopeType,
    criterion_link,
    operators,
)

from ..events import profile_change
from .profile import profile_text


class CountryChoices(ListedChoices):
    """The countries of ISO 3166-1, searched by the client: too many for a list box."""

    remote = True


class Country(Criterion):
    """Country of the profile."""

    criterion_type = "country"
    label = _("Country")
    help_text = _("The country that learners give in their profile.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has not given a country.")
    changes = profile_change("country")

    criterion = criterion_link()
    countries = ListField(_("countries"), value_type="enum", choices_from=CountryChoices(lambda scope: countries))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("countries"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "countries"),
        *operators("exists not_exists", labels={"exists": _("is given"), "not_exists": _("is not given")}),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        return profile_text("country")
