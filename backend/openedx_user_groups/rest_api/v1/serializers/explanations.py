"""Explanations on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from openedx_user_groups.data import DataUsed, Outside

from ..fields import StrictCharField, StrictInstantField, StrictSerializer, StrictUUIDField
from .common import PrecedingGroupSerializer, ScopeRequestSerializer
from .rules import RuleField


class ExplanationRequestSerializer(StrictSerializer):
    """A learner and a rule."""

    scope = ScopeRequestSerializer()
    learner = StrictCharField(max_length=254, help_text="User name or e-mail address.")
    rule = RuleField(required=False, allow_null=True, help_text="The rule; without it, the saved one of the group.")
    user_group = StrictUUIDField(
        required=False, allow_null=True, help_text="The group that is asked about, or whose rule is edited."
    )
    as_of = StrictInstantField(
        required=False,
        help_text="Another instant than now, not further away than the settings allow; 90 days unless they differ.",
    )
    contract_revision = StrictCharField(
        required=False, max_length=64, help_text="The revision of the criterion types that the form was made from."
    )


class ShownValueSerializer(serializers.Serializer[Any]):
    """A value as staff read it."""

    value = serializers.JSONField(help_text="A number, a text or a truth value, in this unit.")
    unit = serializers.CharField(allow_null=True, help_text="For instance % or days; null without one.")
    text = serializers.CharField(help_text="The value in words, in the language of the request.")


class LearnerValueSerializer(serializers.Serializer[Any]):
    """A value of the learner."""

    value = serializers.JSONField(source="shown.value", help_text="In the unit beside it.")
    unit = serializers.CharField(source="shown.unit", allow_null=True, help_text="For instance % or days.")
    text = serializers.CharField(source="shown.text", help_text="In words, in the language of the request.")
    recorded = serializers.DateTimeField(allow_null=True, help_text="When it was written; null where nobody knows.")
    age_days = serializers.FloatField(allow_null=True, help_text="How long ago that was.")


class DistanceSerializer(serializers.Serializer[Any]):
    """How far the value is from where the answer changes."""

    threshold = ShownValueSerializer(help_text="The nearest threshold.")
    difference = serializers.FloatField(help_text="The value minus the threshold: negative below it.")
    unit = serializers.CharField(allow_null=True)


class ExplainedCriterionSerializer(serializers.Serializer[Any]):
    """What one criterion found."""

    type = serializers.CharField(help_text="Id of the criterion type.")
    label = serializers.CharField(help_text="What is asked about.")  # type: ignore[assignment]
    operator = serializers.CharField()
    values = LearnerValueSerializer(many=True, help_text="The learner's values: a few of them where there are many.")
    value_count = serializers.IntegerField(help_text="How many values there are, of those that may be told.")
    tells_values = serializers.BooleanField(
        help_text="False for a type that answers only yes or no, and where none of the values may be told."
    )
    counts_as = ShownValueSerializer(allow_null=True, help_text="What a missing value counts as, where it does.")
    distance = DistanceSerializer(allow_null=True)
    uses = serializers.ChoiceField(
        choices=[used.value for used in DataUsed],
        help_text="as_of: it answers for the instant asked for. current_data: it uses the data of today.",
    )
    next_change = serializers.DateTimeField(
        allow_null=True, help_text="Right after this instant the answer is another, if nothing but time passes."
    )
    includes_missing = serializers.BooleanField(
        required=False,
        help_text="It matches because the learner has no value to compare, and learners without one are included.",
    )


class ExplainedNodeSerializer(serializers.Serializer[Any]):
    """One node of the rule."""

    pointer = serializers.CharField(help_text="JSON pointer of the node in the rule.")
    matches = serializers.BooleanField()
    sentence = serializers.CharField(help_text="The reason in words, in the language of the request.")
    criterion = ExplainedCriterionSerializer(allow_null=True, help_text="Null for a node that combines others.")


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why a rule matches a learner or does not."""

    as_of = serializers.DateTimeField(help_text="The instant that the rule was evaluated for.")
    username = serializers.CharField(allow_null=True, help_text="Null for somebody who is no learner of the scope.")
    outside = serializers.ChoiceField(
        choices=[reason.value for reason in Outside], allow_null=True, help_text="Why somebody is no learner here."
    )
    matches = serializers.BooleanField()
    sentence = serializers.CharField(help_text="The answer in words, in the language of the request.")
    nodes = ExplainedNodeSerializer(many=True, help_text="Every node in reading order, the rule itself first.")
    next_change = serializers.DateTimeField(
        allow_null=True, help_text="When the rule's answer changes if nothing but time passes; null if it does not."
    )
    next_change_known = serializers.BooleanField(help_text="False where a criterion cannot tell.")
    preceding_group = PrecedingGroupSerializer(
        allow_null=True,
        required=False,
        help_text="Of somebody who matches: the group of its exclusive collection that has or gets them instead.",
    )
