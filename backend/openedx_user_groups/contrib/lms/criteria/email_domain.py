"""The domain of the learner's e-mail address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    Condition,
    Criterion,
    EmailDomains,
    EvaluationContext,
    Fact,
    ListField,
    Operand,
    Operator,
    ScopeType,
    ShownValue,
    account_change,
    criterion_link,
    operators,
)

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#: Two labels or more, in ASCII: a name in another script is written as the mail system does, "xn--…".
DOMAIN_PATTERN = rf"{_LABEL}(?:\.{_LABEL})+"


@dataclass(frozen=True)
class AtDomains(Operand):
    """A list of domains that an address is compared with, and whether those below them count."""

    def condition(self, operator: str, criterion: Criterion, context: EvaluationContext) -> Condition:
        assert isinstance(criterion, EmailDomain)
        return EmailDomains(frozenset(domain.lower() for domain in criterion.domains), criterion.subdomains)

    def shown(self, value: Any, criterion: Criterion, context: EvaluationContext) -> ShownValue:
        """The domain only: whoever may ask why somebody matches need not learn the address."""
        _local, at, domain = str(value).lower().rpartition("@")
        return ShownValue(domain, None, domain) if at else ShownValue("", None, gettext("no domain"))


class EmailDomain(Criterion):
    """Domain of the account's e-mail address, whatever its case."""

    criterion_type = "email_domain"
    label = _("E-mail domain")
    help_text = _("What stands after the @ in the learner's e-mail address.")
    category = "profile"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION, ScopeType.INSTANCE)
    missing_meaning = _("The account has no e-mail address.")
    changes = (account_change("auth_user", "email"),)

    criterion = criterion_link()
    domains = ListField(
        _("domains"), item_pattern=DOMAIN_PATTERN, help_text=_("For instance example.org, without the @.")
    )
    subdomains = models.BooleanField(
        _("include subdomains"), default=False, help_text=_("Also match addresses such as @mail.example.org.")
    )

    operands: ClassVar[tuple[Operand, ...]] = (AtDomains("domains"),)
    operators: ClassVar[tuple[Operator, ...]] = operators("in not_in", "domains", options=("subdomains",))

    def clean(self) -> None:
        """Keep each domain once, in lower case: that is how they compare."""
        super().clean()
        if isinstance(self.domains, list):
            self.domains = list(dict.fromkeys(str(domain).lower() for domain in self.domains))

    def fact(self, context: EvaluationContext) -> Fact:
        return Fact(get_user_model()._default_manager.exclude(email=""), user="pk", value="email")
