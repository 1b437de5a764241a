"""What the tests of a criterion type stand on: its author's declarations, learners with values, asking who matches.

The tests themselves are in :mod:`.contract`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection
from django.test.utils import CaptureQueriesContext

from openedx_user_groups.criteria import configuration
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, PlanKind, Scope, ScopeType
from openedx_user_groups.evaluation import learners as few_learners
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.sets import IdSet

from .configurations import Example, other_values, with_complements
from .factories import COURSE, EnrollmentFactory, LearnerFactory

if TYPE_CHECKING:
    from django.test import TestCase as _Base
else:
    _Base = object

#: The name of the learner to whom :meth:`CriterionTypeWorld.give` is never applied.
WITHOUT_VALUE = "without a value"

Names = frozenset[str]


class CriterionTypeWorld(_Base):
    """The base of :class:`.contract.CriterionTypeContract`. A plugin's author declares:

    * ``criterion_class``: the type.
    * ``learners``: name -> value; each becomes a learner to whom :meth:`give` gives the value.
    * ``examples``: configurations of the positive operators with the names of those who must match.
    * ``has_missing``: ``False`` where every learner has a value (an account's age), so that nobody can be without one.
    * ``scope``, ``as_of``: where and when rules are evaluated.
    """

    criterion_class: ClassVar[type[Criterion]]
    learners: ClassVar[Mapping[str, Any]] = {}
    examples: ClassVar[Sequence[Example]] = ()
    has_missing: ClassVar[bool] = True
    scope: ClassVar[Scope] = COURSE
    as_of: ClassVar[datetime] = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

    # ---- What an author overrides ---------------------------------------------------------------------------------
    def give(self, learner: Any, value: Any) -> None:
        """Write what the type reads, so that ``learner`` (an account) has ``value`` (one of ``learners``)."""
        raise NotImplementedError(f"{type(self).__name__} must define give(): how a learner comes to a value.")

    def give_nothing(self, learner: Any) -> None:
        """Make ``learner`` one without a value, where a new account is not (an e-mail address)."""

    def join(self, learner: Any, inside: bool) -> None:
        """Make ``learner`` one of the scope or, not ``inside``, one who was. Override for an organization: which of its
        courses there are is for your test site to say."""
        if self.scope.type == ScopeType.ORGANIZATION:
            raise NotImplementedError(
                f"{type(self).__name__} must define join(): enroll in a course of {self.scope.key}."
            )
        if self.scope.type == ScopeType.COURSE:
            EnrollmentFactory(user=learner, course=self.scope, is_active=inside)
        elif not inside:
            learner.is_active = False
            learner.save()

    def prepare(self) -> None:
        """Write what must be there before learners have values, such as the cohorts of the course."""

    def get_examples(self) -> Sequence[Example]:
        """The examples. Override where they need what :meth:`prepare` wrote, or to generate them."""
        return self.examples

    # ---- The world ------------------------------------------------------------------------------------------------
    def setUp(self) -> None:
        """Make the learners: those with values, one without, and two who are not learners of the scope (any more)."""
        super().setUp()
        self.prepare()
        self.people = {name: self._learner(value) for name, value in self.learners.items()}
        if self.has_missing:
            self.people[WITHOUT_VALUE] = self._learner(None)
        some_value = next(iter(self.learners.values()), None)
        self.outsiders = IdSet([self._learner(value, inside=False).pk for value in (some_value, None)])
        self.names = {learner.pk: name for name, learner in self.people.items()}
        self.everybody = frozenset(self.people)
        given = self.get_examples()
        if not given or not self.learners:
            self.fail(f"{type(self).__name__} must declare learners and examples.")
        self.all_examples = with_complements(self.criterion_class, given, set(self.everybody))
        self.configs: list[Mapping[str, Any]] = [example.config for example in self.all_examples]

    # ---- Helpers --------------------------------------------------------------------------------------------------
    def _learner(self, value: Any, *, inside: bool = True) -> Any:
        learner = LearnerFactory()
        self.join(learner, inside)
        if value is None:
            self.give_nothing(learner)
        else:
            self.give(learner, value)
        return learner

    def _parse(self, config: Mapping[str, Any]) -> Criterion:
        parsed, violations = configuration.parse(self.criterion_class, dict(config), self.scope)
        if parsed is None:
            reasons = "; ".join(f"{found.pointer or 'the whole'}: {found.message}" for found in violations)
            self.fail(f"The configuration {config} is not valid. {reasons}")
        return parsed

    def _evaluation(
        self,
        config: Mapping[str, Any],
        *,
        negated: bool = False,
        plan: PlanKind = PlanKind.STATEMENT,
        as_of: datetime | None = None,
    ) -> Evaluation:
        parsed = self._parse(config)
        leaf = Leaf("/rule/nodes/0", self.criterion_class.criterion_type, parsed.config, parsed)
        return Evaluation(Node("/rule", Combine.ALL, negated, (leaf,)), self.scope, as_of or self.as_of, plan)

    def _ids(self, config: Mapping[str, Any], **options: Any) -> IdSet:
        return self._evaluation(config, **options).ids()

    def _named(self, ids: IdSet) -> Names:
        return frozenset(self.names.get(pk, f"user {pk}, who is no learner here") for pk in ids)

    def _matching(self, config: Mapping[str, Any], **options: Any) -> Names:
        return self._named(self._ids(config, **options))

    def _examples_of(self, operator: str, name: str | None) -> Iterator[Example]:
        for example in self.all_examples:
            if example.operator == operator and (name is None or name in example.config):
                yield example

    def _some_example_tells(self, one: str, other: str, name: str | None) -> bool:
        pairs = [(example, other) for example in self._examples_of(one, name)]
        pairs += [(example, one) for example in self._examples_of(other, name)]
        return any(self._changes(example.config, {**example.config, "operator": swapped}) for example, swapped in pairs)

    def _some_value_matters(self, operator: str, name: str) -> bool:
        definition = self.criterion_class.operator_named(operator)
        assert definition is not None
        placed = None if name in definition.options else name
        return any(
            self._changes(example.config, {**example.config, name: value})
            for example in self._examples_of(operator, placed)
            for value in other_values(self.criterion_class, self.scope, name, example.config, self.configs)
        )

    def _changes(self, config: Mapping[str, Any], changed: Mapping[str, Any]) -> bool:
        """Whether ``changed`` is valid and matches other learners than ``config``."""
        _, violations = configuration.parse(self.criterion_class, dict(changed), self.scope)
        return not violations and self._ids(changed) != self._ids(config)

    def _query_counts(self, config: Mapping[str, Any]) -> tuple[int, int]:
        evaluation_cost = _queries(lambda: self._ids(config))
        evaluation = self._evaluation(config)
        everybody = evaluation.universe
        ids = IdSet(list(everybody.ids()))
        return evaluation_cost, _queries(lambda: few_learners.matching({"": evaluation}, ids))


def _queries(act: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)
