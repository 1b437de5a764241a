"""The track in which the learner is enrolled in the course."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import CharField, Func
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.criteria_api import (
    ENROLLMENT_CHANGES,
    Choice,
    Criterion,
    Enrollment,
    EvaluationContext,
    Fact,
    Listed,
    ListedChoices,
    ListField,
    Operand,
    Operator,
    Scope,
    criterion_link,
    operators,
)

from ..platform import CourseModeRow

#: The tracks that the platform itself knows.
PLATFORM_TRACKS: dict[str, Any] = {
    "audit": _("Audit"),
    "honor": _("Honor"),
    "verified": _("Verified"),
    "professional": _("Professional"),
    "no-id-professional": _("Professional without identity check"),
    "credit": _("Credit"),
    "masters": _("Master's degree"),
    "executive-education": _("Executive education"),
    "paid-executive-education": _("Executive education, paid"),
    "unpaid-executive-education": _("Executive education, unpaid"),
    "paid-bootcamp": _("Boot camp, paid"),
    "unpaid-bootcamp": _("Boot camp, unpaid"),
}


def configured_tracks(scope: Scope) -> dict[str, Any]:
    """The tracks that the course offers, or the platform's default one where nothing is configured."""
    rows = CourseModeRow.objects.filter(course_id=scope.course_key)
    default = getattr(settings, "COURSE_MODE_DEFAULTS", {"slug": "audit", "name": _("Audit")})
    return dict(rows.values_list("mode_slug", "mode_display_name")) or {default["slug"]: default["name"]}


class _Bytes(Func):
    """A text as its bytes where distinct texts may compare equal: MySQL takes “Audit” for “audit”."""

    template = "%(expressions)s"
    output_field = CharField()

    def as_mysql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS BINARY)")


def tracks(scope: Scope) -> dict[str, Any]:
    """The tracks that the course offers, and those that its learners are in although it offers them no longer."""
    enrollments = Enrollment.objects.filter(course_id=scope.course_key, is_active=True).order_by()
    in_use = enrollments.values_list("mode", _Bytes("mode")).distinct()
    return {slug: slug for slug, _bytes in in_use} | configured_tracks(scope)


class TrackChoices(ListedChoices):
    """Tracks of a course. Reading those in use passes over all its enrollments, so that is done only where needed.

    A rule may also name a track of the platform that the course does not offer (yet, or in this run): it matches
    nobody.
    """

    def resolve(self, scope: Scope, values: Collection[str]) -> list[Choice]:
        known = PLATFORM_TRACKS | configured_tracks(scope)
        if known.keys() >= set(values):
            return [Choice(value, known[value]) for value in values]
        return super().resolve(scope, values)


class EnrollmentTrack(Criterion):
    """Track of the active enrollment."""

    criterion_type = "enrollment_track"
    label = _("Enrollment track")
    help_text = _("The track in which the learner is enrolled in the course now.")
    category = "enrollment"
    missing_meaning = _("Everybody who is enrolled has a track.")
    changes = ENROLLMENT_CHANGES

    criterion = criterion_link()
    modes = ListField(_("tracks"), value_type="enum", choices_from=TrackChoices(lambda scope: tracks(scope).items()))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("modes"),)
    operators: ClassVar[tuple[Operator, ...]] = operators("in not_in", "modes")

    def fact(self, context: EvaluationContext) -> Fact:
        rows = Enrollment.objects.filter(course_id=context.scope.course_key, is_active=True)
        return Fact(rows, value="mode", single_valued=True)
