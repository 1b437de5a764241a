"""Finding user groups, and describing them with their rules and the state that holds now."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria.definitions import listed_users, rule_to_wire
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import load_rules, unusable_criteria
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import GroupState
from openedx_user_groups.evaluation.evaluator import problem_message
from openedx_user_groups.exceptions import NotFound
from openedx_user_groups.groups.models import UserGroup, UserGroupQuerySet
from openedx_user_groups.membership.examples import missed_counts

#: States that are shown whatever the rule is like: nothing is evaluated in them, or it is being evaluated.
_SHOWN_AS_STORED = (GroupState.DISABLED, GroupState.FROZEN, GroupState.REFRESHING)


@dataclass(frozen=True)
class UserGroupDetail:
    """A group as it is shown: with its rule's definition, and the state that holds now."""

    group: UserGroup
    rule: dict[str, Any] | None
    state: GroupState
    state_reason: dict[str, Any] | None
    #: Pinned examples that are not where staff expect them.
    pinned_missed_count: int


def user_groups(*, states: Collection[str] = ()) -> UserGroupQuerySet:
    """Live groups of every scope; the caller narrows them to what the person may see.

    ``states`` keeps the groups that are shown in one of these states, which is not always the stored one. It must say
    of every group what :func:`describe` shows.
    """
    groups: UserGroupQuerySet = UserGroup.objects.live()
    if not states:
        return groups
    with_problem = Q(pk__in=Criterion.objects.filter(unusable_criteria()).order_by().values("user_group_id"))
    broken = with_problem & ~Q(state__in=_SHOWN_AS_STORED)
    shown = Q(state__in=set(states) - {GroupState.UNEVALUABLE}) & ~broken
    if GroupState.UNEVALUABLE in states:
        shown |= broken
    if GroupState.STALE in states:
        shown |= Q(state=GroupState.UNEVALUABLE) & ~with_problem
    return groups.filter(shown)


def get_user_group(uuid: UUID) -> UserGroup:
    """A live group. Raises ``NotFound``."""
    try:
        group: UserGroup = UserGroup.objects.live().select_related("created_by", "modified_by").get(uuid=uuid)
    except UserGroup.DoesNotExist:
        raise NotFound(_("There is no such user group.")) from None
    return group


def describe(groups: Collection[UserGroup]) -> list[UserGroupDetail]:
    """These groups with their rules: a number of queries that depends on the types present, not on the groups."""
    rules = load_rules(groups)
    names = listed_users(list(rules.values()))
    missed = missed_counts(groups)
    return [_detail(group, rules.get(group.pk), names, missed.get(group.pk, 0)) for group in groups]


def unresolved_references(rule: Node | None) -> list[dict[str, Any]]:
    """What the copied rule of a group refers to and its scope does not have, each with its place in the rule."""
    leaves = rule.leaves() if rule else []
    return [{"pointer": leaf.pointer, **asdict(reference)} for leaf in leaves for reference in leaf.unresolved]


def _detail(group: UserGroup, rule: Node | None, names: Mapping[int, str], missed: int) -> UserGroupDetail:
    state, reason = _current_state(group, rule)
    return UserGroupDetail(group, rule_to_wire(rule, names) if rule else None, state, reason, missed)


def _current_state(group: UserGroup, rule: Node | None) -> tuple[GroupState, dict[str, Any] | None]:
    """The stored state, unless what is installed has changed since the last refresh."""
    state = GroupState(group.state)
    if state in _SHOWN_AS_STORED:
        return state, None
    for leaf in rule.leaves() if rule else ():
        if leaf.problem:
            message = str(problem_message(leaf))
            problem: dict[str, Any] = {"code": leaf.problem, "message": message, "pointer": leaf.pointer}
            if leaf.unresolved:
                problem["references"] = unresolved_references(rule)
            return GroupState.UNEVALUABLE, problem
    if state == GroupState.UNEVALUABLE:  # What was missing is back; the next refresh brings the members up to date.
        return GroupState.STALE, {"code": "awaiting_refresh", "message": str(_("Waiting for the next refresh."))}
    reason = {"code": group.state_code, "message": group.state_message} if group.state_code else None
    return state, reason
