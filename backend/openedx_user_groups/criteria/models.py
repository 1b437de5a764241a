"""The rows of a rule: its inner nodes and its leaves, the criteria. Every criterion type is a child of
``Criterion``."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import Combine, Rebound, Scope, ScopeType
from openedx_user_groups.groups.changes import Change
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.sets import IdSet, fetch_ids
from openedx_user_groups.sources import PLATFORM, DataSource, LearnerSet, UserIds

from . import changes, registry
from .categories import Category
from .conditions import Anything
from .facts import Fact, ValueTest
from .operands import EvaluationContext, Operand
from .operators import Operator
from .rebinding import rebind
from .retirement import forget_learner


@dataclass(frozen=True)
class PastContext(EvaluationContext):
    """What is given where somebody asks, at ``asked_at``, how it was at an earlier instant."""

    asked_at: datetime


class RuleNode(models.Model):
    """An inner node of a rule: combines its nodes. The root has no parent.

    .. no_pii:
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="rule_nodes")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="nodes")
    position = models.PositiveSmallIntegerField(default=0)
    combine = models.CharField(_("combine"), max_length=3, choices=Combine.choices, default=Combine.ALL)
    negated = models.BooleanField(_("negated"), default=False)

    class Meta:
        verbose_name = _("rule node")
        verbose_name_plural = _("rule nodes")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return f"{'not ' if self.negated else ''}{self.combine}"


class Criterion(models.Model):
    """One condition of a rule, and the base of every criterion type.

    A type is a model that inherits from this one and declares ``criterion_type``; that files it (see ADR 1). This base
    row survives when the type's app is uninstalled: it keeps the slug, the operator and the last valid configuration,
    so that the group still opens, lists and says why it cannot be evaluated.

    .. no_pii:
    """

    # ---- What a type declares -------------------------------------------------------------------------------------
    criterion_type: ClassVar[str]
    #: Raised when the meaning of saved configurations changes; clients see it.
    version: ClassVar[int] = 1
    label: ClassVar[Any] = ""
    help_text: ClassVar[Any] = ""
    #: The heading under which the builder lists the type: one of ``Category``, or a slug of the plugin's own ...
    category: ClassVar[str] = Category.OTHER.value
    #: ... and then what staff read for it.
    category_label: ClassVar[Any] = ""
    scopes: ClassVar[tuple[ScopeType, ...]] = (ScopeType.COURSE,)
    operators: ClassVar[tuple[Operator, ...]] = ()
    operands: ClassVar[tuple[Operand, ...]] = ()
    data_source: ClassVar[DataSource] = PLATFORM
    #: Whether the answer changes as time passes, with no change of data.
    time_sensitive: ClassVar[bool] = False
    #: Whether the source still knows which value a learner had at an earlier instant. False where it is overwritten, as
    #: the last login is by the next one: asked about the past, such a type answers for now.
    keeps_past: ClassVar[bool] = True
    #: How often groups with such a criterion are refreshed by the schedule; None for as often as its data source is
    #: brought up to date or, where that says nothing, as the site wants.
    cadence: ClassVar[timedelta | None] = None
    #: The signals after which a learner's answer may be another one. Without any, groups wait for their schedule.
    changes: ClassVar[tuple[Change, ...]] = ()
    #: Whether a few learners can be answered after an event. Groups with a type that cannot wait for their schedule.
    answers_learners: ClassVar[bool] = True
    #: What a learner without a value means here, in words for staff.
    missing_meaning: ClassVar[Any] = _("Learners without a value match only the negative operators.")
    #: The fields that select which fact is asked for (a subsection), as opposed to what its value is compared with.
    fact_parameters: ClassVar[tuple[str, ...]] = ()
    #: Whether explanations show those of a learner's values only that the criterion names: others are not the business
    #: of whoever may ask.
    shows_only_named_values: ClassVar[bool] = False
    #: A value that learners without one are given in comparisons (a grade of 0), or None.
    missing_counts_as: ClassVar[Any] = None
    #: A boolean field by which staff make comparisons match learners without a value, or "".
    missing_option: ClassVar[str] = ""

    # ---- The base row ---------------------------------------------------------------------------------------------
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user_group = models.ForeignKey(UserGroup, models.CASCADE, related_name="criteria")
    node = models.ForeignKey(RuleNode, models.CASCADE, related_name="criteria")
    position = models.PositiveSmallIntegerField(default=0)
    # Serves "which groups use this type": uninstalling a plugin, filtering by state.
    type_slug = models.CharField(_("criterion type"), max_length=64, db_index=True, editable=False)
    operator = models.CharField(_("operator"), max_length=16)
    config = models.JSONField(_("last valid configuration"), default=dict, editable=False)
    # NULL but for a copy that refers to what its scope does not have; there is then no row in the type's own table.
    unresolved = models.JSONField(_("unresolved references"), null=True, editable=False)

    class Meta:
        verbose_name = _("criterion")
        verbose_name_plural = _("criteria")
        ordering = ("position", "pk")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "criterion_type" in cls.__dict__:
            registry.register(cls)

    def __str__(self) -> str:
        return f"{self.type_slug} {self.operator}"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.type_slug:
            self.type_slug = getattr(type(self), "criterion_type", "")

    # ---- What it denotes ------------------------------------------------------------------------------------------
    @classmethod
    def operator_named(cls, id_: str) -> Operator | None:
        """The operator with this id, as the type offers it."""
        for operator in cls.operators:
            if operator.id == id_:
                return operator
        return None

    def fact(self, context: EvaluationContext) -> Fact | None:
        """Where a learner's value lives, or ``None`` for a type that answers with a set of its own."""
        return None

    def learner_set(self, context: EvaluationContext) -> LearnerSet:
        """The set of learners that this criterion denotes: a recipe for the database, or ids.

        Most types declare a fact and inherit this. A type whose set is not "value, operator, threshold" overrides it.
        Raises ``SourceUnavailable`` where the source cannot answer.
        """
        fact = self.fact(context)
        if fact is None:
            raise NotImplementedError(f"{type(self).__name__} must define fact() or learner_set().")
        return fact.learners(self.value_test(context))

    def matching_among(self, context: EvaluationContext, user_ids: IdSet) -> IdSet | None:
        """Which of these few learners match, asked of the source for them alone.

        For types without a fact whose source can answer for a few learners more cheaply than for all. ``None``: take
        :meth:`learner_set` and restrict it. Raises ``SourceUnavailable`` where the source cannot answer.
        """
        return None

    def value_test(self, context: EvaluationContext) -> ValueTest:
        """The question that operator and fields ask of a learner's value."""
        operator = self._operator()
        complement = operator.complement_of is not None
        if operator.positive_id == "exists":
            return ValueTest(Anything(), complement=complement)
        operand = self._operand(operator)
        condition = operand.condition(operator.positive_id, self, context)
        missing = bool(self.missing_option and getattr(self, self.missing_option))
        if self.missing_counts_as is not None:
            missing = condition.matches([self.missing_counts_as])
        return ValueTest(condition, operand.domain(context), missing, complement, operand.moves)

    @property
    def is_predictable(self) -> bool:
        """Whether it can be computed when the answer for given values changes: it never does, or operands tell.

        A time-sensitive type none of whose operands move has a fact that changes with time ("visits in the last
        week"), of which nothing is known before.
        """
        return not self.time_sensitive or any(operand.moves for operand in self.operands)

    def answerable(self, context: EvaluationContext) -> EvaluationContext:
        """``context`` or, where the type cannot answer for the past, the same for the instant at which it is asked."""
        asked_at = context.asked_at if isinstance(context, PastContext) else context.as_of
        return context if self.keeps_past or context.as_of >= asked_at else replace(context, as_of=asked_at)

    def answers_for_instant(self, context: EvaluationContext) -> bool:
        """Whether the answer depends on the instant of evaluation; if not, it is made from the data of today alone."""
        if self.answerable(context) is not context:
            return False
        if type(self).fact is Criterion.fact or not self.is_predictable:
            return self.time_sensitive
        return self.value_test(context).moves

    def next_change(self, values: Collection[Any], context: EvaluationContext) -> datetime | None:
        """When the answer for a learner with these values changes, if the values stay as they are.

        From the instant of ``context`` up to the one returned the answer is the present one, and right after it is
        another; ``None`` where time alone never changes it. See :attr:`is_predictable`.
        """
        crossings = changes.crossings(self.value_test(context), values, context.as_of)
        return changes.first_change(
            context.as_of, crossings, lambda at: self.value_test(replace(context, as_of=at)).answer(values)
        )

    def fact_key(self) -> tuple[Any, ...]:
        """Equal for criteria that ask for the same value of a learner, so that it is fetched once."""
        return (self.type_slug, *(_hashable(getattr(self, name)) for name in self.fact_parameters))

    def rebound(self, source: Scope, target: Scope) -> Rebound:
        """The configuration that means in ``target`` what this one means in ``source``, and what has no equal there.

        As inherited: usage keys move into the new course, the course itself is replaced by the new one, and choices
        that ``target`` does not have are looked for by their label. Override it for other kinds of references.
        """
        return rebind(self, source, target)

    def forget(self, user_id: int) -> bool:
        """Take a retired learner out of the fields, and say whether there was anything. Does not save.

        As inherited: out of every ``UserListField``. Override it where a type holds ids of accounts otherwise.
        """
        return forget_learner(self, user_id)

    def get_matching_user_ids(self, scope: Scope, as_of: datetime | None = None) -> IdSet:
        """The learners of ``scope`` that this criterion matches at ``as_of`` (default: now)."""
        context = EvaluationContext(scope, as_of or evaluation_instant(), timezone.get_default_timezone())
        universe, found = universe_of(scope).learners(), self.learner_set(context)
        if not isinstance(found, UserIds):
            return universe & found
        ids = IdSet().union(*(fetch_ids(queryset) for queryset in found.querysets))
        return universe - ids if found.complement else universe & ids

    @property
    def compared_with(self) -> Operand | None:
        """The operand that the operator compares with; ``None`` for an operator without a value, and for a type with a
        set of its own that declares none."""
        operator = self._operator()
        has_operand = any(operand.field in operator.fields for operand in self.operands)
        return self._operand(operator) if has_operand else None

    def _operator(self) -> Operator:
        operator = self.operator_named(self.operator)
        if operator is None:
            raise ValueError(f"{self.type_slug} has no operator {self.operator!r}.")
        return operator

    def _operand(self, operator: Operator) -> Operand:
        filled: Sequence[Operand] = [
            operand
            for operand in self.operands
            if operand.field in operator.fields and getattr(self, operand.field) not in (None, [], "")
        ]
        if len(filled) != 1:
            raise ValueError(f"{self.type_slug} {self.operator} needs exactly one of {operator.fields}.")
        return filled[0]


def criterion_link() -> models.OneToOneField[Criterion, Criterion]:
    """The primary key of a criterion type: its link to the base row. Write ``criterion = criterion_link()``.

    There is no constraint in the database: when the type's app is uninstalled its table stays, unknown to Django, and
    would otherwise forbid to delete the base row for ever.
    """
    return models.OneToOneField(
        Criterion, models.CASCADE, parent_link=True, primary_key=True, db_constraint=False, related_name="+"
    )


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
