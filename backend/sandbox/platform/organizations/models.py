"""Tables of edx-organizations: organizations and which courses are theirs."""

from __future__ import annotations

from django.db import models

from sandbox.platform.fields import TimeStamped


class Organization(TimeStamped):
    """An organization, known by its short name."""

    name = models.CharField(max_length=255, db_index=True)
    short_name = models.CharField(max_length=255, unique=True)
    description = models.TextField(null=True, blank=True)
    # An image on the platform: the same column, without its need for an imaging library.
    logo = models.FileField(upload_to="organization_logos", max_length=255, null=True, blank=True)
    active = models.BooleanField(default=True)


class OrganizationCourse(TimeStamped):
    """A course of an organization. The key is plain text here, unlike in the platform's other tables."""

    course_id = models.CharField(max_length=255, db_index=True)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    active = models.BooleanField(default=True)

    class Meta:
        unique_together = (("course_id", "organization"),)
