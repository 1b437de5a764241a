"""Why a learner is in a group or not. Nothing is written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria.configuration import find_learners
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import Explanation, Scope, Violation
from openedx_user_groups.evaluation import explanations
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.exceptions import InvalidInput, WrongMembershipSource
from openedx_user_groups.groups.clock import evaluation_instant, instant_asked_for
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.refresh.companions import preceding
from openedx_user_groups.sets import IdSet

from .previews import check_scope


def explain(
    scope: Scope,
    learner: str,
    rule: Any = None,
    *,
    user_group: UserGroup | None = None,
    as_of: datetime | None = None,
) -> Explanation:
    """Why ``learner`` is matched by a rule or not.

    Args:
        learner: a user name, or the e-mail address of somebody who has, or had, to do with the scope. Any other address
            is as unknown as one that nobody has.
        rule: a definition, as JSON. Without one, the saved rule of ``user_group`` is meant.
        user_group: the group that is asked about or edited; node ids of its saved rule may stand in ``rule``. Where it
            is in an exclusive collection, who matches is told of the group that comes first for them.
        as_of: another instant than now, not further away than the settings allow.

    Raises ``InvalidInput``, ``WrongMembershipSource`` for a group without a rule and, where a criterion has no answer
    now, ``Unevaluable``.
    """
    check_scope(user_group, scope)
    instant = instant_asked_for(as_of)
    tree = _tree(scope, rule, user_group)
    user_id = find_learners([learner], scope).get(learner)
    if user_id is None:
        message = _("There is no such learner.")
        raise InvalidInput([Violation("/learner", "unknown_learner", message, {"value": learner})])
    now = evaluation_instant()
    evaluation = Evaluation(tree, scope, instant, asked_at=now if as_of is not None else None)
    explanation = explanations.explain(evaluation, user_id, now)
    if user_group is None or not explanation.matches:
        return explanation
    first = preceding(user_group, IdSet([user_id]), instant, asked_at=evaluation.asked_at).get(user_id)
    return explanation if first is None else explanations.preceded(explanation, first, evaluation.context)


def _tree(scope: Scope, rule: Any, user_group: UserGroup | None) -> Node:
    saved = load_rule(user_group) if user_group is not None else None
    if rule is not None:
        return parse_rule(rule, scope, saved)
    if user_group is None:
        message = _("Give a rule, or name a user group.")
        raise InvalidInput([Violation("/rule", "missing_field", message)])
    if saved is None:
        raise WrongMembershipSource()
    return saved
