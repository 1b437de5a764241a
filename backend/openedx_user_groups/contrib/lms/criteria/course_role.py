"""The roles that the learner has besides learning."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from opaque_keys.edx.django.models import CourseKeyField

from openedx_user_groups.criteria_api import (
    Criterion,
    EvaluationContext,
    Fact,
    Listed,
    ListedChoices,
    ListField,
    Operand,
    Operator,
    ScopeType,
    courses_of,
    criterion_link,
    exactly,
    operators,
)

from ..events import ROLE_CHANGES
from ..platform import CourseRoleRow

#: The roles that belong to a course or an organization. Those of the whole site are not a matter of either.
ROLES: tuple[tuple[str, Any], ...] = (
    ("staff", _("Staff")),
    ("limited_staff", _("Limited staff")),
    ("instructor", _("Administrator")),
    ("beta_testers", _("Beta tester")),
    ("data_researcher", _("Data researcher")),
    ("ccx_coach", _("CCX coach")),
    ("finance_admin", _("Finance administrator")),
    ("sales_admin", _("Sales administrator")),
    ("library_user", _("Library user")),
    ("org_course_creator_group", _("Course creator of the organization")),
)

_LABELS = {
    "in": _("include one of"),
    "not_in": _("include none of"),
    "exists": _("include any"),
    "not_exists": _("include none"),
}


class CourseRole(Criterion):
    """Roles in the course, or in its organization as a whole; for an organization, those in any of its courses."""

    criterion_type = "course_role"
    label = _("Course roles")
    help_text = _("Roles such as staff or beta tester. Roles in the whole organization count in each of its courses.")
    category = "people"
    scopes = (ScopeType.COURSE, ScopeType.ORGANIZATION)
    missing_meaning = _("The learner has no role but that of a learner.")
    changes = ROLE_CHANGES

    criterion = criterion_link()
    roles = ListField(_("roles"), value_type="enum", choices_from=ListedChoices(lambda scope: ROLES))

    operands: ClassVar[tuple[Operand, ...]] = (Listed("roles"),)
    operators: ClassVar[tuple[Operator, ...]] = (
        *operators("in not_in", "roles", labels=_LABELS),
        *operators("exists not_exists", labels=_LABELS),
    )

    def fact(self, context: EvaluationContext) -> Fact:
        scope = context.scope
        if scope.type == ScopeType.COURSE:
            organization = scope.course_key.org or ""
            in_courses = Fact(CourseRoleRow.objects.filter(course_id=scope.course_key), value="role")
        else:
            organization = scope.key
            # Also in courses that are linked to it. A function, because finding the courses asks the database.
            in_courses = Fact(lambda: CourseRoleRow.objects.filter(course_id__in=courses_of(scope)), value="role")
        in_all = exactly(CourseRoleRow.objects.filter(course_id=CourseKeyField.Empty), "org", organization)
        return in_courses.also(in_all, value="role")
