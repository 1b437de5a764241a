"""The learner's certificate in the course."""

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
    OneOf,
    Operand,
    Operator,
    ValueTest,
    criterion_link,
    operators,
)

from ..events import CERTIFICATE_CHANGES
from ..platform import CertificateRow

#: The only status in which a certificate is valid.
VALID = "downloadable"

#: The platform's statuses. It sets only the first four today; old rows hold the others.
STATUSES: tuple[tuple[str, Any], ...] = (
    (VALID, _("Awarded")),
    ("notpassing", _("Not passing")),
    ("unavailable", _("Unavailable or revoked")),
    ("unverified", _("Identity not verified")),
    ("audit_notpassing", _("Audit track, not passing")),
    ("audit_passing", _("Audit track, passing")),
    ("auditing", _("Auditing")),
    ("deleted", _("Deleted")),
    ("deleting", _("Being deleted")),
    ("error", _("Generation failed")),
    ("generating", _("Being generated")),
    ("honor_passing", _("Honor track, passing")),
    ("invalidated", _("Invalidated")),
    ("requesting", _("Requested")),
    ("restricted", _("Restricted")),
)


class Certificate(Criterion):
    """Status of the learner's certificate. A row alone is no certificate: most say why there is none."""

    criterion_type = "certificate"
    label = _("Certificate")
    help_text = _("Whether the learner has a certificate for the course, or in which state it is.")
    category = "performance"
    missing_meaning = _("The platform has not considered the learner for a certificate.")
    changes = CERTIFICATE_CHANGES

    criterion = criterion_link()
    statuses = ListField(_("statuses"), value_type="enum", choices_from=ListedChoices(lambda scope: STATUSES))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("statuses"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "statuses", labels={"in": _("status is one of"), "not_in": _("status is none of")}),
        *operators(
            "exists not_exists", labels={"exists": _("has been awarded"), "not_exists": _("has not been awarded")}
        ),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        rows = CertificateRow.objects.filter(course_id=context.scope.course_key)
        return Fact(rows, value="status", recorded="modified_date", single_valued=True)

    def value_test(self, context: EvaluationContext) -> ValueTest:
        """Having a certificate is having a valid one, not any row."""
        if self.operator in ("exists", "not_exists"):
            return ValueTest(OneOf(frozenset({VALID})), complement=self.operator == "not_exists")
        return super().value_test(context)
