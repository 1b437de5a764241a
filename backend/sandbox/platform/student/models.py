"""Tables of the platform's `student` app: profiles, spoken languages, enrollments and course roles."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django_countries.fields import CountryField
from opaque_keys.edx.django.models import CourseKeyField

from sandbox.platform.course_overviews.models import CourseOverview


class UserProfile(models.Model):
    """Who a learner says they are. A user may have no profile."""

    user = models.OneToOneField(User, unique=True, related_name="profile", on_delete=models.CASCADE)
    name = models.CharField(max_length=255, blank=True, db_index=True)
    meta = models.TextField(blank=True)
    language = models.CharField(max_length=255, blank=True, db_index=True)
    location = models.CharField(max_length=255, blank=True, db_index=True)
    year_of_birth = models.IntegerField(blank=True, null=True, db_index=True)
    gender = models.CharField(max_length=6, blank=True, null=True, db_index=True)
    level_of_education = models.CharField(max_length=6, blank=True, null=True, db_index=True)
    mailing_address = models.TextField(blank=True, null=True)
    city = models.TextField(blank=True, null=True)
    country = CountryField(blank=True, null=True)
    state = models.CharField(max_length=2, blank=True, null=True)
    goals = models.TextField(blank=True, null=True)
    bio = models.CharField(max_length=3000, blank=True, null=True)
    phone_number = models.CharField(max_length=50, blank=True, null=True)
    profile_image_uploaded_at = models.DateTimeField(blank=True, null=True)

    class Meta:
        db_table = "auth_userprofile"


class LanguageProficiency(models.Model):
    """A language that a learner speaks; a learner may speak several."""

    user_profile = models.ForeignKey(UserProfile, related_name="language_proficiencies", on_delete=models.CASCADE)
    code = models.CharField(max_length=16)

    class Meta:
        unique_together = (("code", "user_profile"),)


class CourseEnrollment(models.Model):
    """A learner in a course. Leaving the course turns `is_active` off; the row stays."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    course = models.ForeignKey(CourseOverview, db_constraint=False, on_delete=models.DO_NOTHING)
    created = models.DateTimeField(auto_now_add=True, null=True, db_index=True)
    is_active = models.BooleanField(default=True)
    mode = models.CharField(max_length=100, default="audit")

    class Meta:
        unique_together = (("user", "course"),)
        indexes = [models.Index(fields=["user", "-created"])]
        ordering = ("user", "course")


class CourseAccessRole(models.Model):
    """A role of a user in a course, or in a whole organization where the course is empty."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    org = models.CharField(max_length=64, blank=True, db_index=True)
    course_id = CourseKeyField(max_length=255, blank=True, db_index=True)
    role = models.CharField(max_length=64, db_index=True)

    class Meta:
        unique_together = (("user", "org", "course_id", "role"),)
