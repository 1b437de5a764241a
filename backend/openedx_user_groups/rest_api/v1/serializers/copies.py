"""Copies of groups on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..fields import StrictCharField, StrictSerializer
from .common import ScopeRequestSerializer, UnresolvedReferenceSerializer
from .user_groups import UserGroupSerializer


class CopyRequestSerializer(StrictSerializer):
    """Where the copy belongs."""

    scope = ScopeRequestSerializer()
    name = StrictCharField(
        required=False,
        max_length=255,
        help_text="By default the name of the group, with “(copy)” where the scope has it already.",
    )


class CopySerializer(serializers.Serializer[Any]):
    """The copy, and what could not be carried over."""

    user_group = UserGroupSerializer()
    unresolved = UnresolvedReferenceSerializer(many=True, help_text="Empty where everything exists in the new scope.")
