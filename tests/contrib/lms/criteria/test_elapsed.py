"""Instants: days ago and calendar dates, missing values, the future, and days with a clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.contrib.lms.world import (
    COURSE,
    FOREIGN_KEY,
    INSTANCE,
    NOW,
    ORGANIZATION,
    SIBLING_KEY,
    ago,
    members,
    parse,
    refused,
)

EVERYBODY = {"fresh", "ten_days", "ten_days_and_a_bit", "old", "never", "future"}


@pytest.fixture
def logins(world):
    world.learner("fresh", last_login=ago(1))
    world.learner("ten_days", last_login=ago(10))
    world.learner("ten_days_and_a_bit", last_login=ago(10, microseconds=1))
    world.learner("old", last_login=ago(400))
    world.learner("never", last_login=None)
    world.learner("future", last_login=NOW + timedelta(days=3))
    world.enroll(world.account("left", last_login=ago(10)), is_active=False)
    world.learner("elsewhere", course=FOREIGN_KEY, last_login=ago(10))
    world.learner("retired__user_1", last_login=ago(10))
    return world


class TestDaysAgo:
    @pytest.mark.parametrize(
        ("operator", "days", "expected"),
        [
            (">", 10, {"ten_days_and_a_bit", "old"}),
            (">=", 10, {"ten_days", "ten_days_and_a_bit", "old"}),
            ("<", 10, {"fresh"}),
            ("<=", 10, {"fresh", "ten_days"}),
            ("=", 10, {"ten_days", "ten_days_and_a_bit"}),
            ("=", 9, set()),
            ("between", {"from": 1, "to": 10}, {"fresh", "ten_days"}),
            ("between", {"from": 10, "to": 10}, {"ten_days"}),
            (">=", 0, {"fresh", "ten_days", "ten_days_and_a_bit", "old"}),
            ("<", 0, set()),
            (">", 36525, set()),
        ],
    )
    def test_who_matches(self, logins, operator, days, expected):
        assert members("last_login", operator=operator, days=days) == expected
        everybody_without = {"never", "future"}
        assert members("last_login", operator=operator, days=days, include_never=True) == expected | everybody_without

    def test_a_login_in_the_future_exists_all_the_same(self, logins):
        assert members("last_login", operator="exists") == EVERYBODY - {"never"}
        assert members("last_login", operator="not_exists") == {"never"}

    def test_the_instant_of_evaluation_decides(self, logins):
        assert members("last_login", as_of=NOW + timedelta(days=9), operator=">=", days=10) == EVERYBODY - {
            "never",
            "future",
        }

    def test_other_scopes(self, logins):
        assert "elsewhere" not in members("last_login", scope=ORGANIZATION, operator="=", days=10)
        assert members("last_login", scope=INSTANCE, operator="=", days=10) == {
            "ten_days",
            "ten_days_and_a_bit",
            "left",
            "elsewhere",
        }


class TestDates:
    @pytest.mark.parametrize(
        ("operator", "date", "expected"),
        [
            ("=", "2026-06-05", {"ten_days", "ten_days_and_a_bit"}),
            ("<", "2026-06-05", {"old"}),
            ("<=", "2026-06-05", {"old", "ten_days", "ten_days_and_a_bit"}),
            (">", "2026-06-05", {"fresh", "future"}),
            (">=", "2026-06-05", {"fresh", "future", "ten_days", "ten_days_and_a_bit"}),
            ("between", {"from": "2026-06-05", "to": "2026-06-14"}, {"fresh", "ten_days", "ten_days_and_a_bit"}),
            ("=", "2026-06-18", {"future"}),
            ("<", "0001-01-01", set()),
            (">", "9999-12-31", set()),
        ],
    )
    def test_who_matches(self, logins, operator, date, expected):
        assert members("last_login", operator=operator, date=date) == expected
        assert members("last_login", operator=operator, date=date, include_never=True) == expected | {"never"}

    @pytest.mark.parametrize(
        ("date", "first", "last"),
        [
            # 23 hours: clocks go forward. 25 hours: clocks go back.
            ("2026-03-29", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
            ("2026-10-25", datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)),
        ],
    )
    def test_days_with_a_clock_change(self, world, settings, date, first, last):
        settings.TIME_ZONE = "Europe/Madrid"
        instant = timedelta(microseconds=1)
        world.learner("before", last_login=first - instant)
        world.learner("first", last_login=first)
        world.learner("last", last_login=last - instant)
        world.learner("after", last_login=last)
        assert members("last_login", operator="=", date=date) == {"first", "last"}
        assert members("last_login", operator="<", date=date) == {"before"}
        assert members("last_login", operator=">", date=date) == {"after"}
        assert members("last_login", operator="between", date={"from": date, "to": date}) == {"first", "last"}


class TestConfiguration:
    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({"operator": ">", "days": "10"}, [("/days", "wrong_type")]),
            ({"operator": ">", "days": 10.0}, [("/days", "wrong_type")]),
            ({"operator": ">", "days": True}, [("/days", "wrong_type")]),
            ({"operator": ">", "days": -1}, [("/days", "min_value")]),
            ({"operator": ">", "days": 36526}, [("/days", "max_value")]),
            ({"operator": ">"}, [("/days", "missing_field")]),
            ({"operator": ">", "days": 1, "date": "2026-01-01"}, [("/date", "exactly_one")]),
            ({"operator": ">", "date": "2026-02-30"}, [("/date", "wrong_type")]),
            ({"operator": ">", "date": "20260201"}, [("/date", "wrong_type")]),
            ({"operator": "between", "days": 1}, [("/days", "wrong_type")]),
            ({"operator": "between", "days": {"from": 2, "to": 1}}, [("/days", "range_inverted")]),
            ({"operator": "exists", "days": 1}, [("/days", "unknown_field")]),
            ({"operator": "exists", "include_never": True}, [("/include_never", "unknown_field")]),
            ({"operator": "!=", "days": 1}, [("/operator", "unknown_operator")]),
            ({"operator": ">", "days": 1, "include_never": 1}, [("/include_never", "wrong_type")]),
        ],
    )
    def test_refused(self, db, config, expected):
        assert refused("last_login", config) == expected

    @pytest.mark.parametrize("slug", ["enrollment_date", "account_age"])
    def test_what_everybody_has_takes_no_option(self, db, slug):
        assert refused(slug, {"operator": ">", "days": 1, "include_never": True}) == [
            ("/include_never", "unknown_field")
        ]
        assert refused(slug, {"operator": "exists"}) == [("/operator", "unknown_operator")]

    @pytest.mark.parametrize("slug", ["last_login", "enrollment_date", "account_age", "last_course_activity"])
    def test_time_alone_changes_the_answer(self, db, slug):
        assert parse(slug, {"operator": ">", "days": 1}).time_sensitive


class TestEnrollmentDate:
    @pytest.fixture
    def enrollments(self, world):
        early, late, undated, moved = (world.account(name) for name in ("early", "late", "undated", "moved"))
        world.enroll(early, created=ago(30))
        world.enroll(late, created=ago(2))
        world.enroll(undated, created=None)
        world.enroll(moved, created=ago(2))
        # A course that was left still counts for the organization, not for the other course.
        world.enroll(moved, SIBLING_KEY, created=ago(40), is_active=False)
        world.enroll(late, FOREIGN_KEY, created=ago(90))
        world.enroll(world.account("left"), created=ago(30), is_active=False)
        return world

    def test_course(self, enrollments):
        assert members("enrollment_date", operator=">", days=10) == {"early"}
        assert members("enrollment_date", operator="<=", days=10) == {"late", "moved"}
        assert members("enrollment_date", operator="<", date="2026-06-01") == {"early"}

    def test_organization_takes_the_earliest_of_its_courses(self, enrollments):
        assert members("enrollment_date", scope=ORGANIZATION, operator=">", days=35) == {"moved"}
        assert members("enrollment_date", scope=ORGANIZATION, operator=">", days=10) == {"early", "moved"}
        assert members("enrollment_date", scope=ORGANIZATION, operator="<=", days=10) == {"late"}

    def test_the_course_may_have_nobody(self, world):
        assert members("enrollment_date", operator=">=", days=0) == set()


class TestAccountAge:
    def test_who_matches(self, world):
        world.learner("new", date_joined=ago(1))
        world.learner("old", date_joined=ago(1000))
        world.learner("future", date_joined=NOW + timedelta(hours=1))
        assert members("account_age", operator=">", days=30) == {"old"}
        assert members("account_age", operator="<=", days=30) == {"new"}
        assert members("account_age", operator=">=", date="2026-06-15") == {"future"}
        assert members("account_age", scope=INSTANCE, operator=">=", days=0) == {"new", "old"}


class TestLastCourseActivity:
    @pytest.fixture
    def activity(self, world):
        busy, idle, quiet, undone = (world.learner(name) for name in ("busy", "idle", "quiet", "undone"))
        world.complete(busy, "a", at=ago(30))
        world.complete(busy, "b", at=ago(1))
        world.complete(idle, "a", at=ago(30))
        world.complete(quiet, "a", course=SIBLING_KEY, at=ago(1))
        world.complete(undone, "a", at=ago(8), completion=0.0)  # Taken back: that is no activity.
        world.complete(world.account("stranger"), "a", at=ago(30))
        return world

    def test_the_latest_counts(self, activity):
        assert members("last_course_activity", operator=">", days=7) == {"idle"}
        assert members("last_course_activity", operator=">", days=7, include_never=True) == {"idle", "undone", "quiet"}
        assert members("last_course_activity", operator="<=", days=7) == {"busy"}
        assert members("last_course_activity", operator="<=", days=7, include_never=True) == {"busy", "quiet", "undone"}
        assert members("last_course_activity", operator="=", date="2026-06-14") == {"busy"}
        assert members("last_course_activity", operator="=", date="2026-06-14", include_never=True) == {
            "busy",
            "quiet",
            "undone",
        }

    def test_ever(self, activity):
        assert members("last_course_activity", operator="exists") == {"busy", "idle"}
        assert members("last_course_activity", operator="not_exists") == {"quiet", "undone"}

    def test_only_in_courses(self, db):
        assert parse("last_course_activity", {"operator": "exists"}).scopes == (COURSE.type,)
