"""The history of definitions on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from openedx_user_groups.data import DefinitionChangeKind

from .common import username_of
from .rules import RuleField


class DefinitionSerializer(serializers.Serializer[Any]):
    """A definition as it was."""

    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    is_enabled = serializers.BooleanField()
    is_frozen = serializers.BooleanField()
    rule = RuleField(allow_null=True, help_text="Null for a group whose members are listed by hand.")


class DefinitionChangeSerializer(serializers.Serializer[Any]):
    """One change of a definition."""

    kind = serializers.ChoiceField(source="change.kind", choices=DefinitionChangeKind.choices)
    at = serializers.DateTimeField(source="change.at")
    by = serializers.SerializerMethodField(help_text="User name; null where nobody asked, or the account is gone.")
    rule_version = serializers.IntegerField(source="change.rule_version", help_text="The version afterwards.")
    changed_fields = serializers.ListField(
        source="change.changed_fields", child=serializers.CharField(), help_text="What differs."
    )
    before = DefinitionSerializer(allow_null=True, help_text="Null for a new group.")
    after = DefinitionSerializer(allow_null=True, help_text="Null for a group that was archived.")

    def get_by(self, detail: Any) -> str | None:
        """Who made the change."""
        return username_of(detail.change.by)
