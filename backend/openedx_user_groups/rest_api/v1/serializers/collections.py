"""Collections on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..fields import StrictBooleanField, StrictCharField, StrictSerializer, StrictUUIDField
from .common import ScopeRequestSerializer, ScopeSerializer

_GROUPS_HELP = "User groups of the collection's scope, in the order that decides."
_EXCLUSIVE_HELP = "Whether a learner is in at most one of the groups: the first whose rule matches."


class CollectionGroupSerializer(serializers.Serializer[Any]):
    """A group of a collection."""

    uuid = serializers.UUIDField()
    name = serializers.CharField()
    member_count = serializers.IntegerField()


class CollectionSerializer(serializers.Serializer[Any]):
    """A set of groups of one scope."""

    uuid = serializers.UUIDField(help_text="Identifier of the collection.")
    scope = ScopeSerializer()
    name = serializers.CharField(help_text="Unique among the collections of the scope.")
    description = serializers.CharField(allow_blank=True)
    is_exclusive = serializers.BooleanField(help_text=_EXCLUSIVE_HELP)
    groups = CollectionGroupSerializer(many=True, source="live_groups", help_text=_GROUPS_HELP)
    created = serializers.DateTimeField()
    modified = serializers.DateTimeField()


class GroupPairSerializer(serializers.Serializer[Any]):
    """What the rules of two groups say of a common learner, whatever the data."""

    first = serializers.UUIDField(help_text="The group that comes first.")
    second = serializers.UUIDField()
    disjoint = serializers.BooleanField(source="disjoint.proven", help_text="Whether no learner can ever match both.")
    example = serializers.CharField(
        source="disjoint.example",
        allow_null=True,
        help_text="A learner whom both may match, in words. Null for disjoint rules, and where none could be found.",
    )


class CollectionDetailSerializer(CollectionSerializer):
    """One collection, with what its rules say of each other."""

    pairs = GroupPairSerializer(many=True, help_text="Each two of the groups that a rule decides about.")


class CollectionCreateSerializer(StrictSerializer):
    """A new collection."""

    scope = ScopeRequestSerializer()
    name = StrictCharField(max_length=255, help_text="Unique among the collections of the scope.")
    description = StrictCharField(required=False, allow_blank=True)
    is_exclusive = StrictBooleanField(required=False, help_text=f"{_EXCLUSIVE_HELP} True, where it is left out.")
    groups = serializers.ListField(child=StrictUUIDField(), required=False, max_length=100, help_text=_GROUPS_HELP)


class CollectionUpdateSerializer(StrictSerializer):
    """Changes of a collection; what is left out stays as it is."""

    not_editable = ("uuid", "scope", "created", "modified")

    name = StrictCharField(required=False, max_length=255)
    description = StrictCharField(required=False, allow_blank=True)
    is_exclusive = StrictBooleanField(required=False, help_text=_EXCLUSIVE_HELP)
    groups = serializers.ListField(child=StrictUUIDField(), required=False, max_length=100, help_text=_GROUPS_HELP)
