"""The sandbox's only page of its own: what there is to try, and in which courses."""

from __future__ import annotations

from typing import Any

from django.views.generic import TemplateView

from sandbox.platform.course_overviews.models import CourseOverview

# The page is a signpost, not a catalogue.
COURSES_SHOWN = 30


class LandingView(TemplateView):
    """Lists the API's entry points and the courses in the database."""

    template_name = "sandbox/landing.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the first courses by key."""
        courses = CourseOverview.objects.order_by("pk")[:COURSES_SHOWN]
        return super().get_context_data(courses=courses, **kwargs)
