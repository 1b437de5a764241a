"""Read models over the platform's tables that hold facts about learners.

Unmanaged, only the columns in use, and no foreign key to an app that Studio lacks. Enrollments and courses stand in the
core, which needs them for the universe of a scope. Nothing is ever written through these models.

Keys of courses are key fields, because they are mostly compared with. Keys of content are plain text: they are read by
the thousand, and parsing each would cost more than the query.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from opaque_keys.edx.django.models import CourseKeyField, LearningContextKeyField


def _user() -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False)


def _row(model: type[models.Model]) -> models.ForeignKey:
    return models.ForeignKey(model, models.DO_NOTHING, related_name="+", db_constraint=False)


class ProfileRow(models.Model):
    """What a learner says about themselves. An account may have no profile; empty text means "not said"."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+", db_constraint=False)
    country = models.CharField(max_length=2, null=True)
    gender = models.CharField(max_length=6, null=True)
    level_of_education = models.CharField(max_length=6, null=True)
    year_of_birth = models.IntegerField(null=True)

    class Meta:
        managed = False
        db_table = "auth_userprofile"


class LanguageProficiencyRow(models.Model):
    """A language that a learner speaks; a learner may speak several."""

    user_profile = _row(ProfileRow)
    code = models.CharField(max_length=16)

    class Meta:
        managed = False
        db_table = "student_languageproficiency"


class UserPreferenceRow(models.Model):
    """One setting of one account, such as the language of the interface. No row: never set."""

    user = _user()
    key = models.CharField(max_length=255)
    value = models.TextField()

    class Meta:
        managed = False
        db_table = "user_api_userpreference"


class CourseModeRow(models.Model):
    """A track of a course that staff have configured, once a currency. Enrollments may use slugs without a row."""

    course_id = CourseKeyField(max_length=255)
    mode_slug = models.CharField(max_length=100)
    mode_display_name = models.CharField(max_length=255)

    class Meta:
        managed = False
        db_table = "course_modes_coursemode"


class CourseRoleRow(models.Model):
    """A role in a course or, where the course is empty, in a whole organization."""

    user = _user()
    org = models.CharField(max_length=64)
    course_id = CourseKeyField(max_length=255)
    role = models.CharField(max_length=64)

    class Meta:
        managed = False
        db_table = "student_courseaccessrole"


class CourseGradeRow(models.Model):
    """A learner's present grade in a course, a fraction 0 to 1. There is a row only after a first graded attempt."""

    user_id = models.IntegerField()
    course_id = CourseKeyField(max_length=255)
    percent_grade = models.FloatField()
    passed_timestamp = models.DateTimeField(null=True)
    modified = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "grades_persistentcoursegrade"


class SubsectionGradeRow(models.Model):
    """Graded points that a learner earned in a subsection, and those possible there; 0 possible means not graded."""

    user_id = models.IntegerField()
    course_id = CourseKeyField(max_length=255)
    usage_key = models.CharField(max_length=255)
    earned_graded = models.FloatField()
    possible_graded = models.FloatField()
    modified = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "grades_persistentsubsectiongrade"


class CertificateRow(models.Model):
    """A learner's certificate in a course, in whatever state; only a downloadable one is a valid one."""

    user = _user()
    course_id = CourseKeyField(max_length=255)
    status = models.CharField(max_length=32)
    modified_date = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "certificates_generatedcertificate"


class BlockCompletionRow(models.Model):
    """How far a learner has completed a block, 0 to 1. Un-completing sets 0 and keeps the row."""

    user = _user()
    context_key = LearningContextKeyField(max_length=255, db_column="course_key")
    block_key = models.CharField(max_length=255)
    completion = models.FloatField()
    modified = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "completion_blockcompletion"


class CohortRow(models.Model):
    """A cohort of a course. The platform keeps no other kind of group in this table."""

    name = models.CharField(max_length=255)
    course_id = CourseKeyField(max_length=255)

    class Meta:
        managed = False
        db_table = "course_groups_courseusergroup"


class CohortMembershipRow(models.Model):
    """A learner's cohort: at most one a course."""

    course_user_group = _row(CohortRow)
    user = _user()
    course_id = CourseKeyField(max_length=255)

    class Meta:
        managed = False
        db_table = "course_groups_cohortmembership"


class CohortSettingsRow(models.Model):
    """Whether a course uses cohorts. Where it does not, memberships may exist and mean nothing."""

    course_id = CourseKeyField(max_length=255)
    is_cohorted = models.BooleanField()

    class Meta:
        managed = False
        db_table = "course_groups_coursecohortssettings"


class TeamRow(models.Model):
    """A team of a course."""

    team_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    course_id = CourseKeyField(max_length=255)

    class Meta:
        managed = False
        db_table = "teams_courseteam"


class TeamMembershipRow(models.Model):
    """A learner in a team; a learner may be in one of each team set."""

    user = _user()
    team = _row(TeamRow)
    date_joined = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "teams_courseteammembership"
