"""The level of education in the learner's profile."""

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

#: The platform's codes. The last two are no longer offered to learners, but old profiles hold them.
LEVELS: tuple[tuple[str, Any], ...] = (
    ("p", _("Doctorate")),
    ("m", _("Master's or professional degree")),
    ("b", _("Bachelor's degree")),
    ("a", _("Associate degree")),
    ("hs", _("Secondary school")),
    ("jhs", _("Junior secondary school")),
    ("el", _("Primary school")),
    ("none", _("No formal education")),
    ("other", _("Other education")),
    ("p_se", _("Doctorate in science or engineering")),
    ("p_oth", _("Doctorate in another field")),
)


class LevelOfEducation(Criterion):
    """Highest level of education that the learner has completed. "none" is an answer, not a missing one."""

    criterion_type = "level_of_education"
    label = _("Level of education")
    help_text = _("The highest level of education that learners give in their profile.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The learner has not given a level of education.")
    changes = profile_change("level_of_education")

    criterion = criterion_link()
    levels = ListField(_("levels"), value_type="enum", choices_from=ListedChoices(lambda scope: LEVELS))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("levels"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "levels"),
        *operators("exists not_exists", labels={"exists": _("is given"), "not_exists": _("is not given")}),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        return profile_text("level_of_education")
