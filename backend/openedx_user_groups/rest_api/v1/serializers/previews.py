"""Previews on the wire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from openedx_user_groups import settings
from openedx_user_groups.data import PlanKind

from ..fields import StrictCharField, StrictIntegerField, StrictSerializer, StrictUUIDField
from .common import ScopeRequestSerializer
from .rules import RuleField


class PreviewRequestSerializer(StrictSerializer):
    """A rule to try."""

    scope = ScopeRequestSerializer()
    rule = RuleField(help_text="The rule as it would be saved.")
    user_group = StrictUUIDField(
        required=False,
        allow_null=True,
        help_text="The group that is edited; the ids of its nodes may stand in the rule.",
    )
    sample_size = StrictIntegerField(
        required=False, min_value=0, help_text="Learners to show; at most the limit in the criterion types' document."
    )
    sample_offset = StrictIntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="Learners to skip, to see the next ones."
    )
    contract_revision = StrictCharField(
        required=False, max_length=64, help_text="The revision of the criterion types that the form was made from."
    )

    def validate_sample_size(self, size: int) -> int:
        """The limit is a setting."""
        limit = settings.get("MAX_SAMPLE_SIZE")
        if size > limit:
            message = _("At most %(limit)s learners are shown at a time.") % {"limit": limit}
            raise serializers.ValidationError(message, code="max_value")
        return size


class CountSerializer(serializers.Serializer[Any]):
    """How many learners match."""

    value = serializers.IntegerField(help_text="Learners who match.")
    exactness = serializers.ChoiceField(choices=["exact"])
    universe = serializers.IntegerField(help_text="Learners of the scope.")


class NodeCountSerializer(serializers.Serializer[Any]):
    """How many learners one node of the rule matches."""

    pointer = serializers.CharField(help_text="JSON pointer of the node in the request.")
    count = serializers.IntegerField()


class SampleLearnerSerializer(serializers.Serializer[Any]):
    """A learner who matches."""

    username = serializers.CharField()


class SampleSerializer(serializers.Serializer[Any]):
    """Some of the learners who match."""

    size = serializers.IntegerField(help_text="Learners asked for.")
    offset = serializers.IntegerField(help_text="Learners skipped.")
    results = SampleLearnerSerializer(many=True)


class RuleWarningSerializer(serializers.Serializer[Any]):
    """Something to know about a rule that is valid."""

    code = serializers.CharField()
    pointer = serializers.CharField()
    message = serializers.CharField()


class PreviewSerializer(serializers.Serializer[Any]):
    """Who would be in the group. Nothing was saved."""

    state = serializers.ChoiceField(choices=["succeeded"])
    as_of = serializers.DateTimeField(help_text="The instant that the rule was evaluated for.")
    count = CountSerializer()
    nodes = NodeCountSerializer(many=True, help_text="Every node in reading order, the rule itself first.")
    sample = SampleSerializer()
    warnings = RuleWarningSerializer(many=True)
    plan = serializers.ChoiceField(choices=[plan.value for plan in PlanKind], help_text="How it was evaluated.")
