"""The documentation of a rule on the wire.

Definitions are checked and written by the core, which answers with pointers; these serializers describe and never run.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from openedx_user_groups.data import Combine

_ID_HELP = "Identifier of a saved node; it stays when the node is edited. Leave it out for a new node."


class CriterionNodeSerializer(serializers.Serializer[Any]):
    """A leaf: one criterion."""

    id = serializers.UUIDField(required=False, help_text=_ID_HELP)
    kind = serializers.ChoiceField(choices=["criterion"], help_text="What the node is.")
    type = serializers.CharField(help_text="Id of a criterion type.")
    config = serializers.DictField(help_text="The operator and its values, as the type's form describes them.")


def _kinds_of_nodes() -> dict[str, Any]:
    return {"criterion": CriterionNodeSerializer, "rule": NestedRuleSerializer}


@extend_schema_field(
    PolymorphicProxySerializer(
        component_name="RuleNode", serializers=_kinds_of_nodes, resource_type_field_name="kind", many=True
    )
)
class NodesField(serializers.Field[Any, Any, Any, Any]):
    """The nodes below a node."""


class NestedRuleSerializer(serializers.Serializer[Any]):
    """An inner node that combines others."""

    id = serializers.UUIDField(required=False, help_text=_ID_HELP)
    kind = serializers.ChoiceField(choices=["rule"], help_text="What the node is.")
    combine = serializers.ChoiceField(choices=Combine.choices, help_text="How the nodes are combined.")
    negated = serializers.BooleanField(
        required=False, help_text="Whether everybody else is meant: the complement within the scope's learners."
    )
    nodes = NodesField(help_text="At least one, in order.")


@extend_schema_serializer(component_name="Rule")
class RuleSerializer(NestedRuleSerializer):
    """The outermost node of a rule."""

    kind = serializers.ChoiceField(choices=["rule"], required=False, help_text="May be left out here.")


@extend_schema_field(RuleSerializer)
class RuleField(serializers.Field[Any, Any, Any, Any]):
    """A rule as it came, for the core to check, or as the core wrote it."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value
