"""Creating, editing and archiving user groups."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.storage import load_rule, save_rule
from openedx_user_groups.criteria.tree import Node, meaning
from openedx_user_groups.data import (
    DefinitionChangeKind,
    GroupState,
    MembershipSource,
    RefreshTrigger,
    Scope,
    ScopeType,
    Violation,
)
from openedx_user_groups.evaluation import analysis
from openedx_user_groups.exceptions import (
    ImpossibleRule,
    InvalidInput,
    NameTaken,
    NotFound,
    NotRefreshable,
    RuleVersionConflict,
)
from openedx_user_groups.groups.clock import evaluation_instant
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.names import check_showable, fold, folded_names
from openedx_user_groups.groups.spelling import other_spelling
from openedx_user_groups.monitoring import context
from openedx_user_groups.refresh.leases import cancel_runs
from openedx_user_groups.refresh.runs import record_evaluated, request_refresh
from openedx_user_groups.refresh.states import set_state

from .collections import refresh_collection, take_out
from .definition_changes import record_change, snapshot
from .descriptions import get_user_group
from .preview_tokens import Verified, verify

log = logging.getLogger(__name__)

#: What :func:`update_user_group` may change.
EDITABLE = ("name", "description", "is_enabled", "is_frozen", "rule", "refresh_interval", "max_removal_percent")


def check_scope_key(scope: Scope) -> None:
    """Raise ``InvalidInput`` at ``/scope/key`` for a course or organization that is not written as it writes itself."""
    right = other_spelling(scope)
    if right is not None:
        if scope.type == ScopeType.COURSE:
            message = _("Upper and lower case matter in a course key. This course is written %(key)s.")
        else:
            message = _("Upper and lower case and blanks matter here. This organization is written %(key)s.")
        raise InvalidInput([Violation("/scope/key", "invalid", message % {"key": right}, {"key": right})])


def create_user_group(
    *,
    scope: Scope,
    name: str,
    description: str = "",
    membership_source: MembershipSource = MembershipSource.CRITERIA,
    rule: Any = None,
    is_enabled: bool = True,
    confirm_impossible: bool = False,
    preview_token: str | None = None,
    acting_user: Any,
) -> UserGroup:
    """Create a group and have its members computed.

    Args:
        rule: the definition, as JSON; required for a criteria group, forbidden for a manual one.
        confirm_impossible: save the rule even if it contradicts itself, so that nobody can ever match it.
        preview_token: of a preview of this rule; its learners, and nobody else, become the members, before the answer.

    Raises ``InvalidInput`` (with pointers from the request's root), ``NameTaken`` and ``ImpossibleRule``; with a token
    also ``PreviewMoved``, ``PreviewExpired``, ``Unevaluable`` and, for a disabled group, ``NotRefreshable``.
    """
    check_scope_key(scope)
    tree = _rule_for(membership_source, rule, scope)
    if tree is not None and not confirm_impossible:
        _check_possible(tree, scope)
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
    with transaction.atomic():
        # First the scope, then its groups: whoever writes members takes them in this order too. And before the members
        # are verified: no event is answered for between that and the group that it would concern.
        lock_scope(scope)
        verified = _verified(preview_token, group, tree, acting_user)
        save_new_group(group, tree, DefinitionChangeKind.CREATED, acting_user)
        _take_over(verified, group, acting_user)
    log.info("User group %s created in %s by user %s.", group.uuid, scope, acting_user.pk, extra=context(group=group))
    return get_user_group(group.uuid) if verified else refreshed(group, acting_user)


def save_new_group(group: UserGroup, rule: Node | None, kind: DefinitionChangeKind, acting_user: Any) -> None:
    """Write a new group with its rule and the beginning of its history, in the open transaction. Raises ``NameTaken``
    and ``InvalidInput``."""
    _set_resting_state(group)
    _set_schedule(group, anew=True)
    _save(group)
    if rule is not None:
        rule = save_rule(group, rule)
    record_change(group, kind, None, snapshot(group, rule), acting_user)


def update_user_group(
    uuid: UUID,
    *,
    changes: Mapping[str, Any],
    rule_version: int | None,
    confirm_impossible: bool = False,
    preview_token: str | None = None,
    acting_user: Any,
) -> UserGroup:
    """Change a group; only the keys of ``changes`` (of :data:`EDITABLE`) are touched.

    Args:
        rule_version: the version that the writer read; must be named when the rule changes.
        confirm_impossible: save a changed rule even if it contradicts itself, so that nobody can ever match it.
        preview_token: of a preview of the rule that the group has afterwards; as on creation.

    Raises ``NotFound``, ``RuleVersionConflict``, ``NameTaken``, ``InvalidInput`` and ``ImpossibleRule``; with a token
    also what creating a group raises. Refreshes where the rule changed, or where the group is used again after it was
    disabled or frozen. Where everything is as wanted already nothing is written, not even who asked for it.
    """
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"Not editable: {sorted(unknown)}")
    with transaction.atomic():
        group = _locked(uuid)
        _check_version(group, rule_version, "rule" in changes)
        saved, former_name, rested = load_rule(group), group.name, not group.is_in_use
        before = snapshot(group, saved)
        rule = _apply(changes, group, saved, confirm_impossible)
        rule_changed = rule is not saved
        if not rule_changed and preview_token is None and snapshot(group, rule) == before:
            return group
        _set_resting_state(group, rule_changed=rule_changed or rested)
        if rule_changed or not group.is_in_use:
            cancel_runs(group)
        _set_schedule(group, anew=rule_changed or rested or "refresh_interval" in changes)
        group.modified_by = acting_user
        verified = _verified(preview_token, group, load_rule(group) if preview_token else None, acting_user)
        _save(group, former_name)
        record_change(group, DefinitionChangeKind.CHANGED, before, snapshot(group, rule), acting_user)
        _take_over(verified, group, acting_user)
    log.info(
        "User group %s changed by user %s: %s.", group.uuid, acting_user.pk, ", ".join(sorted(changes)),
        extra=context(group=group),
    )  # fmt: skip
    if verified or not (rule_changed or rested):
        return group
    # To use a group again is no decision about who is in it: the brake applies.
    return refreshed(group, acting_user, RefreshTrigger.RULE_CHANGE if rule_changed else RefreshTrigger.MANUAL)


def archive_user_group(uuid: UUID, *, acting_user: Any) -> None:
    """Take a group out of use. Its members and history are kept; its name becomes free. Raises ``NotFound``."""
    with transaction.atomic():
        group = _locked(uuid)
        before = snapshot(group, load_rule(group))
        group.live, group.archived_at, group.modified_by = None, timezone.now(), acting_user
        collection = take_out(group)
        group.save(update_fields=["live", "archived_at", "collection", "modified", "modified_by"])
        cancel_runs(group)
        record_change(group, DefinitionChangeKind.ARCHIVED, before, None, acting_user)
    if collection is not None:
        refresh_collection(collection, acting_user)
    log.info("User group %s archived by user %s.", uuid, acting_user.pk, extra=context(group=group))


def _locked(uuid: UUID) -> UserGroup:
    """The group, held until the open transaction ends, and its scope before it. Raises ``NotFound``."""
    lock_scope(get_user_group(uuid).scope)
    group: UserGroup | None = UserGroup.objects.select_for_update().filter(live=True, uuid=uuid).first()
    if group is None:
        raise NotFound(_("There is no such user group."))
    return group


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


def _check_possible(rule: Node, scope: Scope) -> None:
    context = EvaluationContext(scope, evaluation_instant(), timezone.get_default_timezone())
    finding = analysis.impossible(rule, context)
    if finding is not None:
        places = finding.related or (finding.pointer,)
        raise ImpossibleRule(Violation(place, finding.code, finding.message) for place in places)


def _apply(changes: Mapping[str, Any], group: UserGroup, saved: Node | None, confirm_impossible: bool) -> Node | None:
    """Put ``changes`` onto the group and save a new rule. Return its rule then: ``saved`` itself where that stays."""
    for key in set(changes) - {"rule"}:
        setattr(group, key, changes[key])
    group.name = group.name.strip()
    return _change_rule(group, changes["rule"], saved, confirm_impossible) if "rule" in changes else saved


def _change_rule(group: UserGroup, definition: Any, saved: Node | None, confirm_impossible: bool) -> Node | None:
    """Save the new rule and return it; ``saved`` itself where the new one says the same."""
    tree = _rule_for(MembershipSource(group.membership_source), definition, group.scope, saved)
    if tree is None or (saved is not None and meaning(tree) == meaning(saved)):
        return saved
    if not confirm_impossible:
        _check_possible(tree, group.scope)
    group.rule_version += 1
    return save_rule(group, tree)


def _verified(token: str | None, group: UserGroup, rule: Node | None, acting_user: Any) -> Verified | None:
    """The learners of a preview, if they are still the ones that ``rule`` finds; ``None`` without a token."""
    if token is None:
        return None
    if rule is None:
        message = _("A user group with a list of learners has no rule that could have been previewed.")
        raise InvalidInput([Violation("/preview_token", "rule_not_allowed", message)])
    if group.exclusive_collection_id is not None:
        message = _("Who is in this user group depends on the other groups of its collection. Save it without a token.")
        raise InvalidInput([Violation("/preview_token", "other_preview", message)])
    if not group.is_enabled or group.is_frozen:
        raise NotRefreshable()
    return verify(token, rule, group.scope, acting_user)


def _take_over(verified: Verified | None, group: UserGroup, acting_user: Any) -> None:
    if verified is not None:
        record_evaluated(
            group,
            RefreshTrigger.RULE_CHANGE,
            acting_user,
            members=verified.members,
            as_of=verified.as_of,
            plan=verified.plan,
        )


def _save(group: UserGroup, former_name: str | None = None) -> None:
    """Validate and save. The caller holds the scope."""
    try:
        group.clean_fields(exclude={"scope_key", "state", "state_code", "state_message"})
    except ValidationError as error:
        raise InvalidInput(
            Violation(f"/{name}", item.code or "invalid", " ".join(item.messages))
            for name, items in error.error_dict.items()
            for item in items
        ) from None
    if group.name != former_name:
        _check_name(group)
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise NameTaken() from None


def _check_name(group: UserGroup) -> None:
    check_showable(group.name)
    others = UserGroup.objects.live().in_scope(group.scope).exclude(pk=group.pk)
    if fold(group.name) in folded_names(others):
        raise NameTaken()


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


def _set_schedule(group: UserGroup, *, anew: bool) -> None:
    """Whoever changes a group starts its schedule anew. It is due at once, should the refresh after the change fail to
    come; each refresh says when the next one is. A group whose members stay as they are has none."""
    if group.has_fixed_members:
        group.next_refresh_at = None
    elif anew and group.state != GroupState.HELD:
        group.failure_count, group.next_refresh_at = 0, timezone.now()


def refreshed(group: UserGroup, acting_user: Any, trigger: RefreshTrigger = RefreshTrigger.RULE_CHANGE) -> UserGroup:
    """The group after its members were computed, or are being computed by a worker; where it is refreshed at all."""
    if not group.is_manual and group.is_in_use:
        request_refresh(group, trigger, acting_user)
    return get_user_group(group.uuid)
