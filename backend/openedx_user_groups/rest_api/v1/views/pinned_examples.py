"""Pinned examples of a group: who must be in it and who must not."""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from openedx_user_groups import api

from ..base import ApiViewSet
from ..schema import UUID_PARAMETER, operation
from ..serializers.members import LearnersSerializer
from ..serializers.pinned_examples import PinnedExampleRequestSerializer, PinnedExampleSerializer

_TAG = "Pinned examples"


class PinnedExamplesViewSet(ApiViewSet):
    """Learners whom staff expect in a group, or out of it. They change no membership; where one is missed is shown."""

    @operation(
        "list_pinned_examples",
        _TAG,
        {200: PinnedExampleSerializer(many=True)},
        (400, 404),
        parameters=[UUID_PARAMETER],
    )
    def list(self, request: Any, uuid: str) -> Response:
        """The pinned examples, oldest first, and whether each is a member now."""
        examples = api.pinned_examples(self.access.group(uuid))
        return self.page(examples, lambda page: PinnedExampleSerializer(page, many=True).data)

    @operation(
        "pin_learner",
        _TAG,
        {201: PinnedExampleSerializer},
        (400, 404),
        parameters=[UUID_PARAMETER],
        request=PinnedExampleRequestSerializer,
    )
    def create(self, request: Any, uuid: str) -> Response:
        """Pin a learner; what was said of the learner before is replaced."""
        group = self.access.group(uuid, edit=True)
        data = self.validated(PinnedExampleRequestSerializer)
        example = api.pin_learner(group, data.pop("learner"), acting_user=request.user, **data)
        return Response(PinnedExampleSerializer(example).data, status=201)

    @operation(
        "unpin_learners",
        _TAG,
        {204: None},
        (400, 404),
        parameters=[UUID_PARAMETER],
        request=LearnersSerializer,
    )
    def destroy(self, request: Any, uuid: str) -> Response:
        """Unpin learners: all of them, or nobody if one is not pinned."""
        group = self.access.group(uuid, edit=True)
        api.unpin_learners(group, self.validated(LearnersSerializer)["learners"])
        return Response(status=204)
