"""Legacy cohorts and teams."""

from __future__ import annotations

import pytest

from openedx_user_groups.contrib.lms.models import Cohort, Team
from openedx_user_groups.criteria import fields
from sandbox.platform.course_groups.models import CohortMembership, CourseCohortsSettings, CourseUserGroup
from sandbox.platform.teams.models import CourseTeam, CourseTeamMembership
from tests.contrib.lms.world import COURSE, KEY, NOW, SIBLING_KEY, members, parse, refused


class TestCohort:
    @pytest.fixture
    def cohorts(self, world):
        CourseCohortsSettings.objects.create(course_id=KEY, is_cohorted=True)
        ids = {}
        for name, course in (("Red", KEY), ("Blue", KEY), ("Green", SIBLING_KEY)):
            cohort = CourseUserGroup.objects.create(name=name, course_id=course, group_type="cohort")
            CohortMembership.objects.create(
                user=world.learner(name.lower()), course_user_group=cohort, course_id=course
            )
            ids[name] = str(cohort.pk)
        world.learner("free")
        return ids

    def test_who_matches(self, cohorts):
        assert members("cohort", operator="in", cohorts=[cohorts["Red"]]) == {"red"}
        assert members("cohort", operator="not_in", cohorts=[cohorts["Red"]]) == {"blue", "green", "free"}
        assert members("cohort", operator="in", cohorts=[cohorts["Blue"], cohorts["Red"]]) == {"red", "blue"}
        assert members("cohort", operator="exists") == {"red", "blue"}

    def test_memberships_mean_nothing_where_cohorts_are_off(self, cohorts):
        CourseCohortsSettings.objects.update(is_cohorted=False)
        assert members("cohort", operator="in", cohorts=[cohorts["Red"]]) == set()
        assert members("cohort", operator="not_exists") == {"red", "blue", "green", "free"}
        CourseCohortsSettings.objects.all().delete()
        assert members("cohort", operator="exists") == set()

    def test_choices_are_those_of_the_course(self, cohorts):
        source = fields.choices_from(Cohort._meta.get_field("cohorts"))
        assert [(choice.value, choice.label) for choice in source.search(COURSE, "", 10)] == [
            (cohorts["Blue"], "Blue"),
            (cohorts["Red"], "Red"),
        ]
        assert [choice.label for choice in source.search(COURSE, "rED", 10)] == ["Red"]
        assert source.resolve(COURSE, [cohorts["Green"], "nonsense"]) == []

    @pytest.mark.parametrize("cohort", ["0", "nonsense", "-1", "1.0"])
    def test_refused(self, cohorts, cohort):
        assert refused("cohort", {"operator": "in", "cohorts": [cohort]}) == [("/cohorts/0", "invalid_choice")]

    def test_ids_are_exact_and_text(self, cohorts):
        red = cohorts["Red"]
        assert refused("cohort", {"operator": "in", "cohorts": [f"0{red}"]}) == [("/cohorts/0", "invalid_choice")]
        assert refused("cohort", {"operator": "in", "cohorts": [int(red)]}) == [("/cohorts/0", "wrong_type")]

    def test_nothing_is_assigned_by_asking(self, cohorts):
        before = CohortMembership.objects.count()
        members("cohort", operator="not_exists")
        assert CohortMembership.objects.count() == before


class TestTeam:
    @pytest.fixture(autouse=True)
    def teams(self, world):
        people = {name: world.learner(name) for name in ("one", "two", "free", "elsewhere_only")}
        for slug, course, names in (
            ("alpha", KEY, ("one", "two")),
            ("beta", KEY, ("two",)),
            ("gamma", SIBLING_KEY, ("elsewhere_only",)),
        ):
            team = CourseTeam.objects.create(
                team_id=slug, discussion_topic_id=slug, name=slug.title(), course_id=course, last_activity_at=NOW
            )
            for name in names:
                CourseTeamMembership.objects.create(user=people[name], team=team, last_activity_at=NOW)

    def test_who_matches(self):
        assert members("team", operator="in", teams=["alpha"]) == {"one", "two"}
        assert members("team", operator="in", teams=["beta", "alpha"]) == {"one", "two"}
        assert members("team", operator="not_in", teams=["beta"]) == {"one", "free", "elsewhere_only"}
        assert members("team", operator="exists") == {"one", "two"}

    def test_choices_are_those_of_the_course(self):
        source = fields.choices_from(Team._meta.get_field("teams"))
        assert [(choice.value, choice.label) for choice in source.search(COURSE, "", 10)] == [
            ("alpha", "Alpha"),
            ("beta", "Beta"),
        ]
        assert [choice.value for choice in source.search(COURSE, "BET", 10)] == ["beta"]

    def test_refused(self):
        for team in ("gamma", "ALPHA", "none"):
            assert refused("team", {"operator": "in", "teams": [team]}) == [("/teams/0", "invalid_choice")]

    def test_a_team_that_was_deleted_matches_nobody(self):
        criterion = parse("team", {"operator": "in", "teams": ["beta"]})
        CourseTeam.objects.filter(team_id="beta").delete()
        assert not criterion.get_matching_user_ids(COURSE, NOW)
