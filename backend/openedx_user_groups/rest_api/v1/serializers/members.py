"""Members, their history, refreshes and memberships on the wire. Who is who: user names, never keys or addresses."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from openedx_user_groups import settings
from openedx_user_groups.data import ChangeKind, GroupState, MembershipSource, RefreshState, RefreshTrigger

from ..fields import StrictCharField, StrictSerializer
from .common import ReasonSerializer, ScopeSerializer, username_of


class MemberSerializer(serializers.Serializer[Any]):
    """A member of a group."""

    username = serializers.CharField(source="user.username")
    joined_at = serializers.DateTimeField()
    origin = serializers.ChoiceField(choices=RefreshTrigger.choices, help_text="What made the learner a member.")


class PastMemberSerializer(serializers.Serializer[Any]):
    """A member of a group at an instant of the past, from the change by which they had joined."""

    username = serializers.CharField(source="user.username")
    joined_at = serializers.DateTimeField(source="at")
    origin = serializers.ChoiceField(source="trigger", choices=RefreshTrigger.choices)


class LearnersSerializer(StrictSerializer):
    """Some learners."""

    learners = serializers.ListField(
        child=StrictCharField(max_length=254), allow_empty=False, help_text="User names or e-mail addresses."
    )

    def validate_learners(self, learners: list[str]) -> list[str]:
        """A longer list is a file to import."""
        limit = settings.get("MAX_LIST_ITEMS")
        if len(learners) > limit:
            message = _("At most %(limit)s learners can be named at a time. Import a file instead.") % {"limit": limit}
            raise serializers.ValidationError(message, code="too_many_items")
        return learners


class MembersChangedSerializer(serializers.Serializer[Any]):
    """What a change of the members did."""

    added = serializers.IntegerField(help_text="Learners who joined.")
    removed = serializers.IntegerField(help_text="Learners who left.")
    unchanged = serializers.IntegerField(help_text="Learners for whom there was nothing to do.")


class RefreshErrorSerializer(serializers.Serializer[Any]):
    """Why a refresh failed."""

    code = serializers.CharField()
    message = serializers.CharField(allow_blank=True)


class RefreshSerializer(serializers.Serializer[Any]):
    """A run: from request to result."""

    uuid = serializers.UUIDField()
    trigger = serializers.ChoiceField(choices=RefreshTrigger.choices, help_text="Why it ran.")
    state = serializers.ChoiceField(choices=RefreshState.choices, help_text="How far it has come.")
    requested_by = serializers.SerializerMethodField(help_text="User name, where a person asked for it.")
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True, help_text="The instant that the rule was evaluated for.")
    rule_version = serializers.IntegerField()
    added_count = serializers.IntegerField()
    removed_count = serializers.IntegerField()
    member_count = serializers.IntegerField(allow_null=True, help_text="Members afterwards.")
    pinned_missed_count = serializers.IntegerField(
        help_text="Pinned learners who were not where they are expected afterwards."
    )
    plan = serializers.CharField(allow_blank=True, help_text="How the rule was evaluated; for operators.")
    error = serializers.SerializerMethodField(help_text="Why it failed.")

    def get_requested_by(self, refresh: Any) -> str | None:
        """Who asked for it."""
        return username_of(refresh.requested_by)

    @extend_schema_field(RefreshErrorSerializer(allow_null=True))
    def get_error(self, refresh: Any) -> dict[str, str] | None:
        """Code and message of a failed run."""
        return {"code": refresh.error_code, "message": refresh.error_message} if refresh.error_code else None


class HeldChangeSerializer(serializers.Serializer[Any]):
    """Somebody who would join or leave if the refresh were confirmed."""

    username = serializers.CharField(allow_null=True, help_text="Null where the account is gone.")
    kind = serializers.ChoiceField(choices=ChangeKind.choices)


class CausingRefreshSerializer(serializers.Serializer[Any]):
    """The run that changed a membership."""

    uuid = serializers.UUIDField()
    trigger = serializers.ChoiceField(choices=RefreshTrigger.choices)


class MembershipChangeSerializer(serializers.Serializer[Any]):
    """Somebody joined or left."""

    username = serializers.CharField(source="user.username")
    kind = serializers.ChoiceField(choices=ChangeKind.choices)
    at = serializers.DateTimeField()
    rule_version = serializers.IntegerField(help_text="The version of the rule at that time.")
    trigger = serializers.ChoiceField(choices=RefreshTrigger.choices, help_text="Why it happened.")
    refresh = CausingRefreshSerializer(allow_null=True, help_text="Null once the record of the run was deleted.")


class MembershipGroupSerializer(serializers.Serializer[Any]):
    """A group that a learner is in."""

    uuid = serializers.UUIDField(source="group.uuid")
    scope = ScopeSerializer(source="group.scope")
    name = serializers.CharField(source="group.name")
    membership_source = serializers.ChoiceField(source="group.membership_source", choices=MembershipSource.choices)
    state = serializers.ChoiceField(choices=GroupState.choices)
    state_reason = ReasonSerializer(allow_null=True)
    members_as_of = serializers.DateTimeField(source="group.members_as_of", allow_null=True)


class MembershipSerializer(serializers.Serializer[Any]):
    """A learner's membership of a group."""

    user_group = MembershipGroupSerializer()
    joined_at = serializers.DateTimeField()
    origin = serializers.ChoiceField(choices=RefreshTrigger.choices)
