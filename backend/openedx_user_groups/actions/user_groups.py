"""Creating, editing and archiving user groups, and describing them with their rules."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.definitions import listed_users, parse_rule, rule_to_wire
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import TYPE_MISSING, load_rule, load_rules, save_rule
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import GroupState, MembershipSource, RefreshTrigger, Scope, Violation
from openedx_user_groups.evaluation.evaluator import problem_message
from openedx_user_groups.exceptions import InvalidInput, NameTaken, NotFound, RuleVersionConflict
from openedx_user_groups.groups.models import UserGroup, UserGroupQuerySet
from openedx_user_groups.refresh.runs import request_refresh, set_state

log = logging.getLogger(__name__)

#: What :func:`update_user_group` may change.
EDITABLE = ("name", "description", "is_enabled", "is_frozen", "rule")


@dataclass(frozen=True)
class UserGroupDetail:
    """A group as it is shown: with its rule's definition, and the state that holds now."""

    group: UserGroup
    rule: dict[str, Any] | None
    state: GroupState
    state_reason: dict[str, Any] | None


def user_groups(*, states: Collection[str] = ()) -> UserGroupQuerySet:
    """Live groups of every scope; the caller narrows them to what the person may see.

    ``states`` keeps the groups that are shown in one of these states. A group whose criterion type is not installed is
    shown as unevaluable, whatever its last refresh said.
    """
    groups: UserGroupQuerySet = UserGroup.objects.live()
    if not states:
        return groups
    broken = Q(is_enabled=True, is_frozen=False, pk__in=_groups_with_missing_types())
    healed = Q(state=GroupState.UNEVALUABLE, state_code=TYPE_MISSING) & ~broken  # Shown as stale until refreshed.
    shown = Q(state__in=set(states)) & ~broken & ~healed
    if GroupState.UNEVALUABLE in states:
        shown |= broken
    if GroupState.STALE in states:
        shown |= healed
    return groups.filter(shown)


def get_user_group(uuid: UUID) -> UserGroup:
    """A live group. Raises ``NotFound``."""
    try:
        return UserGroup.objects.live().select_related("created_by", "modified_by").get(uuid=uuid)
    except UserGroup.DoesNotExist:
        raise NotFound(_("There is no such user group.")) from None


def describe(groups: Collection[UserGroup]) -> list[UserGroupDetail]:
    """These groups with their rules: a number of queries that depends on the types present, not on the groups."""
    rules = load_rules(groups)
    names = listed_users(list(rules.values()))
    return [_detail(group, rules.get(group.pk), names) for group in groups]


def create_user_group(
    *,
    scope: Scope,
    name: str,
    description: str = "",
    membership_source: MembershipSource = MembershipSource.CRITERIA,
    rule: Any = None,
    is_enabled: bool = True,
    acting_user: Any,
) -> UserGroup:
    """Create a group and have its members computed.

    Args:
        rule: the definition, as JSON; required for a criteria group, forbidden for a manual one.

    Raises ``InvalidInput`` (with pointers from the request's root) and ``NameTaken``.
    """
    tree = _rule_for(membership_source, rule, scope)
    group = UserGroup(
        scope_type=scope.type,
        scope_key=scope.key,
        name=name.strip(),
        description=description,
        membership_source=membership_source,
        is_enabled=is_enabled,
        created_by=acting_user,
        modified_by=acting_user,
    )
    _set_resting_state(group)
    with transaction.atomic():
        _save(group)
        if tree is not None:
            save_rule(group, tree)
    log.info("User group %s created in %s by user %s.", group.uuid, scope, acting_user.pk)
    return _refreshed(group, acting_user)


def update_user_group(
    uuid: UUID, *, changes: Mapping[str, Any], rule_version: int | None, acting_user: Any
) -> UserGroup:
    """Change a group; only the keys of ``changes`` (of :data:`EDITABLE`) are touched.

    Args:
        rule_version: the version that the writer read; must be named when the rule changes.

    Raises ``NotFound``, ``RuleVersionConflict``, ``NameTaken`` and ``InvalidInput``. Refreshes where the rule changed,
    or where the group is used again after it was disabled or frozen.
    """
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"Not editable: {sorted(unknown)}")
    with transaction.atomic():
        group = UserGroup.objects.select_for_update().filter(live=True, uuid=uuid).first()
        if group is None:
            raise NotFound(_("There is no such user group."))
        _check_version(group, rule_version, "rule" in changes)
        rested = not group.is_enabled or group.is_frozen
        for key in ("name", "description", "is_enabled", "is_frozen"):
            setattr(group, key, changes.get(key, getattr(group, key)))
        group.name = group.name.strip()
        rule_changed = "rule" in changes and _change_rule(group, changes["rule"])
        _set_resting_state(group, rule_changed=rule_changed or rested)
        group.modified_by = acting_user
        _save(group)
    log.info("User group %s changed by user %s: %s.", group.uuid, acting_user.pk, ", ".join(sorted(changes)))
    return _refreshed(group, acting_user) if rule_changed or rested else group


def archive_user_group(uuid: UUID, *, acting_user: Any) -> None:
    """Take a group out of use. Its members and history are kept; its name becomes free. Raises ``NotFound``."""
    now = timezone.now()
    changed = UserGroup.objects.filter(uuid=uuid, live=True).update(
        live=None, archived_at=now, modified=now, modified_by=acting_user
    )
    if not changed:
        raise NotFound(_("There is no such user group."))
    log.info("User group %s archived by user %s.", uuid, acting_user.pk)


def _check_version(group: UserGroup, rule_version: int | None, rule_changes: bool) -> None:
    if rule_version is None and rule_changes:
        message = _("Name the version of the rule that you edited.")
        raise InvalidInput([Violation("/rule_version", "missing_field", message)])
    if rule_version is not None and rule_version != group.rule_version:
        raise RuleVersionConflict(current=group.rule_version)


def _rule_for(source: MembershipSource, rule: Any, scope: Scope, saved: Node | None = None) -> Node | None:
    if source == MembershipSource.MANUAL:
        if rule is not None:
            message = _("A user group with a list of learners has no rule.")
            raise InvalidInput([Violation("/rule", "rule_not_allowed", message)])
        return None
    if rule is None:
        raise InvalidInput([Violation("/rule", "missing_field", _("Say who is in the user group."))])
    return parse_rule(rule, scope, saved)


def _change_rule(group: UserGroup, definition: Any) -> bool:
    """Save the new rule. False where it says what the saved one says."""
    saved = load_rule(group)
    tree = _rule_for(MembershipSource(group.membership_source), definition, group.scope, saved)
    if tree is None or (saved is not None and _meaning(tree) == _meaning(saved)):
        return False
    save_rule(group, tree)
    group.rule_version += 1
    return True


def _meaning(node: Node | Leaf) -> Any:
    """What a rule says, without the ids and places of its nodes."""
    if isinstance(node, Leaf):
        return node.type, node.config
    return node.combine, node.negated, [_meaning(child) for child in node.nodes]


def _save(group: UserGroup) -> None:
    """Validate and save. On every database another live group of the scope may not have the name in any case."""
    try:
        group.clean_fields(exclude={"scope_key", "state", "state_code", "state_message"})
    except ValidationError as error:
        raise InvalidInput(
            Violation(f"/{name}", item.code or "invalid", " ".join(item.messages))
            for name, items in error.error_dict.items()
            for item in items
        ) from None
    same_name = UserGroup.objects.live().in_scope(group.scope).filter(name__iexact=group.name).exclude(pk=group.pk)
    if same_name.exists():
        raise NameTaken()
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise NameTaken() from None


def _set_resting_state(group: UserGroup, *, rule_changed: bool = False) -> None:
    """The state between refreshes that the group's switches imply."""
    if not group.is_enabled:
        set_state(group, GroupState.DISABLED)
    elif group.is_frozen:
        set_state(group, GroupState.FROZEN)
    elif group.is_manual:
        set_state(group, GroupState.FRESH)
    elif group.pk is None or rule_changed:
        set_state(group, GroupState.STALE, "awaiting_refresh", str(_("The members are being computed.")))


def _refreshed(group: UserGroup, acting_user: Any) -> UserGroup:
    if not group.is_manual and group.is_enabled and not group.is_frozen:
        request_refresh(group, RefreshTrigger.RULE_CHANGE, acting_user)
    return get_user_group(group.uuid)


def _groups_with_missing_types() -> Any:
    installed = [criterion_class.criterion_type for criterion_class in registry.installed()]
    return Criterion.objects.filter(~Q(type_slug__in=installed)).values("user_group_id")


def _detail(group: UserGroup, rule: Node | None, names: Mapping[int, str]) -> UserGroupDetail:
    state, reason = _current_state(group, rule)
    return UserGroupDetail(group, rule_to_wire(rule, names) if rule else None, state, reason)


def _current_state(group: UserGroup, rule: Node | None) -> tuple[GroupState, dict[str, Any] | None]:
    """The stored state, unless what is installed has changed since the last refresh."""
    state = GroupState(group.state)
    if state in (GroupState.DISABLED, GroupState.FROZEN):
        return state, None
    for leaf in rule.leaves() if rule else ():
        if leaf.problem:
            message = str(problem_message(leaf))
            return GroupState.UNEVALUABLE, {"code": leaf.problem, "message": message, "pointer": leaf.pointer}
    if state == GroupState.UNEVALUABLE:  # What was missing is back; the next refresh brings the members up to date.
        return GroupState.STALE, {"code": "awaiting_refresh", "message": str(_("Waiting for the next refresh."))}
    reason = {"code": group.state_code, "message": group.state_message} if group.state_code else None
    return state, reason
