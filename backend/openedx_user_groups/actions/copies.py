"""Copying groups by criteria: to another scope by hand, and to the re-run of a course.

Groups whose members are listed by hand are not copied: the people of one course are not those of another. Lists of
learners inside a rule are kept; whoever of them is no learner of the new scope matches nobody there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from openedx_user_groups.criteria.copying import rebound_rule
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.data import DefinitionChangeKind, MembershipSource, RefreshTrigger, Scope
from openedx_user_groups.exceptions import NotFound, WrongMembershipSource
from openedx_user_groups.groups.locks import lock_scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.names import fold, folded_names
from openedx_user_groups.monitoring import context, measure

from .descriptions import unresolved_references
from .user_groups import check_scope_key, refreshed, save_new_group

log = logging.getLogger(__name__)

#: What a copy takes over beside name and rule.
COPIED_FIELDS = ("description", "is_enabled", "refresh_interval", "max_removal_percent")

_MAX_NAME = 255


@dataclass(frozen=True)
class Copy:
    """A new group, and what its rule refers to that its scope does not have."""

    group: UserGroup
    unresolved: list[dict[str, Any]]


@dataclass(frozen=True)
class RerunReport:
    """What became of the groups of a course in its re-run."""

    copies: tuple[Copy, ...]
    #: Groups that have a copy there already; it may have been edited or archived since.
    present: tuple[UUID, ...]
    #: Groups that could not be copied; the log says why.
    failed: tuple[UUID, ...]


def copy_user_group(
    group: UserGroup,
    *,
    scope: Scope,
    name: str | None = None,
    acting_user: Any,
    trigger: RefreshTrigger = RefreshTrigger.RULE_CHANGE,
) -> Copy:
    """A new group in ``scope``, the same or another, with the rule of ``group``; its references are re-bound.

    Args:
        name: by default that of ``group``, with “(copy)” where it is taken.

    What cannot be re-bound is listed; the copy then cannot be evaluated (``unresolved_reference``) until its rule is
    edited. Raises ``WrongMembershipSource`` for a manual group, ``NameTaken`` and ``InvalidInput``.
    """
    if group.is_manual:
        message = _("Only user groups by criteria can be copied. Export the list of learners and import it instead.")
        raise WrongMembershipSource(message)
    check_scope_key(scope)
    with transaction.atomic():
        lock_scope(scope)  # Two copies at once do not choose the same name.
        copy, unresolved = _write_copy(group, scope, name, acting_user)
    log.info("User group %s copied to %s as %s.", group.uuid, scope, copy.uuid, extra=context(group=copy))
    return Copy(refreshed(copy, acting_user, trigger), unresolved)


def copy_user_groups_to_rerun(source: Scope, destination: Scope, *, acting_user: Any = None) -> RerunReport:
    """Copy the groups by criteria of a course to its re-run. Safe to call twice: whatever has a copy is left alone.

    A group that fails is reported and does not stop the others.
    """
    copies: list[Copy] = []
    present: list[UUID] = []
    failed: list[UUID] = []
    groups = UserGroup.objects.live().in_scope(source).filter(membership_source=MembershipSource.CRITERIA)
    for group in groups.order_by("pk"):
        try:
            copy = _copy_once(group, destination, acting_user)
        except Exception:
            about = context(group=group)
            log.exception("User group %s could not be copied to %s.", group.uuid, destination, extra=about)
            failed.append(group.uuid)
            continue
        if copy is None:
            present.append(group.uuid)
        else:
            copies.append(copy)
    measure("rerun.copies", len(copies))
    log.info(
        "User groups of %s copied to %s: %s copied, %s present, %s failed.",
        source, destination, len(copies), len(present), len(failed),
    )  # fmt: skip
    return RerunReport(tuple(copies), tuple(present), tuple(failed))


def _copy_once(group: UserGroup, scope: Scope, acting_user: Any) -> Copy | None:
    with transaction.atomic():
        lock_scope(scope)  # The event of a re-run may come twice at once.
        if UserGroup.objects.in_scope(scope).filter(copied_from=group).exists():
            return None
        copy, unresolved = _write_copy(group, scope, None, acting_user)
    return Copy(refreshed(copy, acting_user, RefreshTrigger.RERUN), unresolved)


def _write_copy(
    group: UserGroup, scope: Scope, name: str | None, acting_user: Any
) -> tuple[UserGroup, list[dict[str, Any]]]:
    rule = load_rule(group)
    if rule is None:
        raise NotFound(_("This user group has no rule yet."))
    tree = rebound_rule(rule, group.scope, scope)
    copy = UserGroup(
        scope_type=scope.type,
        scope_key=scope.key,
        name=name.strip() if name is not None else _free_name(group.name, scope),
        membership_source=MembershipSource.CRITERIA,
        copied_from=group,
        created_by=acting_user,
        modified_by=acting_user,
        **{field: getattr(group, field) for field in COPIED_FIELDS},
    )
    save_new_group(copy, tree, DefinitionChangeKind.COPIED, acting_user)
    return copy, unresolved_references(tree)


def _free_name(name: str, scope: Scope) -> str:
    taken = folded_names(UserGroup.objects.live().in_scope(scope))
    return next(candidate for candidate in _names(name) if fold(candidate) not in taken)


def _names(name: str) -> Iterator[str]:
    yield name
    number = 1
    while True:
        suffix = _(" (copy)") if number == 1 else _(" (copy %(number)s)") % {"number": number}
        yield name[: _MAX_NAME - len(suffix)] + suffix
        number += 1
