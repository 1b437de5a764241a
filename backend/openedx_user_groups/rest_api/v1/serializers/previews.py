"""Previews on the wire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from openedx_user_groups import settings
from openedx_user_groups.data import ChangeKind, DataUsed, MoveCause, PlanKind, PreviewDetail, PreviewState

from ..fields import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictInstantField,
    StrictIntegerField,
    StrictSerializer,
    StrictUUIDField,
)
from .common import PrecedingGroupSerializer, ScopeRequestSerializer
from .rules import RuleField


def _at_most_a_sample(size: int) -> int:
    """The limit is a setting."""
    limit = settings.get("MAX_SAMPLE_SIZE")
    if size > limit:
        message = _("At most %(limit)s learners are shown at a time.") % {"limit": limit}
        raise serializers.ValidationError(message, code="max_value")
    return size


class DifferenceRequestSerializer(StrictSerializer):
    """Which learners of the difference to show."""

    kind = StrictChoiceField(choices=ChangeKind.choices, help_text="Those who would join, or those who would leave.")
    size = StrictIntegerField(
        required=False, min_value=1, help_text="Learners to show; at most the limit in the criterion types' document."
    )
    offset = StrictIntegerField(
        default=0, min_value=0, max_value=2**31 - 1, help_text="Learners to skip, to see the next ones."
    )

    def validate_size(self, size: int) -> int:
        """As for the sample."""
        return _at_most_a_sample(size)


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
    detail = StrictChoiceField(
        choices=PreviewDetail.choices,
        default=PreviewDetail.FULL,
        help_text="count: only how many match is worked out, and what else is asked for by name.",
    )
    difference = DifferenceRequestSerializer(
        required=False,
        allow_null=True,
        help_text="Show who would join or leave user_group; the numbers come without being asked for.",
    )
    overlap = StrictBooleanField(
        default=False, help_text="Say how many of the learners are members of other groups of the scope."
    )
    as_of = StrictInstantField(
        required=False,
        help_text="Another instant than now, not further away than the settings allow; 90 days unless they differ.",
    )
    token = StrictBooleanField(
        required=False,
        help_text="Keep the learners, so that exactly they can be saved: the answer then has a token. Costs a query.",
    )
    editor = StrictCharField(
        required=False,
        max_length=64,
        help_text="Which of the person's editors asks (any text of the client's): a newer preview cancels an older.",
    )
    contract_revision = StrictCharField(
        required=False, max_length=64, help_text="The revision of the criterion types that the form was made from."
    )

    def validate_sample_size(self, size: int) -> int:
        """No more than are ever shown."""
        return _at_most_a_sample(size)


class CountSerializer(serializers.Serializer[Any]):
    """How many learners match."""

    value = serializers.IntegerField(help_text="Learners who match.")
    exactness = serializers.ChoiceField(choices=["exact"])
    universe = serializers.IntegerField(
        allow_null=True, help_text="Learners of the scope; null where only the count was asked for."
    )


class NodeCountSerializer(serializers.Serializer[Any]):
    """What one node of the rule does to the number of learners."""

    pointer = serializers.CharField(help_text="JSON pointer of the node in the request.")
    count = serializers.IntegerField(help_text="Learners of the scope who match this node.")
    running = serializers.IntegerField(
        allow_null=True,
        help_text=(
            "The funnel: learners whom the rule around this node has after this node, in the order of the rule. For all"
            " those who match this node and those before it, for any those who match at least one of them; before that"
            " rule is negated. Null for the outermost rule."
        ),
    )
    without = serializers.IntegerField(
        allow_null=True,
        help_text="Of criteria: learners who match the whole rule once this criterion is removed.",
    )
    redundant = serializers.BooleanField(
        allow_null=True, help_text="Of criteria: without this criterion exactly the same learners match."
    )
    decisive = serializers.BooleanField(
        allow_null=True, help_text="Of criteria: nobody matches, but somebody would without this criterion."
    )


class SampleLearnerSerializer(serializers.Serializer[Any]):
    """A learner who matches."""

    username = serializers.CharField()


class SampleSerializer(serializers.Serializer[Any]):
    """Some of the learners who match."""

    size = serializers.IntegerField(help_text="Learners asked for.")
    offset = serializers.IntegerField(help_text="Learners skipped.")
    results = SampleLearnerSerializer(many=True)


class CriterionFlipSerializer(serializers.Serializer[Any]):
    """A criterion that answers for a learner otherwise than the saved rule does, both asked now."""

    pointer = serializers.CharField(allow_null=True, help_text="Its place in the request; null where it was removed.")
    saved_pointer = serializers.CharField(
        allow_null=True, help_text="Its place in the saved rule; null where it is new."
    )
    saved_answer = serializers.BooleanField(allow_null=True, help_text="What the saved criterion answers.")
    answer = serializers.BooleanField(allow_null=True, help_text="What the criterion of the request answers.")


class LearnerMoveSerializer(serializers.Serializer[Any]):
    """A learner who would join or leave, and why."""

    username = serializers.CharField()
    cause = serializers.ChoiceField(
        choices=MoveCause.choices,
        help_text=(
            "rule: the rule was edited; data: the saved rule, asked now, would do the same; universe: no longer a"
            " learner of the scope; collection: another group of the exclusive collection comes first; unknown: the"
            " saved rule has no answer now."
        ),
    )
    decided_by = serializers.ListField(
        child=serializers.CharField(),
        help_text=(
            "Pointers of the criteria whose opposite answer alone would turn the result for this learner; where none"
            " would alone, the fewest that would together."
        ),
    )
    flips = CriterionFlipSerializer(
        many=True, help_text="What the edit changed for this learner, where it is the cause."
    )
    preceding_group = PrecedingGroupSerializer(
        allow_null=True, required=False, help_text="The group that comes first, where the collection is the cause."
    )


class DifferenceSampleSerializer(serializers.Serializer[Any]):
    """Some of those who would join or leave."""

    kind = serializers.ChoiceField(choices=ChangeKind.choices, help_text="Those who would join, or leave.")
    size = serializers.IntegerField(help_text="Learners asked for.")
    offset = serializers.IntegerField(help_text="Learners skipped.")
    results = LearnerMoveSerializer(many=True)


class DifferenceSerializer(serializers.Serializer[Any]):
    """What a refresh with this rule would do to the group's present members."""

    added = serializers.IntegerField(help_text="Learners who would join.")
    removed = serializers.IntegerField(help_text="Members who would leave.")
    unchanged = serializers.IntegerField(help_text="Members who would stay.")
    elsewhere = serializers.IntegerField(
        required=False,
        help_text="Learners who match and are not in the group afterwards: others of its collection come first.",
    )
    sample = DifferenceSampleSerializer(allow_null=True, help_text="Null where no learners were asked for.")


class GroupOverlapSerializer(serializers.Serializer[Any]):
    """Another group with members among the learners who match."""

    user_group = serializers.UUIDField(source="uuid")
    name = serializers.CharField()
    member_count = serializers.IntegerField(help_text="All its members.")
    learners = serializers.IntegerField(help_text="Those of its members who match the rule.")


class OverlapSerializer(serializers.Serializer[Any]):
    """The other groups of the scope that share learners with the rule."""

    groups = GroupOverlapSerializer(many=True, help_text="The largest overlap first; groups without any are left out.")
    compared = serializers.IntegerField(help_text="Groups that were looked at: those with the most members.")
    left_out = serializers.IntegerField(help_text="Groups with members that were not looked at.")


class RuleWarningSerializer(serializers.Serializer[Any]):
    """Something to know about a rule that is valid."""

    code = serializers.CharField()
    pointer = serializers.CharField(help_text="JSON pointer of the node in the request.")
    message = serializers.CharField()
    related = serializers.ListField(
        child=serializers.CharField(), help_text="JSON pointers of the other nodes that make it so."
    )
    params = serializers.DictField(help_text="Numbers and names that occur in the message.")


class LeafDataSerializer(serializers.Serializer[Any]):
    """What a criterion's answer is made from."""

    pointer = serializers.CharField(help_text="JSON pointer of the criterion in the request.")
    uses = serializers.ChoiceField(
        choices=[used.value for used in DataUsed],
        help_text="as_of: it answers for the instant asked for. current_data: it uses the data of today.",
    )


class PreviewSerializer(serializers.Serializer[Any]):
    """Who would be in the group. Nothing was saved."""

    state = serializers.ChoiceField(choices=["succeeded"])
    as_of = serializers.DateTimeField(help_text="The instant that the rule was evaluated for.")
    count = CountSerializer()
    nodes = NodeCountSerializer(
        many=True,
        help_text="Every node in reading order, the rule itself first; it alone where only the count was asked for.",
    )
    sample = SampleSerializer()
    difference = DifferenceSerializer(
        allow_null=True,
        help_text="Of a saved group with criteria; null without one, and where only the count was asked for.",
    )
    overlap = OverlapSerializer(allow_null=True, help_text="Null where it was not asked for.")
    warnings = RuleWarningSerializer(many=True)
    leaves = LeafDataSerializer(many=True, help_text="Every criterion in reading order.")
    plan = serializers.ChoiceField(choices=[plan.value for plan in PlanKind], help_text="How it was evaluated.")
    token = serializers.CharField(
        allow_null=True,
        help_text="To be sent as preview_token on saving; null where none was asked for or the learners are too many.",
    )


class EstimateSerializer(serializers.Serializer[Any]):
    """About how many learners match, from a random sample."""

    value = serializers.IntegerField(help_text="Learners who match, estimated.")
    exactness = serializers.SerializerMethodField(help_text="What kind of number this is.")
    low = serializers.IntegerField(help_text="No fewer, with 95 % confidence.")
    high = serializers.IntegerField(help_text="No more, with 95 % confidence.")
    universe = serializers.IntegerField(help_text="Learners of the scope, estimated too where they are many.")
    sample_size = serializers.IntegerField(help_text="Learners of the scope that were looked at.")

    @extend_schema_field(serializers.ChoiceField(choices=["estimate"]))
    def get_exactness(self, estimate: Any) -> str:
        """Never to be taken for the count itself."""
        return "estimate"


class ProgressSerializer(serializers.Serializer[Any]):
    """How long a preview has been at it, and how long it may be at most."""

    elapsed_ms = serializers.IntegerField()
    limit_ms = serializers.IntegerField()


class PendingPreviewSerializer(serializers.Serializer[Any]):
    """A preview in a worker."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[PreviewState.QUEUED.value, PreviewState.RUNNING.value])
    as_of = serializers.DateTimeField(help_text="The instant that the estimate is for.")
    progress = ProgressSerializer()
    poll_after_ms = serializers.IntegerField(help_text="When to ask again.")
    estimate = EstimateSerializer(allow_null=True)


class OverBudgetPreviewSerializer(serializers.Serializer[Any]):
    """A preview that takes longer than is allowed, where no worker can take it over."""

    state = serializers.ChoiceField(choices=[PreviewState.OVER_BUDGET.value])
    as_of = serializers.DateTimeField(help_text="The instant that the estimate is for.")
    estimate = EstimateSerializer(allow_null=True)


#: What a request for a preview is answered with when it is over.
FinishedPreviewSerializer = PolymorphicProxySerializer(
    component_name="FinishedPreview",
    serializers={"succeeded": PreviewSerializer, "over_budget": OverBudgetPreviewSerializer},
    resource_type_field_name="state",
)
