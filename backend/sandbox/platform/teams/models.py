"""Tables of the platform's `teams` app."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django_countries.fields import CountryField
from opaque_keys.edx.django.models import CourseKeyField


class CourseTeam(models.Model):
    """A team of a course; `topic_id` is the team set that it belongs to."""

    team_id = models.SlugField(max_length=255, unique=True)
    discussion_topic_id = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=255, db_index=True)
    course_id = CourseKeyField(max_length=255, db_index=True)
    topic_id = models.CharField(default="", max_length=255, db_index=True, blank=True)
    date_created = models.DateTimeField(auto_now_add=True)
    description = models.CharField(max_length=300)
    country = CountryField(default="", blank=True)
    language = models.CharField(default="", max_length=16, blank=True)
    last_activity_at = models.DateTimeField(db_index=True)
    users = models.ManyToManyField(User, db_index=True, related_name="teams", through="CourseTeamMembership")
    team_size = models.IntegerField(default=0, db_index=True)
    organization_protected = models.BooleanField(default=False)


class CourseTeamMembership(models.Model):
    """A learner in a team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    team = models.ForeignKey(CourseTeam, related_name="membership", on_delete=models.CASCADE)
    date_joined = models.DateTimeField(auto_now_add=True)
    last_activity_at = models.DateTimeField()

    class Meta:
        unique_together = (("user", "team"),)
