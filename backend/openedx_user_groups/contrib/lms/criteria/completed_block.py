"""Which parts of the course the learner has completed."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    AllOf,
    Criterion,
    EvaluationContext,
    Fact,
    ListField,
    OneOf,
    Operator,
    ValueTest,
    criterion_link,
    operators,
)

from ..events import BLOCK_COMPLETION_CHANGES
from ..platform import BlockCompletionRow
from .keys import check_usage_key


class Quantifier(models.TextChoices):
    """How many of the listed blocks are asked for."""

    ALL = "all", _("all of them")
    ANY = "any", _("at least one of them")


class CompletedBlock(Criterion):
    """Blocks that count as completed. The platform records leaves only: problems, videos, texts, but no units."""

    criterion_type = "completed_block"
    label = _("Completed content")
    help_text = _("Whether the learner has completed particular problems, videos or other components of the course.")
    category = "progress"
    missing_meaning = _("The learner has completed nothing in the course.")
    changes = BLOCK_COMPLETION_CHANGES

    criterion = criterion_link()
    blocks = ListField(
        _("components"), value_type="usage_key", help_text=_("Components only: the platform records no units.")
    )
    quantifier = models.CharField(
        _("how many"), max_length=3, choices=Quantifier.choices, default=Quantifier.ALL.value, blank=True
    )

    operators: ClassVar[tuple[Operator, ...]] = operators(
        "exists not_exists",
        requires=("blocks",),
        options=("quantifier",),
        labels={"exists": _("includes"), "not_exists": _("does not include")},
    )

    def clean(self) -> None:
        """Refuse blocks that are no keys. Whether the course has them is not known here."""
        super().clean()
        if isinstance(self.blocks, list):
            try:
                for block in self.blocks:
                    check_usage_key(str(block))
            except ValidationError as error:
                raise ValidationError({"blocks": error}) from error

    def fact(self, context: EvaluationContext) -> Fact:
        rows = BlockCompletionRow.objects.filter(context_key=context.scope.course_key, completion=1.0)
        return Fact(rows, value="block_key", recorded="modified")

    def value_test(self, context: EvaluationContext) -> ValueTest:
        """Not whether there is any value: whether these are among them."""
        condition = OneOf if self.quantifier == Quantifier.ANY else AllOf
        return ValueTest(condition(frozenset(self.blocks)), complement=self.operator == "not_exists")
