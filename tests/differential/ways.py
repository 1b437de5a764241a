"""Every way in which the product can be asked a rule, held against the tables.

A way that raises disagrees too: all rules here are valid and all sources answer.
"""

from __future__ import annotations

import functools
import itertools
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from openedx_user_groups import api
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import (
    ChangeKind,
    Difference,
    DifferencePage,
    LearnerMove,
    MoveCause,
    NodeCount,
    PlanKind,
    PreviewDetail,
    RefreshState,
    Scope,
)
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import matching
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.sets import IdSet
from tests.differential import oracle, preview_numbers, tables
from tests.differential.rules import complement
from tests.differential.worlds import Scene

SAMPLE_SIZE = 25
#: So small that there are several pages, and by how many criteria a rule is still turned by brute force.
DIFFERENCE_SIZE, MOST_TURNED = 7, 6
NOBODY = 2_000_000_000
#: Answers that come from the same evaluation as another one.
SAME_EVALUATION = {
    *("preview, universe", "preview, nodes", "preview, sample", "bitmaps, count", "bitmaps, nodes"),
    *("bitmap leaf, statement, nodes", "bitmap leaf, bitmaps, nodes", "complements, overlap", "refresh, member count"),
    *(f"difference, {kind}, {what}" for kind in ("added", "removed") for what in ("cause", "decided by")),
}


@dataclass(frozen=True)
class Disagreement:
    """One answer that is not the oracle's."""

    scope: tables.Scope
    rule: tables.Definition
    way: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.way}\n  expected {self.expected}\n  got      {self.got}"


@dataclass
class Question:
    """One rule, with the oracle's answer for each of its nodes."""

    scene: Scene
    asked: tables.Scope
    rule: tables.Definition
    universe: set[int]
    answers: dict[str, set[int]]

    @classmethod
    def of(cls, scene: Scene, scope: tables.Scope, rule: tables.Definition) -> Question:
        """Ask the tables."""
        calendar = scene.calendar
        answers = oracle.node_sets(scene.world, scope, rule, calendar.as_of, calendar.zone)
        return cls(scene, scope, rule, oracle.universe(scene.world, scope), answers)

    @functools.cached_property
    def people(self) -> dict[int, preview_numbers.Says]:
        """What each learner answers to each criterion."""
        return preview_numbers.learners(self.rule, self.universe, self.answers)

    @functools.cached_property
    def numbers(self) -> dict[str, tuple[Any, ...]]:
        """The numbers of a preview for every node."""
        return preview_numbers.node_numbers(self.rule, self.people)

    @property
    def scope(self) -> Scope:
        """The scope as the product names it."""
        return Scope.parse(self.asked.type, self.asked.key)

    @property
    def expected(self) -> set[int]:
        """Who matches."""
        return self.answers["/rule"]

    def evaluation(self, plan: PlanKind, rule: tables.Definition | None = None) -> Evaluation:
        """Return the product's evaluation of this rule, or of another one beside it."""
        tree = parse_rule(rule or self.rule, self.scope)
        return Evaluation(tree, self.scope, self.scene.calendar.as_of, plan)


Answers = Iterator[tuple[str, Any, Any]]


@dataclass
class Inquiry:
    """Asks rules in every way, counts how often, and keeps what disagrees."""

    answers: Counter[str] = field(default_factory=Counter)
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def evaluations(self) -> int:
        """How often a rule was evaluated; several answers of one evaluation count once."""
        return sum(times for way, times in self.answers.items() if way not in SAME_EVALUATION)

    def ask(self, scene: Scene, scope: tables.Scope, rules: list[tables.Definition], *, thorough: bool = False) -> None:
        """Ask all these rules of one scope. ``thorough`` does with each rule what is else done with a sample."""
        questions = [Question.of(scene, scope, rule) for rule in rules]
        for number, question in enumerate(questions):
            turn = 0 if thorough else number
            self._hold(question, lambda q=question: _preview(q))
            self._hold(question, lambda q=question: _plans(q))
            self._hold(question, lambda q=question, t=turn: _with_bitmap_leaf(q, t, thorough))
            self._hold(question, lambda q=question, t=turn: _complement(q, t))
            self._hold(question, lambda q=question, t=turn: _one_learner(q, t))
            if turn % 10 == 0:
                self._hold(question, lambda q=question: _refresh(q))
                other = questions[(number + 1) % len(questions)]
                self._hold(question, lambda q=question, s=other: _difference(s, q))
        self._all_rules_for_all_learners(questions)

    def _hold(self, question: Question, ask: Callable[[], Answers]) -> None:
        try:
            for way, expected, got in ask():
                self._compare(question, way, expected, got)
        except Exception as error:
            self._raised(question, ask.__code__.co_names[0].strip("_"), error)

    def _compare(self, question: Question, way: str, expected: Any, got: Any) -> None:
        self.answers[way] += 1
        if expected != got:
            self.disagreements.append(Disagreement(question.asked, question.rule, way, expected, got))

    def _raised(self, question: Question, way: str, error: Exception) -> None:
        text = "".join(traceback.format_exception(error, limit=-4)) + str(getattr(error, "violations", ""))
        self._compare(question, f"{way}: raised", "an answer", text)

    def _all_rules_for_all_learners(self, questions: list[Question]) -> None:
        """One batch: everybody, whether in the universe or not, and all rules of the scope; they share facts."""
        everybody = IdSet([user.id for user in questions[0].scene.world.users] + [NOBODY])
        for from_facts, way in ((True, "learners, from facts"), (False, "learners, from sets")):
            try:
                evaluations = {n: question.evaluation(PlanKind.STATEMENT) for n, question in enumerate(questions)}
                found = matching(evaluations, everybody, from_facts=from_facts)
            except Exception as error:
                self._raised(questions[0], way, error)
                continue
            for number, question in enumerate(questions):
                self._compare(question, way, question.expected, set(found[number]))


def _preview(question: Question) -> Answers:
    preview = api.preview(question.scope, question.rule, sample_size=SAMPLE_SIZE)
    assert preview.as_of == question.scene.calendar.as_of  # The clock of the setting.
    names = {user.id: user.username for user in question.scene.world.users}
    yield "preview, count", len(question.expected), preview.count
    yield "preview, universe", len(question.universe), preview.universe
    yield "preview, nodes", question.numbers, _numbers(preview.nodes)
    sample = [(pk, names[pk]) for pk in sorted(question.expected)[:SAMPLE_SIZE]]
    yield "preview, sample", sample, [(learner.user_id, learner.username) for learner in preview.sample]
    bare = api.preview(question.scope, question.rule, sample_size=0, detail=PreviewDetail.COUNT)
    yield "bare preview", (len(question.expected), None), (bare.count, bare.universe)


def _plans(question: Question) -> Answers:
    for plan in PlanKind:
        evaluation = question.evaluation(plan)
        yield f"{plan}, ids", question.expected, set(evaluation.ids())
        yield f"{plan}, count", len(question.expected), evaluation.count()
        if plan == PlanKind.BITMAPS:
            answers = evaluation.answers()
            numbers = len(answers.everybody), _numbers(answers.nodes())
            yield f"{plan}, nodes", (len(question.universe), question.numbers), numbers


def _with_bitmap_leaf(question: Question, turn: int, thorough: bool) -> Answers:
    """One leaf as a source outside the database would answer it: with ids, some of them of nobody in the universe."""
    leaves = question.evaluation(PlanKind.STATEMENT).rule.leaves()
    chosen = leaves if thorough else [leaves[turn % len(leaves)]]
    strangers = {user.id for user in question.scene.world.users} - question.universe | {NOBODY}
    for leaf, plan in itertools.product(chosen, PlanKind):
        evaluation = question.evaluation(plan)
        evaluation.sets[leaf.pointer] = IdSet(question.answers[leaf.pointer] | strangers)
        yield f"bitmap leaf, {plan}, ids", question.expected, set(evaluation.ids())
        yield f"bitmap leaf, {plan}, nodes", question.numbers, _numbers(evaluation.answers().nodes())


def _complement(question: Question, turn: int) -> Answers:
    """A criterion and its complement split the universe in two."""
    pairs = [(leaf, other) for leaf in _leaves(question.rule) if (other := complement(leaf))]
    if not pairs:
        return
    one, two = (
        set(question.evaluation(PlanKind.STATEMENT, {"combine": "all", "negated": False, "nodes": [leaf]}).ids())
        for leaf in pairs[turn % len(pairs)]
    )
    yield "complements, union", question.universe, one | two
    yield "complements, overlap", set(), one & two


def _one_learner(question: Question, turn: int) -> Answers:
    users = question.scene.world.users
    learner = users[turn % len(users)].id
    evaluations = {"rule": question.evaluation(PlanKind.STATEMENT)}
    for from_facts, way in ((True, "one learner, from facts"), (False, "one learner, from its set")):
        found = matching(evaluations, IdSet([learner]), from_facts=from_facts)["rule"]
        yield way, (learner, learner in question.expected), (learner, learner in found)


def _refresh(question: Question) -> Answers:
    author = User.objects.get(pk=question.scene.world.users[0].id)
    group = api.create_user_group(
        scope=question.scope, name="Group", rule=question.rule, confirm_impossible=True, acting_user=author
    )
    members = set(Membership.objects.filter(user_group=group).values_list("user_id", flat=True))
    yield "refresh, members", question.expected, members
    yield "refresh, member count", len(question.expected), group.member_count
    again = api.refresh_now(group, acting_user=author)
    changed = (again.state, again.added_count, again.removed_count)
    yield "refresh, saved rule again", (RefreshState.SUCCEEDED, 0, 0), changed
    api.archive_user_group(group.uuid, acting_user=author)


def _difference(saved: Question, question: Question) -> Answers:
    """A rule instead of the saved one, for a group whose members are anybody: preview it, save it, look who moved."""
    users = [user.id for user in question.scene.world.users]
    author = User.objects.get(pk=users[0])
    group = api.create_user_group(
        scope=saved.scope, name="Group", rule=saved.rule, confirm_impossible=True, acting_user=author
    )
    present = set(users[:: 2 + len(users) % 2])
    _make_members(group, present)
    preview = api.preview(question.scope, question.rule, sample_size=0, user_group=group)
    joins, leaves = question.expected - present, present - question.expected
    numbers = (len(joins), len(leaves), len(question.expected & present))
    assert preview.difference is not None
    yield "difference, numbers", numbers, _sizes(preview.difference)
    for kind, wanted in ((ChangeKind.ADDED, joins), (ChangeKind.REMOVED, leaves)):
        moves = list(_pages(question, group, kind, numbers))
        yield f"difference, {kind}", sorted(wanted), [move.user_id for move in moves]
        for move in moves:
            yield f"difference, {kind}, cause", _cause(saved, question, move), move.cause
            if move.user_id in question.people and len(_leaves(question.rule)) <= MOST_TURNED:
                alone, fewest = preview_numbers.deciding(question.rule, question.people[move.user_id])
                got = set(move.decided_by) if alone else set(), len(move.decided_by) if not alone else 1
                yield f"difference, {kind}, decided by", (alone, fewest), got
    MembershipChange.objects.filter(user_group=group).delete()
    version = group.rule_version
    api.update_user_group(
        group.uuid, changes={"rule": question.rule}, rule_version=version, confirm_impossible=True, acting_user=author
    )
    if UserGroup.objects.get(pk=group.pk).rule_version == version:  # It says the same as the saved one.
        api.refresh_now(group, acting_user=author)
    changes = MembershipChange.objects.filter(user_group=group).values_list("kind", "user_id")
    foretold = {("added", pk) for pk in joins} | {("removed", pk) for pk in leaves}
    yield "difference, what a refresh does", foretold, set(changes)
    api.archive_user_group(group.uuid, acting_user=author)


def _make_members(group: UserGroup, users: set[int]) -> None:
    """Let the group have these members, as if the data had been otherwise when it was last refreshed."""
    Membership.objects.filter(user_group=group).delete()
    rows = [Membership(user_group=group, user_id=pk, joined_at=group.created, origin="manual") for pk in users]
    Membership.objects.bulk_create(rows)


def _pages(
    question: Question, group: UserGroup, kind: ChangeKind, numbers: tuple[int, int, int]
) -> Iterator[LearnerMove]:
    for offset in itertools.count(0, DIFFERENCE_SIZE):
        page = DifferencePage(kind, DIFFERENCE_SIZE, offset)
        found = api.preview(
            question.scope, question.rule, sample_size=0, user_group=group, difference=page, detail=PreviewDetail.COUNT
        ).difference
        assert found is not None
        assert _sizes(found) == numbers
        yield from found.sample
        if len(found.sample) < DIFFERENCE_SIZE:
            return


def _cause(saved: Question, question: Question, move: LearnerMove) -> MoveCause:
    if move.user_id not in question.universe:
        return MoveCause.UNIVERSE
    same = (move.user_id in saved.expected) == (move.user_id in question.expected)
    return MoveCause.DATA if same else MoveCause.RULE


def _sizes(difference: Difference) -> tuple[int, int, int]:
    return difference.added, difference.removed, difference.unchanged


def _numbers(nodes: tuple[NodeCount, ...]) -> dict[str, tuple[Any, ...]]:
    return {n.pointer: (n.count, n.running, n.without, n.redundant, n.decisive) for n in nodes}


def _leaves(node: tables.Definition) -> list[tables.Definition]:
    if node.get("kind") == "criterion":
        return [node]
    return [leaf for child in node["nodes"] for leaf in _leaves(child)]


class Clock:
    """The site's clock in these tests."""

    instant: datetime


def clock() -> datetime:
    """Return the instant of the scene that is being asked; the setting ``OPENEDX_USER_GROUPS_CLOCK`` names this."""
    return Clock.instant
