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
    PreviewOptions,
    RuleWarning,
    SampleLearner,
    Scope,
    Violation,
)
from openedx_user_groups.evaluation import analysis
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.explanations import data_used
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups.clock import evaluation_instant, instant_asked_for
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
        as_of: another instant than now, not further away than the settings allow. Criteria about time answer for it,
            unless it is past and their source keeps the latest value only; they and the others use the data of today,
            and ``leaves`` says which did what.

    Raises ``InvalidInput`` and, where a criterion has no answer now, ``Unevaluable``.
    """
    size = settings.get("MAX_SAMPLE_SIZE") if sample_size is None else sample_size
    options = PreviewOptions(detail, size, sample_offset, difference, overlap, as_of)
    return evaluated(scope, rule, options, instant_asked_for(as_of), user_group=user_group)[1]


def evaluated(
    scope: Scope,
    rule: Any,
    options: PreviewOptions,
    as_of: datetime,
    *,
    user_group: UserGroup | None = None,
    keep_ids: bool = False,
) -> tuple[Evaluation, Preview]:
    """The evaluation of a rule, and what :func:`preview` says of it.

    Args:
        as_of: the one instant of the preview: that of ``options``, which has been checked, or when it was asked for.
        keep_ids: the learners will be asked for too. Count and sample are then of exactly them, also where data moves
            meanwhile.
    """
    check_scope(user_group, scope)
    _check_difference(user_group, options.difference)
    saved = load_rule(user_group) if user_group else None
    evaluation = Evaluation(parse_rule(rule, scope, saved), scope, as_of, asked_at=asked_at(options))
    if keep_ids and options.detail == PreviewDetail.COUNT:
        evaluation.ids()
    return evaluation, _shown(evaluation, options, user_group, saved)


def asked_at(options: PreviewOptions) -> datetime | None:
    """Now, where another instant is asked for: the data are of now, and what keeps no past answers for it."""
    return evaluation_instant() if options.as_of else None


def _shown(evaluation: Evaluation, options: PreviewOptions, group: UserGroup | None, saved: Node | None) -> Preview:
    universe, nodes = _numbers(evaluation, options.detail)
    return Preview(
        as_of=evaluation.context.as_of,
        count=nodes[0].count,
        universe=universe,
        plan=evaluation.plan,
        nodes=nodes,
        sample=_sample(evaluation, options, nodes[0].count),
        warnings=(
            *analysis.findings(evaluation.rule, evaluation.context),
            *_warnings(evaluation.rule, universe, nodes),
            *pinned_warnings(group, evaluation),
        ),
        difference=_difference(group, saved, evaluation, options),
        overlap=overlap_with(evaluation.context.scope, evaluation.ids(), group) if options.overlap else None,
        leaves=data_used(evaluation),
    )


def _sample(evaluation: Evaluation, options: PreviewOptions, count: int) -> tuple[SampleLearner, ...]:
    size, offset = min(options.sample_size, settings.get("MAX_SAMPLE_SIZE")), options.sample_offset
    return evaluation.sample(size, offset) if size and count > offset else ()


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
    options: PreviewOptions,
) -> Difference | None:
    page = options.difference
    if group is None or group.is_manual or (options.detail == PreviewDetail.COUNT and page is None):
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
