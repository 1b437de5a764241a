"""The history of a group's definition: writing it, in the transaction of the change, and reading it."""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from openedx_user_groups.criteria.definitions import name_learners, rule_to_wire, stored_learners
from openedx_user_groups.criteria.tree import Node
from openedx_user_groups.data import DefinitionChangeKind
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.history import DefinitionChange
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.outgoing import outbox


@dataclass(frozen=True)
class DefinitionChangeDetail:
    """A change as it is shown: learners whom a rule lists stand in it by their present user names."""

    change: DefinitionChange
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def snapshot(group: UserGroup, rule: Node | None) -> dict[str, Any]:
    """The definition of a group as it is kept: what staff decide, and nothing that follows from it."""
    return {
        "name": group.name,
        "description": group.description,
        "is_enabled": group.is_enabled,
        "is_frozen": group.is_frozen,
        "refresh_interval": group.refresh_interval,
        "max_removal_percent": group.max_removal_percent,
        "rule": rule_to_wire(rule, None) if rule is not None else None,
    }


def record_change(
    group: UserGroup,
    kind: DefinitionChangeKind,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    acting_user: Any,
) -> None:
    """Write a change and the message that tells of it. Nothing where ``before`` and ``after`` say the same."""
    if before == after:
        return
    named = any(stored_learners(definition["rule"]) for definition in (before, after) if definition)
    change = DefinitionChange.objects.create(
        user_group=group,
        kind=kind,
        at=timezone.now(),
        by=acting_user,
        rule_version=group.rule_version,
        before=before,
        after=after,
        names_learners=named,
    )
    outbox.definition_changed(change)


def definition_changes(group: UserGroup) -> QuerySet[DefinitionChange]:
    """What was changed in the definition of the group and by whom, newest first."""
    return DefinitionChange.objects.filter(user_group=group).select_related("by").order_by("-at", "-id")


def describe_definition_changes(changes: Collection[DefinitionChange]) -> list[DefinitionChangeDetail]:
    """These changes as they are shown: one query for the names of everybody whom they list, or none."""
    ids = {pk for change in changes for side in (change.before, change.after) if side for pk in _learners(side)}
    names = accounts.usernames(ids) if ids else {}
    return [
        DefinitionChangeDetail(change, _named(change.before, names), _named(change.after, names)) for change in changes
    ]


def _learners(definition: dict[str, Any]) -> set[int]:
    return stored_learners(definition["rule"])


def _named(definition: dict[str, Any] | None, names: dict[int, str]) -> dict[str, Any] | None:
    named = copy.deepcopy(definition)
    if named is not None:
        name_learners(named["rule"], names)
    return named
