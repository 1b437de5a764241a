"""A whole rule, carried over to another scope."""

from __future__ import annotations

import logging
from dataclasses import replace

from openedx_user_groups.data import Scope, Unresolved

from . import registry
from .storage import from_config
from .tree import Leaf, Node

log = logging.getLogger(__name__)


def rebound_rule(rule: Node, source: Scope, target: Scope) -> Node:
    """The rule as a new one of ``target``: no ids, references re-bound; leaves that could not be carry why."""
    nodes = tuple(
        rebound_rule(node, source, target) if isinstance(node, Node) else _rebound_leaf(node, source, target)
        for node in rule.nodes
    )
    return replace(rule, id=None, nodes=nodes)


def _rebound_leaf(leaf: Leaf, source: Scope, target: Scope) -> Leaf:
    copy = replace(leaf, id=None, criterion=None, problem=None)
    criterion_class = registry.find(leaf.type)
    # Where the criterion as a whole cannot be copied: what it refers to cannot be told, or it has no meaning there.
    whole = (Unresolved("", leaf.type, str(criterion_class.label) if criterion_class else leaf.type),)
    if criterion_class is None or leaf.criterion is None or target.type not in criterion_class.scopes:
        return replace(copy, unresolved=leaf.unresolved or whole)
    try:
        rebound = leaf.criterion.rebound(source, target)
    except Exception:
        log.exception("A criterion (%s) could not be copied from %s to %s.", leaf.type, source, target)
        return replace(copy, unresolved=whole)
    if rebound.unresolved:
        return replace(copy, config=rebound.config, unresolved=rebound.unresolved)
    criterion = from_config(criterion_class, rebound.config)
    return replace(copy, config=rebound.config, criterion=criterion, unresolved=() if criterion else whole)
