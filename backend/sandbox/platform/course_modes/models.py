"""Table of the platform's `course_modes` app: the enrollment tracks of a course."""

from __future__ import annotations

from django.db import models

from sandbox.platform.course_overviews.models import CourseOverview


class CourseMode(models.Model):
    """A track that learners of a course can choose. Enrollments may use slugs that have no row here."""

    course = models.ForeignKey(CourseOverview, db_constraint=False, related_name="modes", on_delete=models.DO_NOTHING)
    mode_slug = models.CharField(max_length=100)
    mode_display_name = models.CharField(max_length=255)
    min_price = models.IntegerField(default=0)
    currency = models.CharField(default="usd", max_length=8)
    expiration_datetime = models.DateTimeField(default=None, null=True, blank=True)

    class Meta:
        unique_together = (("course", "mode_slug", "currency"),)
