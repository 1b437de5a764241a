"""Routes of the app."""

from __future__ import annotations

from django.urls import include, path

app_name = "openedx_user_groups"

urlpatterns = [path("api/user_group/v1/", include("openedx_user_groups.rest_api.v1.urls"))]
