"""Course progress: the platform stores no percentage, so the project keeps its own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from opaque_keys.edx.django.models import CourseKeyField


class CourseProgress(models.Model):
    """How much of a course a learner had completed at an instant, a fraction 0 to 1.

    .. no_pii: an account's id only
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    course_key = CourseKeyField(max_length=255, case_sensitive=True)
    percent = models.FloatField(_("completed share"))
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("course progress")
        verbose_name_plural = _("course progress")
        constraints = [
            # Serves "learners of a course below x percent".
            models.UniqueConstraint(fields=["course_key", "user"], name="user_groups_one_progress"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.course_key}: {self.percent:.0%}"
