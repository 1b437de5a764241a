"""A small world of learners, built row by row, and the members of one criterion in it.

Every answer is asked for in each way that the product has (the criterion's set, both plans, the learners' facts), and
again for the complement; a test then only says who should match.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from openedx_user_groups.contrib.lms.platform import ProfileRow
from openedx_user_groups.criteria import configuration, registry
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.criteria.operands import EvaluationContext
from openedx_user_groups.criteria.operators import COMPLEMENT_OF
from openedx_user_groups.criteria.tree import Leaf, Node
from openedx_user_groups.data import Combine, PlanKind, Scope, ScopeType
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import matching
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.sets import IdSet, fetch_ids
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade
from sandbox.platform.student.models import CourseEnrollment, UserProfile

NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)

KEY = "course-v1:OrgX+C1+R1"
SIBLING_KEY = "course-v1:OrgX+C2+R1"
FOREIGN_KEY = "course-v1:OrgY+C1+R1"

COURSE = Scope.course(KEY)
ORGANIZATION = Scope(ScopeType.ORGANIZATION, "OrgX")
INSTANCE = Scope(ScopeType.INSTANCE)


def ago(days: float = 0, **duration: float) -> datetime:
    """An instant before :data:`NOW`."""
    return NOW - timedelta(days=days, **duration)


def block_key(name: str, kind: str = "problem") -> str:
    """The key of a block of the course."""
    return f"block-v1:OrgX+C1+R1+type@{kind}+block@{name}"


class World:
    """Three courses, two of one organization; people are added by the tests."""

    def __init__(self) -> None:
        for key, org in ((KEY, "OrgX"), (SIBLING_KEY, "OrgX"), (FOREIGN_KEY, "OrgY")):
            CourseOverview.objects.create(id=key, org=org, display_name=f"Course {key[-5:-3]} of {org}")

    def learner(self, name: str, course: str = KEY, **account: Any) -> User:
        """An account with an active enrollment."""
        user = self.account(name, **account)
        self.enroll(user, course)
        return user

    def account(self, name: str, **values: Any) -> User:
        """An account without any enrollment."""
        return User.objects.create(username=name, **{"email": f"{name}@example.org", **values})

    def enroll(self, user: User, course: str = KEY, created: datetime | None = None, **values: Any) -> None:
        """An enrollment; ``created`` is exactly what is given, even nothing."""
        enrollment = CourseEnrollment.objects.create(user=user, course_id=course, **values)
        CourseEnrollment.objects.filter(pk=enrollment.pk).update(created=created)

    def profile(self, user: User, **values: Any) -> UserProfile:
        """What a learner says of themselves, as it stands in the database."""
        if not values:
            return UserProfile.objects.create(user=user)
        profile = UserProfile.objects.create(user=user)
        # Not through the platform's fields, which tidy up what old releases and imports have left in the column.
        ProfileRow.objects.filter(pk=profile.pk).update(**values)
        return profile

    def grade(self, user: User, percent: float, course: str = KEY, passed: datetime | None = None) -> None:
        """A grade in a course, as a fraction."""
        PersistentCourseGrade.objects.create(
            user_id=user.pk, course_id=course, percent_grade=percent, passed_timestamp=passed
        )

    def complete(
        self, user: User, name: str, *, course: str = KEY, at: datetime = NOW, completion: float = 1.0
    ) -> None:
        """A completion of a block."""
        BlockCompletion.objects.create(
            user=user,
            context_key=course,
            block_key=block_key(name),
            block_type="problem",
            completion=completion,
            modified=at,
        )


def parse(slug: str, config: Any, scope: Scope = COURSE) -> Criterion:
    """A criterion from a configuration that must be valid, and come back as it was."""
    criterion, violations = configuration.parse(registry.find(slug), config, scope)
    assert violations == []
    return criterion


def refused(slug: str, config: Any, scope: Scope = COURSE) -> list[tuple[str, str]]:
    """Where and why a configuration is refused."""
    criterion, violations = configuration.parse(registry.find(slug), config, scope)
    assert criterion is None
    assert all(str(violation.message) for violation in violations)
    return [(violation.pointer, violation.code) for violation in violations]


def members(slug: str, scope: Scope = COURSE, as_of: datetime = NOW, **config: Any) -> set[str]:
    """The names of the learners that a criterion matches, the same in every way of asking."""
    criterion = parse(slug, config, scope)
    found = criterion.get_matching_user_ids(scope, as_of)
    for ids in _other_ways(criterion, scope, as_of):
        assert _names(ids) == _names(found)
    _assert_complement(slug, config, scope, as_of, found)
    return _names(found)


def fact_of(criterion: Criterion, scope: Scope = COURSE) -> dict[str, list[Any]]:
    """The values of the learners of a scope, by name."""
    universe = fetch_ids(universe_of(scope).ids())
    values = criterion.fact(_context(scope, NOW)).values_of(universe)
    return {User.objects.get(pk=pk).username: found for pk, found in values.items()}


def _other_ways(criterion: Criterion, scope: Scope, as_of: datetime) -> list[IdSet]:
    universe = fetch_ids(universe_of(scope).ids())
    leaf = Leaf("/rule/nodes/0", criterion.type_slug, criterion.config, criterion)
    rule = Node("/rule", Combine.ALL, False, (leaf,))
    by_plan = [Evaluation(rule, scope, as_of, plan) for plan in PlanKind]
    values = criterion.fact(_context(scope, as_of)).values_of(universe)
    test = criterion.value_test(_context(scope, as_of))
    return [
        *(evaluation.ids() for evaluation in by_plan),
        matching({"rule": by_plan[0]}, universe)["rule"],
        IdSet([pk for pk in universe if test.answer(values.get(pk, ()))]),
    ]


def _assert_complement(slug: str, config: dict[str, Any], scope: Scope, as_of: datetime, found: IdSet) -> None:
    """An operator and its complement split the universe in two."""
    pairs = COMPLEMENT_OF | {positive: complement for complement, positive in COMPLEMENT_OF.items()}
    other = pairs.get(config["operator"])
    if other is None or registry.find(slug).operator_named(other) is None:
        return
    criterion = parse(slug, {**config, "operator": other}, scope)
    opposite = fetch_ids(universe_of(scope).ids()) - found
    for ids in (criterion.get_matching_user_ids(scope, as_of), *_other_ways(criterion, scope, as_of)):
        assert _names(ids) == _names(opposite)


def _context(scope: Scope, as_of: datetime) -> EvaluationContext:
    return EvaluationContext(scope, as_of, timezone.get_default_timezone())


def _names(ids: IdSet) -> set[str]:
    return set(User.objects.filter(pk__in=list(ids)).values_list("username", flat=True))
