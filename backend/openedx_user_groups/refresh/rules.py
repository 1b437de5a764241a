"""Parsed rules, kept in this process: reading the rules of a thousand groups takes longer than answering them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import NamedTuple, Protocol
from uuid import UUID

from django.db import transaction

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.storage import load_rules_of
from openedx_user_groups.criteria.tree import Node


class GroupRow(NamedTuple):
    """What is read of each group of a scope: a full object for each would take longer than its answer."""

    pk: int
    uuid: UUID
    rule_version: int
    state: str
    state_code: str
    collection_id: int | None = None
    refresh_interval: int | None = None
    next_refresh_at: datetime | None = None


#: Rules that one process keeps. A rule of three criteria takes about ten kilobytes.
_LIMIT = 5_000

_kept: OrderedDict[tuple[UUID, int], Node] = OrderedDict()


class Versioned(Protocol):
    """A group, or a row of one, as far as its rule is concerned."""

    @property
    def pk(self) -> int: ...
    @property
    def uuid(self) -> UUID: ...
    @property
    def rule_version(self) -> int: ...


def rules_of(groups: Collection[Versioned]) -> dict[int, Node]:
    """The rules of these groups, by primary key. A number of queries that depends on the types, if any is new here.

    Kept by version, which a changed rule raises. A rule with a problem is read anew each time, so that it heals.
    """
    found: dict[int, Node] = {}
    missing: dict[int, Versioned] = {}
    for group in groups:
        rule = _kept.get((group.uuid, group.rule_version))
        if rule is None or not _types_are_installed(rule):
            missing[group.pk] = group
        else:
            found[group.pk] = rule
    if missing:
        for pk, rule in load_rules_of(missing).items():
            found[pk] = rule
            if not any(leaf.problem for leaf in rule.leaves()):
                # Not before the commit: a rule that is rolled back leaves its version to another one.
                transaction.on_commit(partial(_keep, (missing[pk].uuid, missing[pk].rule_version), rule))
    return found


def forget() -> None:
    """Read every rule anew, as a new process does."""
    _kept.clear()


def _types_are_installed(rule: Node) -> bool:
    return all(registry.find(leaf.type) is type(leaf.criterion) for leaf in rule.leaves())


def _keep(key: tuple[UUID, int], rule: Node) -> None:
    _kept[key] = rule
    while len(_kept) > _LIMIT:
        _kept.popitem(last=False)
