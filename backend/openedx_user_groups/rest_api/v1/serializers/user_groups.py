"""User groups on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from openedx_user_groups.data import MAX_REFRESH_INTERVAL, GroupState, MembershipSource

from ..fields import StrictBooleanField, StrictCharField, StrictChoiceField, StrictIntegerField, StrictSerializer
from .common import ReasonSerializer, ScopeRequestSerializer, ScopeSerializer, username_of
from .rules import RuleField

_CONFIRM_HELP = "Save the rule although it contradicts itself; without this, 409 with the code impossible_rule."
_TOKEN_HELP = (
    "Of a preview of this rule: exactly its learners become the members, or nothing is saved and the 409 says who "
    "moved and why (preview_moved)."
)
_REMOVAL_HELP = (
    "Percent of the members that a refresh may remove unasked; null for the site's limit. Without effect while fewer "
    "learners leave than the site's least number (setting BRAKE_MINIMUM, 20 by default)."
)
_REVISION_HELP = "The revision of the criterion types that the form was made from."


class UserGroupSerializer(serializers.Serializer[Any]):
    """A user group. Its members are a resource of their own."""

    uuid = serializers.UUIDField(source="group.uuid", help_text="Identifier of the group.")
    scope = ScopeSerializer(source="group.scope")
    name = serializers.CharField(source="group.name", help_text="Unique among the groups of the scope.")
    description = serializers.CharField(source="group.description", allow_blank=True)
    membership_source = serializers.ChoiceField(
        source="group.membership_source", choices=MembershipSource.choices, help_text="What decides who is in it."
    )
    rule = RuleField(allow_null=True, help_text="Null for a group whose members are listed by hand.")
    rule_version = serializers.IntegerField(
        source="group.rule_version", help_text="To be sent back with a change of the rule."
    )
    state = serializers.ChoiceField(choices=GroupState.choices, help_text="What holds for the members now.")
    state_reason = ReasonSerializer(allow_null=True)
    member_count = serializers.IntegerField(source="group.member_count")
    members_as_of = serializers.DateTimeField(
        source="group.members_as_of", allow_null=True, help_text="When the members were last brought up to date."
    )
    pinned_missed_count = serializers.IntegerField(help_text="Pinned learners who are not where they are expected.")
    is_enabled = serializers.BooleanField(
        source="group.is_enabled", help_text="A disabled group keeps its members but is not refreshed or used."
    )
    is_frozen = serializers.BooleanField(
        source="group.is_frozen", help_text="A frozen group keeps its members as they are."
    )
    refresh_interval = serializers.IntegerField(
        source="group.refresh_interval",
        allow_null=True,
        help_text="Minutes between refreshes by the schedule; null for as often as the criteria need.",
    )
    max_removal_percent = serializers.IntegerField(
        source="group.max_removal_percent", allow_null=True, help_text=_REMOVAL_HELP
    )
    next_refresh_at = serializers.DateTimeField(
        source="group.next_refresh_at", allow_null=True, help_text="When the schedule refreshes it; null for never."
    )
    created = serializers.DateTimeField(source="group.created")
    modified = serializers.DateTimeField(source="group.modified")
    created_by = serializers.SerializerMethodField(help_text="User name.")
    modified_by = serializers.SerializerMethodField(help_text="User name.")

    def get_created_by(self, detail: Any) -> str | None:
        """Who created it; null once that account is gone."""
        return username_of(detail.group.created_by)

    def get_modified_by(self, detail: Any) -> str | None:
        """Who changed it last; null once that account is gone."""
        return username_of(detail.group.modified_by)


class UserGroupCreateSerializer(StrictSerializer):
    """A new group."""

    scope = ScopeRequestSerializer()
    name = StrictCharField(max_length=255, help_text="Unique among the groups of the scope.")
    description = StrictCharField(required=False, allow_blank=True)
    membership_source = StrictChoiceField(
        choices=MembershipSource.choices, required=False, help_text="Criteria, where it is left out."
    )
    rule = RuleField(
        required=False, allow_null=True, help_text="Required for a group by criteria, not allowed for a list."
    )
    is_enabled = StrictBooleanField(required=False)
    confirm_impossible = StrictBooleanField(required=False, help_text=_CONFIRM_HELP)
    preview_token = StrictCharField(required=False, max_length=1024, help_text=_TOKEN_HELP)
    contract_revision = StrictCharField(required=False, max_length=64, help_text=_REVISION_HELP)


class UserGroupUpdateSerializer(StrictSerializer):
    """Changes of a group; what is left out stays as it is."""

    not_editable = (
        *("uuid", "scope", "membership_source", "state", "state_reason", "member_count", "members_as_of"),
        *("created", "modified", "created_by", "modified_by", "pinned_missed_count", "next_refresh_at"),
    )

    name = StrictCharField(required=False, max_length=255, help_text="Unique among the groups of the scope.")
    description = StrictCharField(required=False, allow_blank=True)
    rule = RuleField(required=False, allow_null=True)
    rule_version = StrictIntegerField(
        required=False, help_text="The version that was edited; required with a rule. 409 if it is not the present one."
    )
    is_enabled = StrictBooleanField(required=False)
    is_frozen = StrictBooleanField(required=False)
    confirm_impossible = StrictBooleanField(required=False, help_text=_CONFIRM_HELP)
    preview_token = StrictCharField(required=False, max_length=1024, help_text=_TOKEN_HELP)
    refresh_interval = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_REFRESH_INTERVAL,
        help_text="Minutes; null for as often as the criteria need.",
    )
    max_removal_percent = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=100, help_text=_REMOVAL_HELP
    )
    contract_revision = StrictCharField(required=False, max_length=64, help_text=_REVISION_HELP)
