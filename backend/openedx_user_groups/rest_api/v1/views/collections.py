"""Collections: sets of groups in an order, of which exclusive ones share no learner."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Lower
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.response import Response

from openedx_user_groups import api

from ..access import scope_from_query
from ..base import ApiViewSet
from ..schema import operation, scope_parameters
from ..serializers.collections import (
    CollectionCreateSerializer,
    CollectionDetailSerializer,
    CollectionSerializer,
    CollectionUpdateSerializer,
)
from ..serializers.common import scope_of

_TAG = "Collections"
_UUID = OpenApiParameter("uuid", OpenApiTypes.UUID, OpenApiParameter.PATH, description="The collection.")


class CollectionsViewSet(ApiViewSet):
    """Collections of the scopes that the person who asks may see."""

    @operation(
        "list_collections",
        _TAG,
        {200: CollectionSerializer(many=True)},
        (400, 404),
        parameters=scope_parameters(required=False),
    )
    def list(self, request: Any) -> Response:
        """Collections by name. Without a scope: those of every scope that one may see."""
        collections = self.access.visible_collections().order_by(Lower("name"), "pk")
        if "scope_type" in request.query_params or request.query_params.get("scope_key"):
            collections = collections.in_scope(self.access.require_view(scope_from_query(request.query_params)))
        return self.page(collections, lambda items: CollectionSerializer(items, many=True).data)

    @operation("create_collection", _TAG, {201: CollectionSerializer}, (400, 409), request=CollectionCreateSerializer)
    def create(self, request: Any) -> Response:
        """Create a collection. In an exclusive one, learners who are in several groups stay in the first."""
        data = self.validated(CollectionCreateSerializer)
        scope = self.access.require_edit(scope_of(data.pop("scope")))
        collection = api.create_collection(scope=scope, acting_user=request.user, **data)
        address = reverse("openedx_user_groups:collection", kwargs={"uuid": collection.uuid})
        headers = {"Location": request.build_absolute_uri(address)}
        return Response(CollectionSerializer(collection).data, status=201, headers=headers)

    @operation("retrieve_collection", _TAG, {200: CollectionDetailSerializer}, (404,), parameters=[_UUID])
    def retrieve(self, request: Any, uuid: str) -> Response:
        """One collection with its groups, and whether their rules can match the same learner."""
        collection = self.access.collection(uuid)
        collection.pairs = api.possible_overlaps(collection)
        return Response(CollectionDetailSerializer(collection).data)

    @operation(
        "update_collection",
        _TAG,
        {200: CollectionSerializer},
        (400, 404, 409),
        parameters=[_UUID],
        request=CollectionUpdateSerializer,
    )
    def partial_update(self, request: Any, uuid: str) -> Response:
        """Change a collection. Where its groups, their order or exclusivity change, their members are refreshed."""
        collection = self.access.collection(uuid, edit=True)
        data = self.validated(CollectionUpdateSerializer)
        collection = api.update_collection(collection.uuid, changes=data, acting_user=request.user)
        return Response(CollectionSerializer(collection).data)

    @operation("delete_collection", _TAG, {204: None}, (404,), parameters=[_UUID])
    def destroy(self, request: Any, uuid: str) -> Response:
        """Dissolve a collection. Its groups stay."""
        api.delete_collection(self.access.collection(uuid, edit=True).uuid, acting_user=request.user)
        return Response(status=204)
