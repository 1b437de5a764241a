"""The data of outgoing events, in the form that openedx-events asks for: frozen attrs classes of plain values."""

from __future__ import annotations

from datetime import datetime

import attr


@attr.s(frozen=True)
class UserGroupData:
    """A group, as it is when the event is sent.

    Attributes:
        uuid: the public identifier.
        scope_type: ``course``, ``organization`` or ``instance``.
        scope_key: the course key, the organization's short name, or empty.
        name: what staff call it. Never show it to learners.
        membership_source: ``criteria`` or ``manual``.
    """

    uuid = attr.ib(type=str)
    scope_type = attr.ib(type=str)
    scope_key = attr.ib(type=str)
    name = attr.ib(type=str)
    membership_source = attr.ib(type=str)


@attr.s(frozen=True)
class UserGroupChangeData:
    """A group was created, changed or archived.

    Attributes:
        user_group: the group.
        message_id: the same whenever the event is sent again; remember it to act once.
        changed_at: when it happened.
        changed_fields: the parts of the definition that differ, such as ``name``, ``rule`` or ``is_enabled``.
        rule_version: the version of the rule afterwards.
        copied_from: the identifier of the group that a new one is a copy of, or empty.
    """

    user_group = attr.ib(type=UserGroupData)
    message_id = attr.ib(type=str)
    changed_at = attr.ib(type=datetime)
    changed_fields = attr.ib(type=list[str])
    rule_version = attr.ib(type=int)
    copied_from = attr.ib(type=str)


@attr.s(frozen=True)
class UserGroupLearnersData:
    """Learners joined or left a group: one batch of those that one run added or removed.

    Attributes:
        user_group: the group.
        message_id: the same whenever the batch is sent again; remember it to act once.
        changed_at: when they joined or left.
        user_ids: ids of accounts, in ascending order, never empty. Who was retired meanwhile is left out.
        reason: why the run took place: ``manual``, ``schedule``, ``event``, ``rule_change``, ``import``, ``rerun``.
        refresh: the identifier of the run.
        rule_version: the version of the rule that decided.
    """

    user_group = attr.ib(type=UserGroupData)
    message_id = attr.ib(type=str)
    changed_at = attr.ib(type=datetime)
    user_ids = attr.ib(type=list[int])
    reason = attr.ib(type=str)
    refresh = attr.ib(type=str)
    rule_version = attr.ib(type=int)
