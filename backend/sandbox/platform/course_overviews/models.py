"""Table of the platform's `course_overviews` app: what relational code knows of a course."""

from __future__ import annotations

from django.db import models
from opaque_keys.edx.django.models import CourseKeyField

from sandbox.platform.fields import TimeStamped


class CourseOverview(TimeStamped):
    """A course. The primary key is the course key itself."""

    id = CourseKeyField(db_index=True, primary_key=True, max_length=255)
    org = models.TextField(max_length=255, default="outdated_entry")
    display_name = models.TextField(null=True)
    display_org_with_default = models.TextField(default="")
    start = models.DateTimeField(null=True)
    end = models.DateTimeField(null=True)
    enrollment_start = models.DateTimeField(null=True)
    enrollment_end = models.DateTimeField(null=True)
    self_paced = models.BooleanField(default=False)
    invitation_only = models.BooleanField(default=False)
    lowest_passing_grade = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    language = models.TextField(null=True)
    has_any_active_web_certificate = models.BooleanField(default=False)
