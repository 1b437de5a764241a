"""Learners, rules and user groups for tests.

Learners are accounts. Who is enrolled in what is the platform's business; its table is written here through the core's
read model, which has every column that evaluations look at. That works wherever the table exists: in the platform, and
in a plugin's test site with :mod:`openedx_user_groups.testing` among its apps. Outside tests nothing writes there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import factory
from django.conf import settings
from django.utils import timezone
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups import api
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.storage import save_rule
from openedx_user_groups.data import GroupState, MembershipSource, RefreshTrigger, Scope
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.platform import Enrollment
from openedx_user_groups.membership.changes import Cause, replace_members
from openedx_user_groups.sets import IdSet

#: The course that is meant where a test names none.
COURSE = Scope.course("course-v1:Example+Groups+1")


class LearnerFactory(factory.django.DjangoModelFactory):
    """An account. ``enrolled_in`` names a course, or several, in which it is enrolled; ``enrolled_in__is_active=False``
    and the like go to :class:`EnrollmentFactory`."""

    class Meta:
        model = settings.AUTH_USER_MODEL
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"learner_{n}")
    email = factory.LazyAttribute(lambda learner: f"{learner.username}@example.com")
    password = "!"  # Matches no input.
    is_active = True

    @factory.post_generation
    def enrolled_in(obj: Any, create: bool, courses: Any, **enrollment: Any) -> None:
        """Enroll the account in ``courses``: a key, a course scope, or a list of them."""
        for course in [courses] if isinstance(courses, str | CourseKey | Scope) else courses or ():
            EnrollmentFactory(user=obj, course=course, **enrollment)


class EnrollmentFactory(factory.django.DjangoModelFactory):
    """An active enrollment in ``course``: a key, its text, or a course scope."""

    class Meta:
        model = Enrollment

    class Params:
        course = COURSE

    user = factory.SubFactory(LearnerFactory)
    course_id = factory.LazyAttribute(lambda enrollment: _course_key(enrollment.course))
    created = factory.LazyFunction(timezone.now)
    is_active = True
    mode = "audit"


class UserGroupFactory(factory.django.DjangoModelFactory):
    """A group as rows, with no refresh: ``UserGroupFactory(rule=rule(...))``, or ``UserGroupFactory(manual=True,
    members=[learner])``. To have the rule evaluated, as when staff save the group, call :func:`create_group`."""

    class Meta:
        model = UserGroup
        skip_postgeneration_save = True

    class Params:
        scope = COURSE
        manual = factory.Trait(membership_source=MembershipSource.MANUAL, state=GroupState.FRESH)

    scope_type = factory.SelfAttribute("scope.type")
    scope_key = factory.SelfAttribute("scope.key")
    name = factory.Sequence(lambda n: f"Group {n}")

    @factory.post_generation
    def rule(obj: Any, create: bool, definition: Mapping[str, Any] | None, **kwargs: Any) -> None:
        """Save ``definition`` as the rule. Raises ``InvalidInput`` where it is not valid."""
        if definition is not None:
            save_rule(obj, parse_rule(definition, obj.scope))

    @factory.post_generation
    def members(obj: Any, create: bool, learners: Iterable[Any] | None, **kwargs: Any) -> None:
        """Make ``learners`` (accounts) the members."""
        if learners is not None:
            ids = IdSet([learner.pk for learner in learners])
            replace_members(obj, ids, Cause(RefreshTrigger.MANUAL, timezone.now()))
            obj.save()


def criterion(type_: str | type[Criterion], /, **config: Any) -> dict[str, Any]:
    """A leaf of a rule's definition: ``criterion("newsletter", operator="in", topics=["news"])``."""
    slug = type_ if isinstance(type_, str) else type_.criterion_type
    return {"kind": "criterion", "type": slug, "config": config}


def rule(*nodes: Mapping[str, Any], combine: str = "all", negated: bool = False) -> dict[str, Any]:
    """A rule's definition, or a rule within one: ``rule(criterion(...), rule(..., combine="any"))``."""
    return {"kind": "rule", "combine": combine, "negated": negated, "nodes": list(nodes)}


def create_group(
    scope: Scope, rule: Mapping[str, Any], *, name: str | None = None, acting_user: Any = None
) -> UserGroup:
    """Create a group as staff do, through ``api``, and have its members computed. Raises what ``api`` raises.

    A rule that contradicts itself is saved too.
    """
    return api.create_user_group(
        scope=scope,
        name=name or UserGroupFactory.build().name,
        rule=rule,
        confirm_impossible=True,
        acting_user=acting_user or LearnerFactory(is_staff=True),
    )


def _course_key(course: Any) -> CourseKey:
    if isinstance(course, Scope):
        return course.course_key
    return CourseKey.from_string(course) if isinstance(course, str) else course
