"""Pinned examples on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ..fields import StrictBooleanField, StrictCharField, StrictSerializer
from .common import username_of


class PinnedExampleSerializer(serializers.Serializer[Any]):
    """A learner who, staff say, must be in the group or must not be."""

    username = serializers.CharField(source="user.username")
    expected = serializers.BooleanField(help_text="Whether the learner must be in the group, or must not be.")
    is_member = serializers.BooleanField(help_text="Whether the learner is in the group now.")
    note = serializers.CharField(allow_blank=True)
    created = serializers.DateTimeField()
    created_by = serializers.SerializerMethodField(help_text="User name.")

    def get_created_by(self, example: Any) -> str | None:
        """Who pinned the learner; null once that account is gone."""
        return username_of(example.created_by)


class PinnedExampleRequestSerializer(StrictSerializer):
    """A learner to pin."""

    learner = StrictCharField(max_length=254, help_text="User name or e-mail address.")
    expected = StrictBooleanField(help_text="Whether the learner must be in the group, or must not be.")
    note = StrictCharField(required=False, default="", allow_blank=True, max_length=255, help_text="Why; for staff.")
