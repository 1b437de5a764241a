"""Tables of the platform's `grades` app. Rows exist only for learners who attempted something."""

from __future__ import annotations

from django.db import models
from opaque_keys.edx.django.models import CourseKeyField, UsageKeyField

from sandbox.platform.fields import TimeStamped, UnsignedBigAutoField


class PersistentCourseGrade(TimeStamped):
    """A learner's grade in a course, as a fraction. `user_id` is a number, not a foreign key."""

    id = UnsignedBigAutoField(primary_key=True)
    user_id = models.IntegerField(db_index=True)
    course_id = CourseKeyField(max_length=255)
    course_edited_timestamp = models.DateTimeField(blank=True, null=True)
    course_version = models.CharField(blank=True, max_length=255)
    grading_policy_hash = models.CharField(max_length=255)
    percent_grade = models.FloatField()
    letter_grade = models.CharField(blank=True, max_length=255)
    passed_timestamp = models.DateTimeField(blank=True, null=True)

    class Meta:
        unique_together = (("course_id", "user_id"),)
        indexes = [
            models.Index(fields=["passed_timestamp", "course_id"]),
            models.Index(fields=["modified", "course_id"]),
        ]


class VisibleBlocks(models.Model):
    """The blocks that a subsection grade was computed over, by the hash of their list."""

    blocks_json = models.TextField()
    hashed = models.CharField(max_length=100, unique=True)
    course_id = CourseKeyField(max_length=255, db_index=True)


class PersistentSubsectionGrade(TimeStamped):
    """Points that a learner earned in a subsection, and points possible there."""

    id = UnsignedBigAutoField(primary_key=True)
    user_id = models.IntegerField()
    course_id = CourseKeyField(max_length=255)
    usage_key = UsageKeyField(max_length=255)
    subtree_edited_timestamp = models.DateTimeField(blank=True, null=True)
    course_version = models.CharField(blank=True, max_length=255)
    earned_all = models.FloatField()
    possible_all = models.FloatField()
    earned_graded = models.FloatField()
    possible_graded = models.FloatField()
    first_attempted = models.DateTimeField(null=True, blank=True)
    visible_blocks = models.ForeignKey(
        VisibleBlocks, db_column="visible_blocks_hash", to_field="hashed", on_delete=models.CASCADE
    )

    class Meta:
        unique_together = (("course_id", "user_id", "usage_key"),)
        indexes = [
            models.Index(fields=["modified", "course_id", "usage_key"]),
            models.Index(fields=["first_attempted", "course_id", "user_id"]),
        ]
