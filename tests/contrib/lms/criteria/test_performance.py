"""Grades and certificates."""

from __future__ import annotations

import pytest

from openedx_user_groups.contrib.lms.criteria.certificate import STATUSES
from openedx_user_groups.contrib.lms.criteria.subsection_grade import SubsectionGrade
from openedx_user_groups.criteria import fields
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.grades.models import PersistentSubsectionGrade, VisibleBlocks
from tests.contrib.lms.world import (
    COURSE,
    FOREIGN_KEY,
    KEY,
    NOW,
    SIBLING_KEY,
    ago,
    block_key,
    fact_of,
    members,
    parse,
    refused,
)


class TestCourseGrade:
    @pytest.fixture(autouse=True)
    def people(self, world):
        for name, percent in (("zero", 0.0), ("low", 0.39), ("exact", 0.4), ("third", 1 / 3), ("full", 1.0)):
            world.grade(world.learner(name), percent)
        world.grade(world.learner("absent"), 0.9, course=SIBLING_KEY)

    @pytest.mark.parametrize(
        ("operator", "percent", "expected"),
        [
            ("<", 40, {"zero", "low", "third", "absent"}),
            ("<=", 40, {"zero", "low", "third", "exact", "absent"}),
            ("=", 40, {"exact"}),
            ("!=", 40, {"zero", "low", "third", "full", "absent"}),
            (">=", 40, {"exact", "full"}),
            (">", 40, {"full"}),
            ("=", 39, {"low"}),
            ("=", 0, {"zero", "absent"}),
            (">=", 0, {"zero", "low", "third", "exact", "full", "absent"}),
            ("<", 0, set()),
            ("between", {"from": 33.33, "to": 39}, {"third", "low"}),
            ("between", {"from": 0, "to": 33.34}, {"zero", "third", "absent"}),
            (">", 100, set()),
        ],
    )
    def test_no_row_counts_as_zero(self, operator, percent, expected):
        assert members("course_grade", operator=operator, percent=percent) == expected

    def test_exists_is_having_a_row(self):
        assert members("course_grade", operator="not_exists") == {"absent"}

    @pytest.mark.parametrize(
        ("percent", "code"),
        [
            ("40", "wrong_type"),
            (True, "wrong_type"),
            (float("nan"), "wrong_type"),
            (-1, "min_value"),
            (100.01, "max_value"),
            (101, "max_value"),
            (33.333, "max_decimal_places"),
        ],
    )
    def test_refused(self, percent, code):
        assert refused("course_grade", {"operator": "<", "percent": percent}) == [("/percent", code)]


class TestCoursePassed:
    def test_passing_once_is_enough(self, world):
        world.grade(world.learner("passed"), 0.9, passed=ago(3))
        world.grade(world.learner("dropped"), 0.1, passed=ago(3))
        world.grade(world.learner("failed"), 0.1)
        world.grade(world.learner("elsewhere_only"), 0.9, course=SIBLING_KEY, passed=ago(3))
        world.learner("absent")
        assert members("course_passed", operator="exists") == {"passed", "dropped"}
        assert members("course_passed", operator="not_exists") == {"failed", "elsewhere_only", "absent"}

    def test_refused(self, db):
        assert refused("course_passed", {"operator": "exists", "percent": 1}) == [("/percent", "unknown_field")]
        assert refused("course_passed", {"operator": "="}) == [("/operator", "unknown_operator")]


EXAM, QUIZ = block_key("Exam", "sequential"), block_key("quiz", "sequential")


class TestSubsectionGrade:
    @pytest.fixture(autouse=True)
    def people(self, world):
        visible = VisibleBlocks.objects.create(hashed="x", blocks_json="{}", course_id=KEY)

        def grade(name, earned, possible, subsection=EXAM, course=KEY, attempted=NOW):
            PersistentSubsectionGrade.objects.create(
                user_id=world.learner(name).pk,
                course_id=course,
                usage_key=subsection,
                **{"earned_all": 0, "possible_all": 0, "earned_graded": earned, "possible_graded": possible},
                first_attempted=attempted,
                visible_blocks=visible,
            )

        grade("third", 1, 3)
        grade("two_fifths", 2, 5)
        grade("full", 7, 7)
        grade("zero", 0, 7)
        grade("unattempted", 0, 7, attempted=None)
        grade("nothing_possible", 0, 0)
        grade("other_subsection", 5, 5, subsection=QUIZ)
        grade("other_course", 5, 5, course=FOREIGN_KEY)
        world.learner("absent")

    @pytest.mark.parametrize(
        ("operator", "percent", "expected"),
        [
            ("=", 40, {"two_fifths"}),
            ("<", 40, {"third", "zero", "unattempted"}),
            ("<=", 0, {"zero", "unattempted"}),
            (">=", 40, {"two_fifths", "full"}),
            (">", 33.33, {"third", "two_fifths", "full"}),
            ("between", {"from": 33.33, "to": 33.34}, {"third"}),
            (
                "!=",
                40,
                {
                    *("third", "full", "zero", "unattempted", "nothing_possible", "other_subsection"),
                    *("other_course", "absent"),
                },
            ),
        ],
    )
    def test_who_matches(self, operator, percent, expected):
        assert members("subsection_grade", operator=operator, subsection=EXAM, percent=percent) == expected

    def test_exists(self):
        assert members("subsection_grade", operator="exists", subsection=EXAM) == {
            *("third", "two_fifths", "full", "zero", "unattempted")
        }
        assert members("subsection_grade", operator="exists", subsection=QUIZ) == {"other_subsection"}
        assert members("subsection_grade", operator="exists", subsection=block_key("gone")) == set()

    def test_the_subsection_selects_the_fact(self):
        exam, quiz = (parse("subsection_grade", {"operator": "exists", "subsection": key}) for key in (EXAM, QUIZ))
        assert exam.fact_key() != quiz.fact_key()
        assert fact_of(quiz) == {"other_subsection": [1.0]}
        assert fact_of(exam)["third"] == [1 / 3]
        assert fact_of(exam)["nothing_possible"] == [None]

    def test_suggestions(self):
        source = fields.choices_from(SubsectionGrade._meta.get_field("subsection"))
        assert [(choice.value, choice.label) for choice in source.search(COURSE, "", 10)] == [
            (EXAM, "Exam"),
            (QUIZ, "quiz"),
        ]
        assert [choice.value for choice in source.search(COURSE, "QUIZ", 10)] == [QUIZ]
        assert source.search(COURSE, "", 10, offset=2) == []
        assert [choice.label for choice in source.resolve(COURSE, [block_key("gone"), "nonsense"])] == [
            "gone",
            "nonsense",
        ]

    @pytest.mark.parametrize(
        ("config", "expected"),
        [
            ({"operator": "=", "percent": 40}, [("/subsection", "missing_field")]),
            ({"operator": "exists"}, [("/subsection", "missing_field")]),
            ({"operator": "exists", "subsection": "nonsense"}, [("/subsection", "invalid_key")]),
            ({"operator": "exists", "subsection": KEY}, [("/subsection", "invalid_key")]),
            ({"operator": "exists", "subsection": EXAM + "\n"}, [("/subsection", "invalid_text")]),
            ({"operator": "exists", "subsection": block_key("x" * 255)}, [("/subsection", "max_length")]),
            ({"operator": "exists", "subsection": [EXAM]}, [("/subsection", "wrong_type")]),
            ({"operator": "exists", "subsection": EXAM, "percent": 1}, [("/percent", "unknown_field")]),
        ],
    )
    def test_refused(self, config, expected):
        assert refused("subsection_grade", config) == expected


class TestCertificate:
    @pytest.fixture(autouse=True)
    def people(self, world):
        for name, status in (
            ("certified", "downloadable"),
            ("failing", "notpassing"),
            ("revoked", "unavailable"),
            ("shouting", "NOTPASSING"),
        ):
            GeneratedCertificate.objects.create(user=world.learner(name), course_id=KEY, status=status)
        elsewhere = world.learner("elsewhere_only")
        GeneratedCertificate.objects.create(user=elsewhere, course_id=SIBLING_KEY, status="downloadable")

    def test_statuses(self):
        assert members("certificate", operator="in", statuses=["notpassing", "unavailable"]) == {"failing", "revoked"}
        assert members("certificate", operator="not_in", statuses=["notpassing"]) == {
            *("certified", "revoked", "shouting", "elsewhere_only")
        }

    def test_only_a_valid_one_is_one(self):
        assert members("certificate", operator="exists") == {"certified"}
        assert members("certificate", operator="not_exists") == {"failing", "revoked", "shouting", "elsewhere_only"}

    def test_statuses_are_those_of_the_platform(self):
        assert len(STATUSES) == 15
        assert refused("certificate", {"operator": "in", "statuses": ["lost"]}) == [("/statuses/0", "invalid_choice")]


def test_the_database_divides_as_python_does(world):
    """Equality with a percentage is exact only where both round the same way."""
    visible = VisibleBlocks.objects.create(hashed="x", blocks_json="{}", course_id=KEY)
    shares = {}
    for earned in range(1, 12):
        user = world.learner(f"learner{earned}")
        shares[user.username] = [earned / 13]
        PersistentSubsectionGrade.objects.create(
            **{"user_id": user.pk, "course_id": KEY, "usage_key": EXAM, "visible_blocks": visible},
            **{"earned_all": 0, "possible_all": 0, "earned_graded": earned, "possible_graded": 13},
        )
    assert fact_of(parse("subsection_grade", {"operator": "exists", "subsection": EXAM})) == shares
