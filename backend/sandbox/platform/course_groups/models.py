"""Tables of the platform's `course_groups` app: legacy cohorts."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from opaque_keys.edx.django.models import CourseKeyField


class CourseUserGroup(models.Model):
    """A cohort of a course; `group_type` is always `cohort`."""

    name = models.CharField(max_length=255)
    users = models.ManyToManyField(User, related_name="course_groups", db_index=True)
    course_id = CourseKeyField(max_length=255, db_index=True)
    group_type = models.CharField(max_length=20)

    class Meta:
        unique_together = (("name", "course_id"),)


class CohortMembership(models.Model):
    """A learner's cohort: the database keeps it to one per course."""

    course_user_group = models.ForeignKey(CourseUserGroup, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    course_id = CourseKeyField(max_length=255)

    class Meta:
        unique_together = (("user", "course_id"),)


class CourseCohortsSettings(models.Model):
    """Whether a course uses cohorts; where it does not, memberships that exist are to be ignored."""

    is_cohorted = models.BooleanField(default=False)
    course_id = CourseKeyField(max_length=255, unique=True, db_index=True)
