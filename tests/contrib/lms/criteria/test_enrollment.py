"""Tracks, and enrollment in and completion of other courses."""

from __future__ import annotations

import pytest

from openedx_user_groups.contrib.lms.models import CourseEnrollment, EnrollmentTrack
from openedx_user_groups.criteria import fields
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.course_modes.models import CourseMode
from sandbox.platform.course_overviews.models import CourseOverview
from tests.contrib.lms.world import (
    COURSE,
    FOREIGN_KEY,
    INSTANCE,
    KEY,
    ORGANIZATION,
    SIBLING_KEY,
    ago,
    members,
    parse,
    refused,
)


class TestEnrollmentTrack:
    @pytest.fixture
    def tracks(self, world):
        for currency in ("usd", "eur"):
            CourseMode.objects.create(
                course_id=KEY, mode_slug="verified", mode_display_name="Verified", currency=currency
            )
        for name, mode in (("verified", "verified"), ("audit", "audit"), ("odd", "Verified")):
            world.enroll(world.account(name), mode=mode)
        world.enroll(world.account("left"), mode="honor", is_active=False)
        world.learner("elsewhere_only", course=SIBLING_KEY)
        return world

    def test_who_matches(self, tracks):
        assert members("enrollment_track", operator="in", modes=["verified"]) == {"verified"}
        assert members("enrollment_track", operator="not_in", modes=["verified"]) == {"audit", "odd"}
        assert members("enrollment_track", operator="in", modes=["audit", "verified"]) == {"verified", "audit"}

    def test_choices_are_configured_or_in_use(self, tracks):
        source = fields.choices_from(EnrollmentTrack._meta.get_field("modes"))
        found = {choice.value: choice.label for choice in source.search(COURSE, "", 10)}
        assert found["verified"] == "Verified"
        assert found["audit"] == "audit"
        assert "honor" not in found

    def test_each_track_in_use_can_be_chosen_however_alike(self, tracks):
        for number, mode in enumerate(("Audit", "audit ", "áudit")):
            tracks.enroll(tracks.account(f"alike{number}"), mode=mode)
        source = fields.choices_from(EnrollmentTrack._meta.get_field("modes"))
        expected = {"audit", "Audit", "audit ", "áudit", "Verified", "verified"}
        assert {choice.value for choice in source.search(COURSE, "", 10)} == expected
        for mode in expected:
            assert len(members("enrollment_track", operator="in", modes=[mode])) == 1

    def test_a_configured_track_is_found_without_the_enrollments(self, tracks, django_assert_num_queries):
        source = fields.choices_from(EnrollmentTrack._meta.get_field("modes"))
        with django_assert_num_queries(1):
            assert [choice.label for choice in source.resolve(COURSE, ["verified"])] == ["Verified"]
        assert [choice.value for choice in source.resolve(COURSE, ["audit", "none"])] == ["audit"]

    def test_a_course_without_any_has_the_default(self, world, settings):
        source = fields.choices_from(EnrollmentTrack._meta.get_field("modes"))
        assert [choice.value for choice in source.search(COURSE, "", 10)] == ["audit"]
        settings.COURSE_MODE_DEFAULTS = {"slug": "honor", "name": "Honor"}
        assert [(choice.value, choice.label) for choice in source.search(COURSE, "", 10)] == [("honor", "Honor")]

    def test_refused(self, tracks):
        assert refused("enrollment_track", {"operator": "in", "modes": ["gold"]}) == [("/modes/0", "invalid_choice")]
        assert refused("enrollment_track", {"operator": "exists"}) == [("/operator", "unknown_operator")]


class TestCourseEnrollment:
    @pytest.fixture(autouse=True)
    def people(self, world):
        world.learner("only_here")
        world.enroll(world.learner("also_there"), FOREIGN_KEY)
        world.enroll(world.learner("was_there"), FOREIGN_KEY, is_active=False)
        world.learner("only_there", course=FOREIGN_KEY)

    def test_active_is_the_default(self):
        assert members("course_enrollment", operator="in", courses=[FOREIGN_KEY]) == {"also_there"}
        assert members("course_enrollment", operator="in", courses=[FOREIGN_KEY], status="active") == {"also_there"}
        assert members("course_enrollment", operator="not_in", courses=[FOREIGN_KEY]) == {"only_here", "was_there"}

    def test_ever(self):
        assert members("course_enrollment", operator="in", courses=[FOREIGN_KEY], status="ever") == {
            "also_there",
            "was_there",
        }
        assert members("course_enrollment", operator="in", courses=[FOREIGN_KEY, KEY], status="ever") == {
            "only_here",
            "also_there",
            "was_there",
        }

    def test_the_status_selects_the_fact(self):
        active = parse("course_enrollment", {"operator": "in", "courses": [KEY]})
        ever = parse("course_enrollment", {"operator": "in", "courses": [KEY], "status": "ever"})
        assert active.fact_key() != ever.fact_key()

    def test_other_scopes(self):
        assert members("course_enrollment", INSTANCE, operator="in", courses=[FOREIGN_KEY]) == {
            "also_there",
            "only_there",
        }
        assert members("course_enrollment", ORGANIZATION, operator="in", courses=[FOREIGN_KEY]) == {"also_there"}

    def test_choices_are_the_courses_of_the_site(self):
        CourseOverview.objects.create(id="course-v1:OrgZ+Z+Z", org="OrgZ", display_name=None)
        source = fields.choices_from(CourseEnrollment._meta.get_field("courses"))
        assert {choice.value for choice in source.search(COURSE, "", 10)} == {
            *(KEY, SIBLING_KEY, FOREIGN_KEY),
            "course-v1:OrgZ+Z+Z",
        }
        assert [choice.label for choice in source.search(COURSE, "OF ORGY", 10)] == [
            f"Course C1 of OrgY ({FOREIGN_KEY})"
        ]
        assert [choice.value for choice in source.search(COURSE, "orgx+c2", 10)] == [SIBLING_KEY]
        assert [choice.label for choice in source.resolve(COURSE, ["course-v1:OrgZ+Z+Z", "??"])] == [
            "course-v1:OrgZ+Z+Z"
        ]
        assert len(source.search(COURSE, "", 2, offset=3)) == 1

    @pytest.mark.parametrize("course", ["nonsense", "course-v1:OrgX+Gone+R1", KEY.upper(), KEY.lower()])
    def test_refused(self, course):
        config = {"operator": "in", "courses": [KEY, course]}
        assert refused("course_enrollment", config) == [("/courses/1", "invalid_choice")]

    def test_an_unknown_status_is_refused(self):
        config = {"operator": "in", "courses": [KEY], "status": "never"}
        assert [place for place, _code in refused("course_enrollment", config)] == ["/status"]


class TestCourseCompletion:
    def test_passed_or_certified(self, world):
        passed, certified, both, failed, here = (
            world.learner(name) for name in ("passed", "certified", "both", "failed", "here")
        )
        for user in (passed, both):
            world.grade(user, 0.9, course=FOREIGN_KEY, passed=ago(5))
        for user in (certified, both):
            GeneratedCertificate.objects.create(user=user, course_id=FOREIGN_KEY, status="downloadable")
        world.grade(failed, 0.2, course=FOREIGN_KEY)
        GeneratedCertificate.objects.create(user=failed, course_id=FOREIGN_KEY, status="notpassing")
        world.grade(here, 0.9, passed=ago(5))
        world.learner("absent")
        assert members("course_completion", operator="in", courses=[FOREIGN_KEY]) == {"passed", "certified", "both"}
        assert members("course_completion", operator="not_in", courses=[FOREIGN_KEY]) == {"failed", "here", "absent"}
        assert members("course_completion", operator="in", courses=[SIBLING_KEY, KEY]) == {"here"}
        assert members("course_completion", INSTANCE, operator="in", courses=[FOREIGN_KEY]) == {
            *("passed", "certified", "both")
        }

    def test_refused(self, world):
        assert refused("course_completion", {"operator": "in", "courses": ["x"]}) == [("/courses/0", "invalid_choice")]
