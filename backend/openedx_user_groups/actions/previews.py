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
from openedx_user_groups.data import (
    Combine,
    Difference,
    DifferencePage,
    NodeCount,
    Preview,
    PreviewDetail,
    RuleWarning,
    Scope,
    Violation,
)
from openedx_user_groups.evaluation import analysis
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.explanations import data_used
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups.clock import instant_asked_for
from openedx_user_groups.groups.models import UserGroup

from . import differences
from .overlaps import overlap as overlap_with
from .pinned_examples import pinned_warnings


def preview(
    scope: Scope,
    rule: Any,
    *,
    user_group: UserGroup | None = None,
    detail: PreviewDetail = PreviewDetail.FULL,
    sample_size: int | None = None,
    sample_offset: int = 0,
    difference: DifferencePage | None = None,
    overlap: bool = False,
    as_of: datetime | None = None,
) -> Preview:
    """Who would match ``rule`` (a definition, as JSON) in ``scope``: the numbers of every node, a sample, warnings.

    Args:
        user_group: the group that is edited; node ids of its saved rule may then stand in ``rule``, and the preview
            says how its members would change.
        detail: ``COUNT`` pays for the number of learners who match and for nothing else that is not asked for.
        sample_size: learners to show, at most the setting ``MAX_SAMPLE_SIZE``; 0 for none.
        difference: learners to show who would join or leave ``user_group``.
        overlap: compare with the other groups of the scope.
        as_of: another instant than now, not further away than the settings allow. Criteria about time answer for it;
            the others use the data of today, and ``leaves`` says which did what.

    Raises ``InvalidInput`` and, where a criterion has no answer now, ``Unevaluable``.
    """
    check_scope(user_group, scope)
    _check_difference(user_group, difference)
    saved = load_rule(user_group) if user_group else None
    tree = parse_rule(rule, scope, saved)
    evaluation = Evaluation(tree, scope, instant_asked_for(as_of))
    universe, nodes = _numbers(evaluation, detail)
    limit = settings.get("MAX_SAMPLE_SIZE")
    size = limit if sample_size is None else min(sample_size, limit)
    return Preview(
        as_of=evaluation.context.as_of,
        count=nodes[0].count,
        universe=universe,
        plan=evaluation.plan,
        nodes=nodes,
        sample=evaluation.sample(size, sample_offset) if size and nodes[0].count > sample_offset else (),
        warnings=(
            *analysis.findings(tree, evaluation.context),
            *_warnings(tree, universe, nodes),
            *pinned_warnings(user_group, evaluation),
        ),
        difference=_difference(user_group, saved, evaluation, detail, difference),
        overlap=overlap_with(scope, evaluation.ids(), user_group) if overlap else None,
        leaves=data_used(evaluation),
    )


def check_scope(user_group: UserGroup | None, scope: Scope) -> None:
    """Raise ``InvalidInput`` where the group that is edited belongs to another scope than the request."""
    if user_group is not None and user_group.scope != scope:
        raise InvalidInput([Violation("/user_group", "other_scope", _("This user group belongs to another scope."))])


def _check_difference(group: UserGroup | None, difference: DifferencePage | None) -> None:
    if difference is not None and (group is None or group.is_manual):
        message = _("Name the user group with criteria whose members are compared.")
        raise InvalidInput([Violation("/difference", "no_members_to_compare", message)])


def _numbers(evaluation: Evaluation, detail: PreviewDetail) -> tuple[int | None, tuple[NodeCount, ...]]:
    """The size of the universe and the numbers of the nodes; of a bare count, the rule's alone."""
    if detail == PreviewDetail.COUNT:
        return None, (NodeCount(evaluation.rule.pointer, evaluation.count()),)
    answers = evaluation.answers()
    return len(answers.everybody), answers.nodes()


def _difference(
    group: UserGroup | None,
    saved: Node | None,
    evaluation: Evaluation,
    detail: PreviewDetail,
    page: DifferencePage | None,
) -> Difference | None:
    if group is None or group.is_manual or (detail == PreviewDetail.COUNT and page is None):
        return None
    return differences.difference(group, saved, evaluation, page)


def _warnings(rule: Node, universe: int | None, nodes: tuple[NodeCount, ...]) -> Iterator[RuleWarning]:
    """What the numbers show: the rule as a whole first, then single nodes that decide nothing or everything."""
    if universe == 0:
        yield RuleWarning(ROOT, "empty_universe", _("There are no active learners here."))
        return
    whole = nodes[0].count
    if whole == 0:
        yield RuleWarning(ROOT, "matches_nobody", _("Nobody matches this rule."))
    elif whole == universe:
        yield RuleWarning(ROOT, "matches_everybody", _("Every active learner matches this rule."))
    for node in nodes[1:]:
        if node.count == 0 and rule.combine == Combine.ALL:
            yield RuleWarning(node.pointer, "node_matches_nobody", _("Nobody matches this part of the rule."))
        elif node.count == universe:
            yield RuleWarning(node.pointer, "node_matches_everybody", _("Everybody matches this part of the rule."))
    if len(rule.leaves()) > 1:  # The only criterion of a rule cannot be taken away.
        yield from _criterion_warnings(nodes)


def _criterion_warnings(nodes: tuple[NodeCount, ...]) -> Iterator[RuleWarning]:
    for node in nodes[1:]:
        if node.decisive:
            yield RuleWarning(node.pointer, "decisive_criterion", _("Without this criterion somebody would match."))
        elif node.redundant and nodes[0].count:  # Where nobody matches, that is what to look at first.
            yield RuleWarning(node.pointer, "redundant_criterion", _("Without this criterion the same learners match."))
