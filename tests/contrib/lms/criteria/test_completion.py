"""Progress and completed content."""

from __future__ import annotations

import pytest

from openedx_user_groups.contrib.lms.models import CourseProgress, CourseProgressCriterion
from tests.contrib.lms.world import COURSE, INSTANCE, KEY, NOW, SIBLING_KEY, block_key, members, refused

A, B = block_key("a"), block_key("b")


class TestCourseProgress:
    @pytest.fixture(autouse=True)
    def people(self, world):
        for name, percent in (("none", 0.0), ("half", 0.5), ("full", 1.0)):
            CourseProgress.objects.create(user=world.learner(name), course_key=KEY, percent=percent, as_of=NOW)
        other = world.learner("elsewhere_only")
        CourseProgress.objects.create(user=other, course_key=SIBLING_KEY, percent=1.0, as_of=NOW)

    @pytest.mark.parametrize(
        ("operator", "percent", "expected"),
        [
            ("<", 50, {"none"}),
            ("<=", 50, {"none", "half"}),
            ("=", 50, {"half"}),
            ("!=", 50, {"none", "full", "elsewhere_only"}),
            (">=", 50, {"half", "full"}),
            (">", 50, {"full"}),
            ("between", {"from": 0, "to": 50}, {"none", "half"}),
        ],
    )
    def test_what_was_not_computed_is_missing(self, operator, percent, expected):
        assert members("course_progress", operator=operator, percent=percent) == expected

    def test_exists(self):
        assert members("course_progress", operator="not_exists") == {"elsewhere_only"}

    def test_staff_are_told_where_nothing_was_computed(self):
        source = CourseProgressCriterion.data_source
        assert source.check(COURSE).status == "available"
        CourseProgress.objects.filter(course_key=KEY).delete()
        assert source.check(COURSE).reason_code == "not_computed"

    def test_staff_are_told_when_it_was_computed(self):
        source = CourseProgressCriterion.data_source
        [as_of] = set(CourseProgress.objects.filter(course_key=KEY).values_list("as_of", flat=True))
        assert source.as_of(COURSE) == as_of
        assert source.as_of(INSTANCE) is None
        CourseProgress.objects.filter(course_key=KEY).delete()
        assert source.as_of(COURSE) is None


class TestCompletedBlock:
    @pytest.fixture(autouse=True)
    def people(self, world):
        both, first, undone, elsewhere = (world.learner(name) for name in ("both", "first", "undone", "elsewhere_only"))
        world.complete(both, "a")
        world.complete(both, "b")
        world.complete(both, "c")
        world.complete(first, "a")
        world.complete(undone, "a", completion=0.0)
        world.complete(elsewhere, "a", course=SIBLING_KEY)

    def test_all_is_the_default(self):
        assert members("completed_block", operator="exists", blocks=[A]) == {"both", "first"}
        assert members("completed_block", operator="exists", blocks=[A, B]) == {"both"}
        assert members("completed_block", operator="exists", blocks=[A, B], quantifier="all") == {"both"}
        assert members("completed_block", operator="not_exists", blocks=[A, B]) == {
            "first",
            "undone",
            "elsewhere_only",
        }
        assert members("completed_block", operator="exists", blocks=[A, block_key("gone")]) == set()

    def test_any(self):
        assert members("completed_block", operator="exists", blocks=[A, B], quantifier="any") == {"both", "first"}
        assert members("completed_block", operator="not_exists", blocks=[A, B], quantifier="any") == {
            "undone",
            "elsewhere_only",
        }

    def test_keys_that_differ_in_case_are_different(self, world):
        world.complete(world.learner("shouting"), "A")
        assert members("completed_block", operator="exists", blocks=[A]) == {"both", "first"}

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({"operator": "exists"}, [("/blocks", "missing_field")]),
            ({"operator": "exists", "blocks": []}, [("/blocks", "empty_list")]),
            ({"operator": "exists", "blocks": [A, A]}, [("/blocks", "duplicate_items")]),
            ({"operator": "exists", "blocks": [A, "nonsense"]}, [("/blocks", "invalid_key")]),
            ({"operator": "exists", "blocks": [KEY]}, [("/blocks", "invalid_key")]),
            ({"operator": "exists", "blocks": [A], "quantifier": "most"}, [("/quantifier", "invalid_choice")]),
            ({"operator": "exists", "blocks": [A], "quantifier": ""}, [("/quantifier", "invalid_text")]),
            ({"operator": "in", "blocks": [A]}, [("/operator", "unknown_operator")]),
        ],
    )
    def test_refused(self, config, expected):
        assert refused("completed_block", config) == expected
