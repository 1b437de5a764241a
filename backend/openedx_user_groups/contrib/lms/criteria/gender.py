"""The gender in the learner's profile."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

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

GENDERS: tuple[tuple[str, Any], ...] = (
    ("f", _("Female")),
    ("m", _("Male")),
    ("o", _("Other or prefers not to say")),
)


class Gender(Criterion):
    """Gender of the profile."""

    criterion_type = "gender"
    label = _("Gender")
    help_text = _("The gender that learners give in their profile.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has not given a gender.")
    changes = profile_change("gender")

    criterion = criterion_link()
    genders = ListField(_("genders"), value_type="enum", choices_from=ListedChoices(lambda scope: GENDERS))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("genders"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "genders"),
        *operators("exists not_exists", labels={"exists": _("is given"), "not_exists": _("is not given")}),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        return profile_text("gender")
