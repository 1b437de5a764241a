"""Read models over the platform's tables that say who is a learner of what.

Unmanaged, only the columns in use, and no foreign key to an app that Studio lacks: the same code runs in the LMS, in
Studio, in workers and in the sandbox. Nothing is ever written through them.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from opaque_keys.edx.django.models import CourseKeyField


class Enrollment(models.Model):
    """One learner's enrollment in one course. The row stays, inactive, when the learner leaves."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False)
    course_id = CourseKeyField(max_length=255)
    created = models.DateTimeField(null=True)
    is_active = models.BooleanField()
    mode = models.CharField(max_length=100)

    class Meta:
        managed = False
        db_table = "student_courseenrollment"

    def __str__(self) -> str:
        return f"{self.user_id} in {self.course_id}"


class Course(models.Model):
    """The platform's overview of a course; may be missing for a course that was never published."""

    id = CourseKeyField(max_length=255, primary_key=True)
    org = models.TextField()
    display_name = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "course_overviews_courseoverview"

    def __str__(self) -> str:
        return str(self.id)


class Organization(models.Model):
    """An organization as the platform's administrators know it."""

    name = models.CharField(max_length=255)
    short_name = models.CharField(max_length=255)
    active = models.BooleanField()

    class Meta:
        managed = False
        db_table = "organizations_organization"

    def __str__(self) -> str:
        return self.short_name


class OrganizationCourse(models.Model):
    """A course that was linked to an organization other than, or beside, the one in its key."""

    course_id = models.CharField(max_length=255)
    organization = models.ForeignKey(Organization, models.DO_NOTHING, related_name="+", db_constraint=False)
    active = models.BooleanField()

    class Meta:
        managed = False
        db_table = "organizations_organizationcourse"

    def __str__(self) -> str:
        return f"{self.course_id} of {self.organization_id}"
