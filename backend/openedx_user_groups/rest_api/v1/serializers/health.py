"""The health of the machinery on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PartHealthSerializer(serializers.Serializer[Any]):
    """One part of the machinery."""

    problems = serializers.ListField(child=serializers.CharField(), help_text="Stable codes; empty where all is well.")
    figures = serializers.DictField(help_text="Numbers, and instants in ISO 8601 or null.")


class HealthSerializer(serializers.Serializer[Any]):
    """All parts. More may be added."""

    status = serializers.ChoiceField(choices=["ok", "degraded"], help_text="Degraded where any part has a problem.")
    parts = serializers.DictField(child=PartHealthSerializer())
