"""A rule's rows and the tree, one into the other.

Reading the rules of any number of groups costs one query for nodes, one for criteria and one for each type present.
Writing keeps the rows of nodes that stay, so that their ids are stable. The table of a type may be missing or out of
date, because its app is installed before it is migrated: whatever does not need that table works all the same.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from django.db import DatabaseError, router, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.deletion import Collector

from openedx_user_groups import codes
from openedx_user_groups.data import Combine, Unresolved, Violation
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups.models import UserGroup

from . import definitions, registry
from .fields import value_field
from .models import Criterion, RuleNode
from .tree import Leaf, Node

log = logging.getLogger(__name__)

TYPE_MISSING = "criterion_type_missing"
TYPE_UNREADABLE = definitions.TYPE_UNREADABLE
CONFIGURATION_INVALID = "configuration_invalid"
UNRESOLVED_REFERENCE = "unresolved_reference"

#: Reasons that only a change of the rule or of the installation removes; any other heals by trying again.
LASTING_PROBLEMS = frozenset({TYPE_MISSING, TYPE_UNREADABLE, CONFIGURATION_INVALID, UNRESOLVED_REFERENCE})

#: Base-row attributes that a criterion takes along when it is rebuilt or saved under a node.
_BASE_FIELDS = ("id", "uuid", "user_group_id", "node_id", "position", "type_slug", "config")

#: The types whose table this process has read. Whether one can be read is asked until it can, and again once it cannot.
_readable: set[type[Criterion]] = set()


def load_rules(groups: Collection[UserGroup]) -> dict[int, Node]:
    """The rules of these groups by the group's primary key. A group without a rule is left out."""
    return load_rules_of([group.pk for group in groups])


def load_rules_of(ids: Collection[int]) -> dict[int, Node]:
    """The same, for the groups with these primary keys."""
    nodes_below: dict[int | None, list[RuleNode]] = defaultdict(list)
    roots: list[RuleNode] = []
    for row in RuleNode.objects.filter(user_group_id__in=ids).order_by("position", "pk"):
        nodes_below[row.parent_id].append(row)
        if row.parent_id is None:
            roots.append(row)
    criteria_below: dict[int, list[tuple[int, Leaf]]] = defaultdict(list)
    for base, criterion, problem in _load_criteria(ids):
        unresolved = tuple(Unresolved(**reference) for reference in base.unresolved or ())
        leaf = Leaf("", base.type_slug, base.config, criterion, base.uuid, problem, unresolved)
        criteria_below[base.node_id].append((base.position, leaf))
    return {root.user_group_id: _build(root, definitions.ROOT, nodes_below, criteria_below) for root in roots}


def load_rule(group: UserGroup) -> Node | None:
    """The rule of one group."""
    return load_rules([group]).get(group.pk)


def save_rule(group: UserGroup, rule: Node) -> Node:
    """Make ``rule`` the rule of ``group``: update what stays, create what is new, delete the rest.

    Call inside a transaction that holds the group's row. Returns the tree with its ids. Raises ``InvalidInput`` for a
    criterion whose table cannot be written.
    """
    nodes = {row.uuid: row for row in RuleNode.objects.filter(user_group=group)}
    criteria = {row.uuid: row for row in Criterion.objects.filter(user_group=group)}
    kept: set[UUID] = set()
    saved = _save_node(group, rule, None, 0, nodes, criteria, kept)
    _delete_criteria([row for uuid, row in criteria.items() if uuid not in kept])
    RuleNode.objects.filter(pk__in=[row.pk for uuid, row in nodes.items() if uuid not in kept]).delete()
    return saved


def unreadable_types() -> set[str]:
    """The installed types whose table cannot be read, by slug. Asks the database about those only that this process has
    not read yet: about none, as a rule."""
    return {
        criterion_class.criterion_type
        for criterion_class in registry.installed()
        if criterion_class not in _readable and not _can_be_read(criterion_class)
    }


def unusable_criteria() -> Q:
    """The base rows of the criteria that :func:`load_rules` gives a problem. Few queries, whatever the number of rows.

    Nearly everything is told by the base row. Only where the row in the type's own table is missing is the stored
    configuration read, to see whether the type still understands it.
    """
    try:
        with transaction.atomic():
            return _unusable_criteria()
    except DatabaseError:
        _readable.clear()  # A table that could be read no longer can.
        return _unusable_criteria()


def _unusable_criteria() -> Q:
    unreadable = unreadable_types()
    usable = [found for found in registry.installed() if found.criterion_type not in unreadable]
    told = Q(unresolved__isnull=False) | ~Q(type_slug__in=[found.criterion_type for found in usable])
    bare = Q(pk__in=[])
    for found in usable:
        of_type = Q(type_slug=found.criterion_type)
        told |= of_type & ~Q(operator__in=[operator.id for operator in found.operators])
        bare |= of_type & ~Q(Exists(found._default_manager.order_by().filter(pk=OuterRef("pk"))))
    rows = Criterion.objects.filter(bare, unresolved__isnull=True).order_by()
    return told | Q(pk__in=[base.pk for base in rows if _specific_or_problem(base, None, ())[1]])


def _can_be_read(criterion_class: type[Criterion]) -> bool:
    try:
        with transaction.atomic():
            criterion_class._default_manager.order_by().first()  # Every column: one may be missing, too.
    except DatabaseError:
        _readable.discard(criterion_class)
        return False
    _readable.add(criterion_class)
    return True


def _build(row: RuleNode, pointer: str, nodes_below: Any, criteria_below: Any) -> Node:
    children: list[tuple[int, Any]] = [(node.position, node) for node in nodes_below[row.pk]]
    children += criteria_below[row.pk]
    children.sort(key=lambda child: child[0])
    built: list[Node | Leaf] = []
    for index, (_position, child) in enumerate(children):
        place = f"{pointer}/nodes/{index}"
        if isinstance(child, RuleNode):
            built.append(_build(child, place, nodes_below, criteria_below))
        else:
            built.append(replace(child, pointer=place))
    return Node(pointer, Combine(row.combine), row.negated, tuple(built), row.uuid)


def _load_criteria(group_ids: Collection[int]) -> list[tuple[Criterion, Criterion | None, str | None]]:
    bases = list(Criterion.objects.filter(user_group_id__in=group_ids).order_by("position", "pk"))
    by_slug: dict[str, list[int]] = defaultdict(list)
    for base in bases:
        if not base.unresolved:
            by_slug[base.type_slug].append(base.pk)
    readable = {slug: ids for slug, ids in by_slug.items() if registry.find(slug) is not None}
    try:
        with transaction.atomic():
            specific = _load_types(readable)
        unreadable: set[str] = set()
    except DatabaseError:
        specific, unreadable = _load_types_one_by_one(readable)
    return [(base, *_specific_or_problem(base, specific.get(base.pk), unreadable)) for base in bases]


def _load_types(ids_by_slug: Mapping[str, Collection[int]]) -> dict[int, Criterion]:
    found: dict[int, Criterion] = {}
    for slug, ids in ids_by_slug.items():
        criterion_class = registry.find(slug)
        assert criterion_class is not None
        found.update(criterion_class._default_manager.in_bulk(ids))
    return found


def _load_types_one_by_one(ids_by_slug: Mapping[str, Collection[int]]) -> tuple[dict[int, Criterion], set[str]]:
    """What can be read, and the types whose table cannot: between installing a plugin and migrating it, or after it was
    migrated back. One plugin must not take down the groups that use others."""
    found: dict[int, Criterion] = {}
    unreadable: set[str] = set()
    for slug, ids in ids_by_slug.items():
        try:
            with transaction.atomic():
                found.update(_load_types({slug: ids}))
        except DatabaseError:
            log.exception("The table of the criterion type %s cannot be read. Has its app been migrated?", slug)
            unreadable.add(slug)
            _readable.difference_update({registry.find(slug)})
    return found, unreadable


def _specific_or_problem(
    base: Criterion, found: Criterion | None, unreadable: Collection[str]
) -> tuple[Criterion | None, str | None]:
    if base.unresolved:
        return None, UNRESOLVED_REFERENCE
    criterion_class = registry.find(base.type_slug)
    if criterion_class is None:
        return None, TYPE_MISSING
    if base.type_slug in unreadable:
        return None, TYPE_UNREADABLE
    if found is None:  # The type's table was dropped and made anew.
        found = from_config(criterion_class, base.config)
        if found is not None:
            _take_base(found, base)
    if found is None or found.operator_named(found.operator) is None:
        return None, CONFIGURATION_INVALID
    return found, None


def from_config(criterion_class: type[Criterion], config: Mapping[str, Any]) -> Criterion | None:
    """An unsaved criterion from a stored configuration, or ``None`` where the type does not understand it."""
    operator = criterion_class.operator_named(config.get("operator", ""))
    if operator is None:
        return None
    try:
        values: dict[str, Any] = {}
        for name in operator.accepts:
            field, value = value_field(criterion_class, name), config.get(name)
            if isinstance(value, dict):
                values[f"{name}_to"] = field.to_python(value["to"])
                value = value["from"]
            if name in config:
                values[name] = field.to_python(value)
        return criterion_class(operator=operator.id, config=dict(config), **values)
    except Exception:
        # Whatever a plugin's field makes of old data, the group must still open.
        log.exception("A criterion (%s) cannot be built from its configuration.", criterion_class.criterion_type)
        return None


def _take_base(criterion: Criterion, base: Criterion) -> None:
    for name in _BASE_FIELDS:
        setattr(criterion, name, getattr(base, name))
    criterion.criterion_id = base.pk  # type: ignore[attr-defined]


def _save_node(
    group: UserGroup,
    node: Node,
    parent: RuleNode | None,
    position: int,
    nodes: dict[UUID, RuleNode],
    criteria: dict[UUID, Criterion],
    kept: set[UUID],
) -> Node:
    row = (node.id and nodes.get(node.id)) or RuleNode(user_group=group)
    row.parent, row.position, row.combine, row.negated = parent, position, node.combine, node.negated
    row.save()
    kept.add(row.uuid)
    saved: list[Node | Leaf] = []
    for index, child in enumerate(node.nodes):
        if isinstance(child, Node):
            saved.append(_save_node(group, child, row, index, nodes, criteria, kept))
        else:
            saved.append(_save_leaf(group, child, row, index, criteria, kept))
    return Node(node.pointer, node.combine, node.negated, tuple(saved), row.uuid)


def _save_leaf(
    group: UserGroup, leaf: Leaf, node: RuleNode, position: int, criteria: dict[UUID, Criterion], kept: set[UUID]
) -> Leaf:
    base = criteria.get(leaf.id) if leaf.id else None
    criterion = leaf.criterion
    if base is not None and base.type_slug != leaf.type:
        base = None  # Another type is another criterion: its row lives in another table.
    if criterion is None:  # Nothing of the type's own is known: only the base row is written.
        base = base or _base_of(group, leaf)
        base.node, base.position = node, position
        base.save()
        kept.add(base.uuid)
        return replace(leaf, id=base.uuid)
    if base is not None:
        _take_base(criterion, Criterion(id=base.pk, uuid=base.uuid, type_slug=base.type_slug, config=leaf.config))
    criterion.user_group, criterion.node, criterion.position = group, node, position
    criterion.config = leaf.config
    _save_criterion(criterion, leaf)
    kept.add(criterion.uuid)
    return Leaf(leaf.pointer, leaf.type, leaf.config, criterion, criterion.uuid)


def _save_criterion(criterion: Criterion, leaf: Leaf) -> None:
    try:
        with transaction.atomic():
            criterion.save()
    except DatabaseError:
        # Anything else that a database may say (a deadlock) is no matter of the type.
        if transaction.get_rollback() or _can_be_read(type(criterion)):
            raise
        message = codes.MESSAGES[TYPE_UNREADABLE]
        raise InvalidInput([Violation(f"{leaf.pointer}/type", TYPE_UNREADABLE, message)]) from None


def _delete_criteria(rows: Collection[Criterion]) -> None:
    """Delete criteria type by type: Django would look for each of them in the tables of all types, of which one may be
    missing."""
    by_slug: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        by_slug[row.type_slug].append(row.pk)
    for slug, ids in by_slug.items():
        criterion_class = registry.find(slug)
        if criterion_class is not None:
            _delete_own_rows(criterion_class, ids)
    bases = Criterion.objects.filter(pk__in=[row.pk for row in rows]).order_by()
    bases._raw_delete(bases.db)  # Nothing but the types' own tables refers to them.


def _delete_own_rows(criterion_class: type[Criterion], ids: Collection[int]) -> None:
    """The rows in the type's own table, with whatever its app has hung on them."""
    rows = criterion_class._default_manager.filter(pk__in=ids).order_by()
    try:
        with transaction.atomic():
            collector = Collector(using=router.db_for_write(criterion_class), origin=rows)
            collector.collect(rows, keep_parents=True)
            collector.delete()
    except DatabaseError:
        if transaction.get_rollback() or _can_be_read(criterion_class):
            raise
        log.warning(
            "No table of the criterion type %s: only the base rows are deleted.", criterion_class.criterion_type
        )


def _base_of(group: UserGroup, leaf: Leaf) -> Criterion:
    """The base row of a criterion that only stands for what a copy could not carry over."""
    unresolved = [asdict(reference) for reference in leaf.unresolved] or None
    operator = str(leaf.config.get("operator", ""))
    return Criterion(
        user_group=group, type_slug=leaf.type, operator=operator, config=leaf.config, unresolved=unresolved
    )
