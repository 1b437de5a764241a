"""The factories make what tests of plugins need, and the stand-ins for the platform's tables can be read."""

from __future__ import annotations

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.models import Country
from openedx_user_groups.data import GroupState, MembershipSource, Scope, ScopeType
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups.platform import Enrollment
from openedx_user_groups.testing import tables
from openedx_user_groups.testing.factories import (
    COURSE,
    EnrollmentFactory,
    LearnerFactory,
    UserGroupFactory,
    create_group,
    criterion,
    rule,
)
from sandbox.platform.student.models import UserProfile

SPAIN = {"kind": "criterion", "type": "country", "config": {"operator": "in", "countries": ["ES"]}}


@pytest.mark.django_db
def test_learners_are_enrolled_in_the_courses_named():
    other = "course-v1:Other+A+1"
    learner = LearnerFactory(enrolled_in=[COURSE, other], enrolled_in__mode="verified", enrolled_in__is_active=False)
    enrollments = Enrollment.objects.filter(user=learner).order_by("course_id")
    assert [(str(row.course_id), row.mode, row.is_active) for row in enrollments] == [
        (COURSE.key, "verified", False),
        (other, "verified", False),
    ]
    assert not Enrollment.objects.filter(user=LearnerFactory()).exists()
    assert str(EnrollmentFactory().course_id) == COURSE.key


def test_rules_are_built_from_criteria():
    assert criterion("country", operator="in", countries=["ES"]) == SPAIN
    assert criterion(Country, operator="in", countries=["ES"]) == SPAIN
    assert rule(SPAIN, rule(SPAIN, combine="any", negated=True)) == {
        "kind": "rule",
        "combine": "all",
        "negated": False,
        "nodes": [SPAIN, {"kind": "rule", "combine": "any", "negated": True, "nodes": [SPAIN]}],
    }


@pytest.mark.django_db
def test_a_created_group_has_its_members():
    spanish, other = LearnerFactory(enrolled_in=COURSE), LearnerFactory(enrolled_in=COURSE)
    UserProfile.objects.create(user=spanish, country="ES")
    UserProfile.objects.create(user=other, country="FR")
    group = create_group(COURSE, rule(SPAIN), name="Spain")
    assert (group.name, group.state, group.member_count) == ("Spain", GroupState.FRESH, 1)
    assert [membership.user for membership in api.members(group)] == [spanish]


@pytest.mark.django_db
def test_groups_are_made_as_rows():
    by_rule = UserGroupFactory(rule=rule(SPAIN))
    assert (by_rule.scope, by_rule.membership_source) == (COURSE, MembershipSource.CRITERIA)
    [detail] = api.describe([by_rule])
    assert detail.rule["nodes"][0]["config"] == SPAIN["config"]
    assert (detail.state, by_rule.member_count) == (GroupState.STALE, 0)

    learners = LearnerFactory.create_batch(2)
    listed = UserGroupFactory(scope=Scope(ScopeType.INSTANCE), manual=True, members=learners)
    listed.refresh_from_db()
    assert (listed.scope, listed.is_manual, listed.state) == (Scope(ScopeType.INSTANCE), True, GroupState.FRESH)
    assert (listed.member_count, [found.user for found in api.members(listed)]) == (2, learners)


@pytest.mark.django_db
def test_a_rule_that_is_not_valid_is_refused():
    with pytest.raises(InvalidInput):
        UserGroupFactory(rule=rule({**SPAIN, "type": "no_such_type"}))


@pytest.mark.django_db(transaction=True)
@isolate_apps("openedx_user_groups")
def test_stand_in_tables_have_the_columns_of_every_model_over_them(monkeypatch):
    first = _read_model("First", "stand_in_for_tests", one=models.IntegerField())
    _read_model("Second", "stand_in_for_tests", two=models.CharField(max_length=10))
    _read_model("Existing", "student_courseenrollment", surplus=models.IntegerField())
    monkeypatch.setattr(tables, "apps", first._meta.apps)
    enrollment = _columns("student_courseenrollment")
    try:
        tables.create_missing_tables()
        tables.create_missing_tables()  # What exists is left alone.
        assert _columns("stand_in_for_tests") == {"id", "one", "two"}
        assert _columns("student_courseenrollment") == enrollment
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS stand_in_for_tests")


def _read_model(name: str, table: str, **fields: models.Field) -> type[models.Model]:
    meta = type("Meta", (), {"managed": False, "db_table": table, "app_label": "openedx_user_groups"})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})


def _columns(table: str) -> set[str]:
    with connection.cursor() as cursor:
        return {column.name for column in connection.introspection.get_table_description(cursor, table)}
