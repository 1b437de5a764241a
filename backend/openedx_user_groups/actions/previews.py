"""Dry runs: who would match a rule that is not saved. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.criteria.definitions import ROOT, parse_rule
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import Combine, NodeCount, Preview, RuleWarning, Scope, Violation
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.models import UserGroup


def preview(
    scope: Scope,
    rule: Any,
    *,
    user_group: UserGroup | None = None,
    sample_size: int | None = None,
    sample_offset: int = 0,
    as_of: datetime | None = None,
) -> Preview:
    """Who would match ``rule`` (a definition, as JSON) in ``scope``: counts for every node, a sample, warnings.

    Args:
        user_group: the group that is edited; node ids of its saved rule may then stand in ``rule``.
        sample_size: learners to show, at most the setting ``MAX_SAMPLE_SIZE``; 0 for none.

    Raises ``InvalidInput`` and, where a criterion has no answer now, ``Unevaluable``.
    """
    if user_group is not None and user_group.scope != scope:
        raise InvalidInput([Violation("/user_group", "other_scope", _("This user group belongs to another scope."))])
    tree = parse_rule(rule, scope, load_rule(user_group) if user_group else None)
    evaluation = Evaluation(tree, scope, as_of or evaluation_instant())
    universe, nodes = evaluation.counts()
    limit = settings.get("MAX_SAMPLE_SIZE")
    size = limit if sample_size is None else min(sample_size, limit)
    count = nodes[0].count
    return Preview(
        as_of=evaluation.context.as_of,
        count=count,
        universe=universe,
        plan=evaluation.plan,
        nodes=nodes,
        sample=evaluation.sample(size, sample_offset) if size and count > sample_offset else (),
        warnings=tuple(_warnings(tree, universe, nodes)),
    )


def _warnings(rule: Node, universe: int, nodes: tuple[NodeCount, ...]) -> Iterator[RuleWarning]:
    """What the counts show: the rule as a whole first, then single nodes that decide nothing or everything."""
    if not universe:
        yield RuleWarning(ROOT, "empty_universe", _("There are no active learners here."))
        return
    whole = nodes[0].count
    if whole == 0:
        yield RuleWarning(ROOT, "matches_nobody", _("Nobody matches this rule."))
    elif whole == universe:
        yield RuleWarning(ROOT, "matches_everybody", _("Every active learner matches this rule."))
    for node, count in zip(list(rule.walk())[1:], nodes[1:], strict=True):
        if count.count == 0 and rule.combine == Combine.ALL:
            yield RuleWarning(node.pointer, "node_matches_nobody", _("Nobody matches this part of the rule."))
        elif count.count == universe:
            yield RuleWarning(node.pointer, "node_matches_everybody", _("Everybody matches this part of the rule."))
