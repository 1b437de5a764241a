"""What a refresh with a rule that is previewed would do to a group's members, and to whom because of which criteria.

What learners answered in the past is not kept. So the saved rule is asked again, now: where it still agrees with the
membership, the edit of the rule moves the learner; where it does not, the learner's data (or the time) already has.
See ADR 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from openedx_user_groups.criteria.tree import Node, meaning
from openedx_user_groups.data import ChangeKind, CriterionFlip, Difference, DifferencePage, LearnerMove, MoveCause
from openedx_user_groups.evaluation.answers import Answers, deciding
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import answers_of
from openedx_user_groups.exceptions import Unevaluable
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.changes import member_ids
from openedx_user_groups.refresh.companions import Obtainable, obtainable, preceding
from openedx_user_groups.sets import IdSet


def difference(
    group: UserGroup, saved: Node | None, evaluation: Evaluation, page: DifferencePage | None = None
) -> Difference:
    """How many would join, leave and stay, and one page of those who would, in the order of their ids.

    ``saved`` is the present rule of ``group``. In an exclusive collection, who matches but stays with a group before it
    does not join.
    """
    matching, present = evaluation.ids(), member_ids(group)
    decided = _is_edited(group, saved, evaluation.rule)
    found = obtainable(group, matching, evaluation.context.as_of, asked_at=evaluation.asked_at, decided=decided)
    wanted = found.ids
    joining, leaving = wanted - present, present - wanted
    sample: tuple[LearnerMove, ...] = ()
    if page is not None:
        moving = joining if page.kind == ChangeKind.ADDED else leaving
        ids = IdSet(moving[page.offset : page.offset + page.size])
        sample = tuple(_moves(group, ids, page.kind, saved, evaluation, found)) if ids else ()
    elsewhere = len(matching - wanted)
    return Difference(len(joining), len(leaving), len(wanted & present), page, sample, elsewhere)


def _is_edited(group: UserGroup, saved: Node | None, rule: Node) -> bool:
    """Whether the members have yet to follow a decision that a person takes, or has taken, with the rule."""
    pending = group.members_rule_version != group.rule_version
    return pending or saved is None or meaning(saved) != meaning(rule)


def _moves(
    group: UserGroup,
    ids: IdSet,
    kind: ChangeKind,
    saved: Node | None,
    evaluation: Evaluation,
    obtained: Obtainable,
) -> Iterator[LearnerMove]:
    evaluations = {"previewed": evaluation}
    try:
        if saved is not None:
            evaluations["saved"] = Evaluation(saved, evaluation.context.scope, evaluation.context.as_of)
        found = answers_of(evaluations, ids)
    except Unevaluable:
        found = answers_of({"previewed": evaluation}, ids)
    names, previewed = accounts.usernames(list(ids)), found["previewed"]
    taken = previewed.learners(previewed.rule) & ids if kind == ChangeKind.REMOVED else IdSet()
    first = preceding(
        group,
        taken,
        evaluation.context.as_of,
        asked_at=evaluation.asked_at,
        left_alone=obtained.left_alone,
        once_used=True,
    )
    for pk in ids:
        if pk in taken and pk in names:
            yield LearnerMove(pk, names[pk], MoveCause.COLLECTION, (), (), first.get(pk))
        elif pk in names:
            yield _move(pk, names[pk], previewed, found.get("saved"))


def _move(pk: int, username: str, answers: Answers, saved: Answers | None) -> LearnerMove:
    if pk not in answers.everybody:
        return LearnerMove(pk, username, MoveCause.UNIVERSE, (), ())
    said = _said(answers, pk)
    decided = deciding(answers.rule, said)
    if saved is None:
        return LearnerMove(pk, username, MoveCause.UNKNOWN, decided, ())
    if (pk in saved.learners(saved.rule)) == (pk in answers.learners(answers.rule)):
        return LearnerMove(pk, username, MoveCause.DATA, decided, ())
    flips = tuple(_flips(answers.rule, said, saved.rule, _said(saved, pk)))
    return LearnerMove(pk, username, MoveCause.RULE, decided, flips)


def _said(answers: Answers, pk: int) -> dict[str, bool]:
    return {leaf.pointer: pk in answers.learners(leaf) for leaf in answers.rule.leaves()}


def _flips(
    rule: Node, said: Mapping[str, bool], saved_rule: Node, saved_said: Mapping[str, bool]
) -> Iterator[CriterionFlip]:
    """What the edit did to this learner: answers that changed, new criteria that decide, removed ones that did."""
    saved_pointers = _counterparts(rule, saved_rule)
    decided, decided_before = deciding(rule, said), deciding(saved_rule, saved_said)
    for pointer, answer in said.items():
        saved_pointer = saved_pointers.get(pointer)
        if saved_pointer is None:
            if pointer in decided:
                yield CriterionFlip(pointer, None, None, answer)
        elif saved_said[saved_pointer] != answer:
            yield CriterionFlip(pointer, saved_pointer, saved_said[saved_pointer], answer)
    for pointer, answer in saved_said.items():
        if pointer in decided_before and pointer not in saved_pointers.values():
            yield CriterionFlip(None, pointer, answer, None)


def _counterparts(rule: Node, saved_rule: Node) -> dict[str, str]:
    """The criteria that both rules have: by their id or, where the request names none, by place and type."""
    ids = {leaf.id for leaf in rule.leaves() if leaf.id}
    by_id = {leaf.id: leaf for leaf in saved_rule.leaves()}
    by_place = {leaf.pointer: leaf for leaf in saved_rule.leaves() if leaf.id not in ids}
    found = {}
    for leaf in rule.leaves():
        other = by_id.get(leaf.id) if leaf.id else by_place.get(leaf.pointer)
        if other is not None and other.type == leaf.type:
            found[leaf.pointer] = other.pointer
    return found
