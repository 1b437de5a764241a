"""Explanations: why a learner is matched by a rule or not."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from openedx_user_groups import api

from ..base import ApiViewSet
from ..schema import operation
from ..serializers.common import scope_of
from ..serializers.explanations import ExplanationRequestSerializer, ExplanationSerializer


class ExplanationsViewSet(ApiViewSet):
    """Answers about one learner. Nothing is written."""

    @operation(
        "create_explanation",
        "Previews",
        {200: ExplanationSerializer},
        (400, 409),
        request=ExplanationRequestSerializer,
    )
    def create(self, request: Any) -> Response:
        """Say why a rule, saved or not, matches a learner or does not.

        For each criterion: the learner's value, how old it is, how far it is from the threshold, and when the answer
        changes if nothing but time passes. Somebody who is no learner of the scope is only told why not. A rule that
        has no answer now is answered with 409, as for a preview.
        """
        data = self.validated(ExplanationRequestSerializer)
        scope = self.access.require_edit(scope_of(data["scope"]))
        with self.contract(scope, data.get("contract_revision")):
            explanation = api.explain(
                scope,
                data["learner"],
                data.get("rule"),
                user_group=self.named_group(data),
                as_of=data.get("as_of"),
            )
        return Response(ExplanationSerializer(explanation).data)
