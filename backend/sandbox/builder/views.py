"""Serves the group builder, which is built into the package, for the scopes of whoever is logged in.

The page itself, its script and its style sheet come with ``openedx_user_groups``; only which scopes to offer is the
site's decision. Nothing is checked here that the API checks: a scope that is not for this person is shown as forbidden.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from openedx_user_groups.data import Scope, ScopeType
from sandbox.permissions import CourseAccessRolePolicy
from sandbox.platform.course_overviews.models import CourseOverview

# A select with more entries helps nobody; any other scope can be named in the address.
COURSES_OFFERED = 200


class BuilderView(LoginRequiredMixin, TemplateView):
    """``/builder/?scope_type=course&scope_key=…``; without a scope, the first one that is offered."""

    template_name = "openedx_user_groups/builder.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the script reads: the API's address, the token for writing, the scopes, the texts of the page."""
        scopes = _scopes(self.request.user)
        settings = {
            "api_root": reverse("openedx_user_groups:criterion_types").removesuffix("criterion_types/"),
            "csrf_token": get_token(self.request),
            "locale": get_language() or "en",
            "scopes": scopes,
            "scope": self._named_scope() or next(({"type": s["type"], "key": s["key"]} for s in scopes), None),
            "texts": {"title": _("Group builder"), "scope": _("Course or organization"), "choose": _("Choose")},
        }
        return super().get_context_data(builder_settings=settings, **kwargs)

    def _named_scope(self) -> dict[str, str] | None:
        scope_type, key = self.request.GET.get("scope_type", ""), self.request.GET.get("scope_key", "")
        return {"type": scope_type, "key": key} if scope_type in ScopeType.values else None


def _scopes(user: Any) -> list[dict[str, str]]:
    """The courses whose groups this person may see, and their organizations and the whole site where allowed."""
    policy = CourseAccessRolePolicy()
    courses = list(CourseOverview.objects.order_by("pk").values_list("id", "display_name", "org"))
    organizations = sorted({organization for _id, _name, organization in courses})
    candidates = [
        *((Scope(ScopeType.COURSE, str(key)), f"{name} ({key})") for key, name, _organization in courses),
        *((Scope(ScopeType.ORGANIZATION, name), name) for name in organizations),
        (Scope(ScopeType.INSTANCE, ""), _("Whole site")),
    ]
    visible = [(scope, label) for scope, label in candidates if policy.can_view(user, scope)]
    return [{"type": scope.type.value, "key": scope.key, "label": str(label)} for scope, label in visible][
        :COURSES_OFFERED
    ]
