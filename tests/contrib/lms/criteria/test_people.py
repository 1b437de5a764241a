"""Roles, and lists of learners."""

from __future__ import annotations

import pytest

from openedx_user_groups.contrib.lms.criteria.course_role import ROLES
from openedx_user_groups.contrib.lms.criteria.learner_list import LearnerList
from openedx_user_groups.criteria import configuration
from sandbox.platform.organizations.models import Organization, OrganizationCourse
from sandbox.platform.student.models import CourseAccessRole
from tests.contrib.lms.world import (
    COURSE,
    FOREIGN_KEY,
    INSTANCE,
    KEY,
    ORGANIZATION,
    SIBLING_KEY,
    members,
    parse,
    refused,
)


class TestCourseRole:
    @pytest.fixture(autouse=True)
    def people(self, world):
        for name, course, org, role in (
            ("in_course", KEY, "OrgX", "staff"),
            ("in_organization", "", "OrgX", "staff"),
            ("in_sibling", SIBLING_KEY, "OrgX", "staff"),
            ("in_foreign", FOREIGN_KEY, "OrgY", "staff"),
            ("in_foreign_organization", "", "OrgY", "instructor"),
            ("on_site", "", "", "support"),
            ("tester", KEY, "OrgX", "beta_testers"),
        ):
            user = world.learner(name)
            CourseAccessRole.objects.create(user=user, course_id=course or None, org=org, role=role)
            if name == "tester":
                CourseAccessRole.objects.create(user=user, course_id=KEY, org="OrgX", role="staff")
        world.learner("plain")

    def test_course(self):
        assert members("course_role", operator="in", roles=["staff"]) == {"in_course", "in_organization", "tester"}
        assert members("course_role", operator="in", roles=["beta_testers", "instructor"]) == {"tester"}
        assert members("course_role", operator="exists") == {"in_course", "in_organization", "tester"}

    def test_organization(self):
        assert members("course_role", ORGANIZATION, operator="in", roles=["staff"]) == {
            *("in_course", "in_organization", "in_sibling", "tester")
        }

    def test_organization_includes_linked_courses(self, world):
        linked = Organization.objects.create(name="X", short_name="OrgX")
        OrganizationCourse.objects.create(organization=linked, course_id=FOREIGN_KEY)
        assert members("course_role", ORGANIZATION, operator="in", roles=["staff"]) == {
            *("in_course", "in_organization", "in_sibling", "tester", "in_foreign")
        }

    @pytest.mark.parametrize("scope", [COURSE, ORGANIZATION])
    def test_another_case_is_another_organization(self, world, scope):
        CourseAccessRole.objects.create(user=world.learner("other"), course_id=None, org="orgx", role="sales_admin")
        assert members("course_role", scope, operator="in", roles=["sales_admin"]) == set()

    def test_only_roles_of_courses_and_organizations(self):
        assert "support" not in dict(ROLES)
        assert refused("course_role", {"operator": "in", "roles": ["support"]}) == [("/roles/0", "invalid_choice")]


class TestLearnerList:
    @pytest.fixture(autouse=True)
    def people(self, world):
        self.ann, self.bob = world.learner("ann"), world.learner("bob")
        world.learner("cem", course=FOREIGN_KEY)

    def test_who_matches(self):
        assert members("learner_list", operator="in", learners=["ann", "cem"]) == {"ann"}
        assert members("learner_list", operator="not_in", learners=["ann", "cem"]) == {"bob"}
        assert members("learner_list", operator="in", learners=["BOB@example.org"]) == {"bob"}
        assert members("learner_list", INSTANCE, operator="in", learners=["ann", "cem"]) == {"ann", "cem"}

    def test_a_user_name_goes_before_an_address(self, world):
        """Lists are shown by user names: what was shown must mean the same when it comes back."""
        named = world.learner("bob@example.org", email="else@example.org")
        criterion = parse("learner_list", {"operator": "in", "learners": ["bob@example.org", "else@example.org"]})
        assert criterion.config["learners"] == [named.pk]

    @pytest.mark.parametrize(
        ("scope", "names"),
        [(COURSE, {"ann", "left"}), (ORGANIZATION, {"ann", "left", "next_door"}), (INSTANCE, None)],
    )
    def test_addresses_name_people_of_the_scope(self, world, scope, names):
        """Or staff of one course could turn the addresses of the whole site into user names."""
        world.enroll(world.account("left"), is_active=False)
        world.learner("next_door", course=SIBLING_KEY)
        world.account("stranger")
        for name in ("ann", "left", "next_door", "cem", "stranger"):
            config = {"operator": "in", "learners": [f"{name.upper()}@example.org"]}
            if names is None or name in names:
                parse("learner_list", config, scope)
            else:
                assert refused("learner_list", config, scope) == [("/learners/0", "unknown_learner")]
            assert parse("learner_list", {"operator": "in", "learners": [name]}, scope)

    def test_who_is_listed_stays_whatever_the_name(self, world):
        outsider = world.account("stranger")
        config = {"operator": "in", "learners": ["stranger@example.org", "ann@example.org"]}
        criterion, violations = configuration.parse(LearnerList, config, COURSE, saved={"learners": [outsider.pk]})
        assert (violations, criterion.learners) == ([], [outsider.pk, self.ann.pk])

    def test_ids_are_kept(self):
        criterion = parse("learner_list", {"operator": "in", "learners": ["bob", "ann@example.org", "ann"]})
        assert criterion.config == {"operator": "in", "learners": [self.bob.pk, self.ann.pk]}

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({"operator": "in", "learners": ["ann", "zoe"]}, [("/learners/1", "unknown_learner")]),
            ({"operator": "in", "learners": ["ANN"]}, [("/learners/0", "unknown_learner")]),
            ({"operator": "in", "learners": [1]}, [("/learners/0", "wrong_type")]),
            ({"operator": "in", "learners": []}, [("/learners", "empty_list")]),
            ({"operator": "exists"}, [("/operator", "unknown_operator")]),
        ],
    )
    def test_refused(self, config, expected):
        assert refused("learner_list", config) == expected
