"""Addresses of the sandbox: the landing page, log-in, the token endpoint, the API and its documentation."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.authtoken.views import obtain_auth_token

from sandbox.builder.views import BuilderView
from sandbox.views import LandingView

redoc = SpectacularRedocView.as_view(url_name="schema", template_name="sandbox/redoc.html")

urlpatterns = [
    path("", LandingView.as_view(), name="landing"),
    path("builder/", BuilderView.as_view(), name="builder"),
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("api/token/", obtain_auth_token, name="token"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="swagger-ui"),
    path("api/docs/redoc/", redoc, name="redoc"),
    path("", include("openedx_user_groups.urls")),
]
