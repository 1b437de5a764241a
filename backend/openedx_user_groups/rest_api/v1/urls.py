"""Addresses of version 1, relative to ``/api/user_group/v1/``. Every one ends with a slash."""

from __future__ import annotations

from django.urls import path, re_path

from .base import UnknownResourceView
from .views.collections import CollectionsViewSet
from .views.copies import CopiesViewSet
from .views.criterion_types import ChoicesViewSet, CriterionTypesViewSet
from .views.explanations import ExplanationsViewSet
from .views.health import HealthViewSet
from .views.history import DefinitionChangesViewSet
from .views.imports import MemberExportViewSet, MemberImportsViewSet
from .views.members import MembershipChangesViewSet, MembershipsViewSet, MembersViewSet
from .views.pinned_examples import PinnedExamplesViewSet
from .views.previews import PreviewsViewSet
from .views.refreshes import RefreshConfirmationViewSet, RefreshDifferenceViewSet, RefreshesViewSet
from .views.user_groups import UserGroupsViewSet

# Written out rather than left to a router: most of these are collections below a group, with verbs of their own.
urlpatterns = [
    path("criterion_types/", CriterionTypesViewSet.as_view({"get": "document"}), name="criterion_types"),
    path("criterion_types/<str:type>/", CriterionTypesViewSet.as_view({"get": "retrieve"}), name="criterion_type"),
    path("criterion_types/<str:type>/choices/<str:field>/", ChoicesViewSet.as_view({"get": "list"}), name="choices"),
    path("previews/", PreviewsViewSet.as_view({"post": "create"}), name="previews"),
    path("explanations/", ExplanationsViewSet.as_view({"post": "create"}), name="explanations"),
    path(
        "previews/<str:id>/",
        PreviewsViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="preview",
    ),
    path("user_groups/", UserGroupsViewSet.as_view({"get": "list", "post": "create"}), name="user_groups"),
    path(
        "user_groups/<str:uuid>/",
        UserGroupsViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="user_group",
    ),
    path(
        "user_groups/<str:uuid>/members/",
        MembersViewSet.as_view({"get": "list", "post": "create", "delete": "destroy"}),
        name="members",
    ),
    path(
        "user_groups/<str:uuid>/member_imports/",
        MemberImportsViewSet.as_view({"post": "create"}),
        name="member_imports",
    ),
    path(
        "user_groups/<str:uuid>/member_export/",
        MemberExportViewSet.as_view({"get": "retrieve"}),
        name="member_export",
    ),
    path(
        "user_groups/<str:uuid>/refreshes/",
        RefreshesViewSet.as_view({"get": "list", "post": "create"}),
        name="refreshes",
    ),
    path(
        "user_groups/<str:uuid>/refreshes/<str:refresh>/",
        RefreshesViewSet.as_view({"get": "retrieve"}),
        name="refresh",
    ),
    path(
        "user_groups/<str:uuid>/refreshes/<str:refresh>/difference/",
        RefreshDifferenceViewSet.as_view({"get": "list", "delete": "destroy"}),
        name="refresh_difference",
    ),
    path(
        "user_groups/<str:uuid>/refreshes/<str:refresh>/confirmation/",
        RefreshConfirmationViewSet.as_view({"post": "create"}),
        name="refresh_confirmation",
    ),
    path(
        "user_groups/<str:uuid>/membership_changes/",
        MembershipChangesViewSet.as_view({"get": "list"}),
        name="membership_changes",
    ),
    path(
        "user_groups/<str:uuid>/pinned_examples/",
        PinnedExamplesViewSet.as_view({"get": "list", "post": "create", "delete": "destroy"}),
        name="pinned_examples",
    ),
    path(
        "user_groups/<str:uuid>/definition_changes/",
        DefinitionChangesViewSet.as_view({"get": "list"}),
        name="definition_changes",
    ),
    path("user_groups/<str:uuid>/copies/", CopiesViewSet.as_view({"post": "create"}), name="copies"),
    path("health/", HealthViewSet.as_view({"get": "retrieve"}), name="health"),
    path("collections/", CollectionsViewSet.as_view({"get": "list", "post": "create"}), name="collections"),
    path(
        "collections/<str:uuid>/",
        CollectionsViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="collection",
    ),
    path("memberships/", MembershipsViewSet.as_view({"get": "list"}), name="memberships"),
    re_path("", UnknownResourceView.as_view()),
]
