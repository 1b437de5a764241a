"""A rule's definition as it travels (JSON) and the tree, one into the other.

Every mistake is reported at once, each with a JSON pointer from the request's root (``/rule/nodes/0/config/days``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.data import Combine, Scope, Violation
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups import accounts

from . import configuration, registry
from .retirement import user_lists, without
from .tree import Leaf, Node

ROOT = "/rule"

#: Why a leaf has no criterion: its type is installed, but not migrated yet.
TYPE_UNREADABLE = "criterion_type_unreadable"


def parse_rule(data: Any, scope: Scope, saved: Node | None = None) -> Node:
    """The tree of a definition. ``saved`` is the present rule of the group that is edited, whose node ids may return.

    Raises ``InvalidInput`` with every violation.
    """
    parser = _Parser(scope, saved)
    rule = parser.node(data, ROOT, depth=1)
    parser.check_limits()
    if parser.violations or rule is None:
        raise InvalidInput(parser.violations)
    return rule


def rule_to_wire(rule: Node, usernames: Mapping[int, str] | None) -> dict[str, Any]:
    """The definition of a tree. ``usernames`` must hold the accounts of :func:`listed_users`; with ``None``, learners
    stand in it by their ids, as in the history of definitions."""

    def wire(node: Node | Leaf) -> dict[str, Any]:
        base: dict[str, Any] = {"id": str(node.id)} if node.id else {}
        if isinstance(node, Leaf):
            return base | {"kind": "criterion", "type": node.type, "config": _wire_config(node, usernames)}
        nodes = [wire(child) for child in node.nodes]
        return base | {"kind": "rule", "combine": node.combine.value, "negated": node.negated, "nodes": nodes}

    return wire(rule)


def listed_users(rules: Collection[Node]) -> dict[int, str]:
    """User names of everybody whom these rules list by name: one query, or none."""
    ids: set[int] = set()
    for rule in rules:
        for leaf in rule.leaves():
            for name in _user_lists(leaf.type):
                ids.update(leaf.config.get(name, ()))
    return accounts.usernames(ids) if ids else {}


def stored_learners(definition: Any) -> set[int]:
    """The ids of everybody whom a definition lists that :func:`rule_to_wire` wrote without user names."""
    return {pk for config, name in _stored_lists(definition) for pk in config[name]}


def name_learners(definition: Any, usernames: Mapping[int, str]) -> None:
    """Put user names in the place of ids, in the definition itself. Accounts that are gone are left out."""
    for config, name in _stored_lists(definition):
        config[name] = [usernames[pk] for pk in config[name] if pk in usernames]


def forget_stored_learner(definition: Any, user_id: int) -> None:
    """Take a retired learner out of a stored definition, in the definition itself."""
    for config, name in _stored_lists(definition):
        if user_id in config[name]:
            config[name] = without(config[name], user_id)


def _stored_lists(node: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Each configuration of a stored definition that lists learners, with the name of the list."""
    for child in node["nodes"] if node else ():
        if child["kind"] == "rule":
            yield from _stored_lists(child)
        else:
            yield from ((child["config"], name) for name in _user_lists(child["type"]) if name in child["config"])


def _wire_config(leaf: Leaf, usernames: Mapping[int, str] | None) -> dict[str, Any]:
    config = dict(leaf.config)
    if usernames is not None:
        for name in _user_lists(leaf.type):
            if name in config:
                config[name] = [usernames[pk] for pk in config[name] if pk in usernames]
    return config


def _user_lists(type_slug: str) -> Iterator[str]:
    criterion_class = registry.find(type_slug)
    return user_lists(criterion_class) if criterion_class is not None else iter(())


class _Parser:
    """One pass over a definition. Collects violations instead of stopping at the first."""

    def __init__(self, scope: Scope, saved: Node | None) -> None:
        self.scope = scope
        self.violations: list[Violation] = []
        self.criteria = 0
        self._saved = {node.id: node for node in saved.walk()} if saved else {}
        self._seen: set[UUID] = set()

    def node(self, data: Any, pointer: str, depth: int) -> Node | None:
        """An inner node with everything below it."""
        if not self._is_object(data, pointer, {"id", "kind", "combine", "negated", "nodes"}):
            return None
        if data.get("kind", "rule") != "rule":
            self._wrong(f"{pointer}/kind", "unknown_kind", _("The outermost node must be a rule."))
            return None
        if data.get("combine") not in Combine.values:
            code = "invalid_choice" if "combine" in data else "missing_field"
            self._wrong(f"{pointer}/combine", code, _("Choose “all” or “any”."), choices=Combine.values)
        if not isinstance(data.get("negated", False), bool):
            self._wrong(f"{pointer}/negated", "wrong_type", _("This must be true or false."), expected="boolean")
        id_ = self._known_id(data, pointer, Node)
        nodes = self._nodes(data, pointer, depth)
        if self.violations:
            return None
        return Node(pointer, Combine(data["combine"]), data.get("negated", False), tuple(nodes), id_)

    def check_limits(self) -> None:
        """Whether the rule as a whole is too large."""
        limit = settings.get("MAX_CRITERIA")
        if self.criteria > limit:
            self._wrong(ROOT, "too_many_criteria", _("A rule has at most %(limit)s criteria."), limit=limit)

    def _nodes(self, data: dict[str, Any], pointer: str, depth: int) -> list[Node | Leaf]:
        children, place = data.get("nodes"), f"{pointer}/nodes"
        if not isinstance(children, list):
            code = "wrong_type" if "nodes" in data else "missing_field"
            self._wrong(place, code, _("This must be a list of criteria."), expected="list")
            return []
        if not children:
            self._wrong(place, "empty_node", _("Add at least one criterion."))
        if depth > settings.get("MAX_DEPTH"):
            limit = settings.get("MAX_DEPTH")
            self._wrong(pointer, "too_deep", _("Rules may be nested %(limit)s levels deep."), limit=limit)
            return []
        parsed = (self._child(child, f"{place}/{index}", depth) for index, child in enumerate(children))
        return [child for child in parsed if child is not None]

    def _child(self, data: Any, pointer: str, depth: int) -> Node | Leaf | None:
        if not isinstance(data, dict):
            self._wrong(pointer, "wrong_type", _("This must be an object."), expected="object")
            return None
        kind = data.get("kind")
        if kind == "criterion":
            return self._leaf(data, pointer)
        if kind == "rule":
            return self.node(data, pointer, depth + 1)
        code = "unknown_kind" if "kind" in data else "missing_field"
        self._wrong(f"{pointer}/kind", code, _("A node is a “rule” or a “criterion”."))
        return None

    def _leaf(self, data: dict[str, Any], pointer: str) -> Leaf | None:
        self.criteria += 1
        if self.criteria > 10 * settings.get("MAX_CRITERIA"):
            return None  # Far over the limit, which is reported once: validating thousands would only cost.
        if not self._is_object(data, pointer, {"id", "kind", "type", "config"}):
            return None
        for key in ("type", "config"):
            if key not in data:
                self._wrong(f"{pointer}/{key}", "missing_field", _("Fill in this field."))
        if "type" not in data or "config" not in data:
            return None
        id_ = self._known_id(data, pointer, Leaf)
        slug = data["type"]
        criterion_class = registry.find(slug) if isinstance(slug, str) else None
        node = self._saved.get(id_)
        saved = node if isinstance(node, Leaf) and node.type == slug else None
        if criterion_class is None or (saved and saved.problem == TYPE_UNREADABLE and saved.config == data["config"]):
            return self._kept_leaf(data, pointer, id_)
        if self.scope.type not in criterion_class.scopes:
            message = _("This criterion cannot be used in this scope.")
            self._wrong(f"{pointer}/type", "type_not_in_scope", message, scopes=list(criterion_class.scopes))
            return None
        criterion, violations = configuration.parse(
            criterion_class, data["config"], self.scope, saved=saved.config if saved else None
        )
        self.violations.extend(violation.under(f"{pointer}/config") for violation in violations)
        return Leaf(pointer, slug, criterion.config, criterion, id_) if criterion else None

    def _kept_leaf(self, data: dict[str, Any], pointer: str, id_: UUID | None) -> Leaf | None:
        """A saved criterion whose type is not installed, or not migrated, may stay as it is while others are edited."""
        saved = self._saved.get(id_)
        if isinstance(saved, Leaf) and saved.type == data["type"] and saved.config == data["config"]:
            return Leaf(pointer, saved.type, saved.config, None, id_, saved.problem)
        self._wrong(f"{pointer}/type", "unknown_type", _("There is no such criterion type."))
        return None

    def _known_id(self, data: dict[str, Any], pointer: str, kind: type[Node | Leaf]) -> UUID | None:
        if "id" not in data:
            return None
        id_ = _parse_uuid(data["id"])
        if id_ is None:
            self._wrong(f"{pointer}/id", "wrong_type", _("This must be a node id."), expected="uuid")
            return None
        if not isinstance(self._saved.get(id_), kind):
            self._wrong(
                f"{pointer}/id", "unknown_node", _("The saved rule has no such node. Leave out ids of new nodes.")
            )
        if id_ in self._seen:
            self._wrong(f"{pointer}/id", "duplicate_node", _("This node stands in the rule twice."))
        self._seen.add(id_)
        return id_

    def _is_object(self, data: Any, pointer: str, keys: set[str]) -> bool:
        if not isinstance(data, dict):
            self._wrong(pointer, "wrong_type", _("This must be an object."), expected="object")
            return False
        for key in data.keys() - keys:
            self._wrong(f"{pointer}/{configuration.escape(key)}", "unknown_field", _("There is no such field here."))
        return True

    def _wrong(self, pointer: str, code: str, message: Any, **params: Any) -> None:
        self.violations.append(Violation(pointer, code, message % params if "%(" in str(message) else message, params))


def _parse_uuid(text: Any) -> UUID | None:
    """The id, if it is written as ids are handed out: Python would take other ways too."""
    try:
        id_ = UUID(text)
    except (ValueError, TypeError, AttributeError):
        return None
    return id_ if str(id_) == text.lower() else None
