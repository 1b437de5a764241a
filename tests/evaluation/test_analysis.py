"""What static analysis finds in rules of which one can tell by looking. That it never errs is the proofs' test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from openedx_user_groups.contrib.lms.models import SubsectionGrade
from openedx_user_groups.criteria.conditions import Interval
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.criteria.operands import EvaluationContext, Threshold
from openedx_user_groups.evaluation import analysis
from openedx_user_groups.testing.factories import COURSE, criterion, rule

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

LOW = criterion("course_grade", operator="<", percent=40)
HIGH = criterion("course_grade", operator=">", percent=60)
IDLE = criterion("last_login", operator=">", days=10)
SPAIN = criterion("country", operator="in", countries=["ES"])
FRANCE = criterion("country", operator="in", countries=["FR", "IT"])


@pytest.fixture(autouse=True)
def _many_criteria(settings):
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = 25
    settings.TIME_ZONE = "UTC"


def context(as_of: datetime = NOW) -> EvaluationContext:
    return EvaluationContext(COURSE, as_of, ZoneInfo("UTC"))


def found(definition, as_of: datetime = NOW):
    """No database: a query would fail."""
    findings = analysis.findings(parse_rule(definition, COURSE), context(as_of))
    return [(finding.code, finding.pointer, finding.related) for finding in findings]


def impossible(*related: int):
    return [("impossible_rule", "/rule", tuple(f"/rule/nodes/{index}" for index in related))]


def speaks(operator="in", *languages):
    return criterion("spoken_language", operator=operator, languages=list(languages))


@pytest.mark.parametrize(
    ("nodes", "related"),
    [
        ((LOW, HIGH), (0, 1)),
        ((IDLE, LOW, SPAIN, HIGH), (1, 3)),
        ((SPAIN, FRANCE), (0, 1)),
        ((SPAIN, criterion("country", operator="not_in", countries=["ES", "PT"])), (0, 1)),
        ((SPAIN, criterion("country", operator="not_exists")), (0, 1)),
        ((criterion("course_passed", operator="exists"), criterion("course_passed", operator="not_exists")), (0, 1)),
        # A missing grade counts as 0.
        ((criterion("course_grade", operator="not_exists"), HIGH), (0, 1)),
        ((criterion("last_login", operator="<", days=0),), (0,)),
        # Years are whole numbers.
        (
            (
                criterion("year_of_birth", operator=">", year=1999),
                criterion("year_of_birth", operator="<", year=2000),
            ),
            (0, 1),
        ),
        # Completing both, and not one of them.
        (
            (
                criterion("completed_block", operator="exists", blocks=["block-v1:O+C+R+type@problem+block@a"]),
                criterion("completed_block", operator="not_exists", blocks=["block-v1:O+C+R+type@problem+block@a"]),
            ),
            (0, 1),
        ),
        ((speaks("in", "es", "fr"), speaks("not_in", "es"), speaks("not_in", "fr")), (0, 1, 2)),
        # A condition that nothing is known of, and its complement.
        (
            (
                criterion("email_domain", operator="in", domains=["example.org"]),
                criterion("email_domain", operator="not_in", domains=["example.org"]),
            ),
            (0, 1),
        ),
    ],
)
def test_contradictions(nodes, related):
    assert found(rule(*nodes)) == impossible(*related)


@pytest.mark.parametrize(
    "nodes",
    [
        (criterion("course_grade", operator="<=", percent=40), criterion("course_grade", operator=">=", percent=40)),
        (speaks("in", "es"), speaks("in", "fr")),
        (speaks("in", "es"), speaks("not_in", "fr")),
        # Never signed in is both.
        (
            criterion("last_login", operator=">", days=10, include_never=True),
            criterion("last_login", operator="<", days=5, include_never=True),
        ),
        (
            criterion(
                "subsection_grade", operator="<", percent=40, subsection="block-v1:O+C+R+type@sequential+block@a"
            ),
            criterion(
                "subsection_grade", operator=">", percent=60, subsection="block-v1:O+C+R+type@sequential+block@b"
            ),
        ),
        (LOW, IDLE, SPAIN),
    ],
)
def test_what_may_well_be(nodes):
    assert found(rule(*nodes)) == []


def test_a_contradiction_of_today_is_none_if_time_resolves_it():
    """Since 5 March is less than 10 days ago on 10 March; from 15 March on it is not."""
    since = criterion("last_login", operator=">=", date="2026-03-05")
    assert found(rule(IDLE, since)) == []
    before = criterion("last_login", operator="<", date="2026-02-01")
    recently = criterion("last_login", operator="<=", days=10)
    assert found(rule(recently, before)) == impossible(0, 1)
    assert found(rule(recently, before), NOW - timedelta(days=31)) == []


def test_contradictions_in_parts_of_a_rule():
    assert found(rule(rule(LOW, HIGH), IDLE, combine="any")) == [
        ("impossible_node", "/rule/nodes/0", ("/rule/nodes/0/nodes/0", "/rule/nodes/0/nodes/1"))
    ]
    assert found(rule(rule(LOW, HIGH, negated=True), IDLE)) == [
        ("always_true_node", "/rule/nodes/0", ("/rule/nodes/0/nodes/0", "/rule/nodes/0/nodes/1"))
    ]


def test_rules_that_exclude_nobody():
    everybody = [("always_true_rule", "/rule", ("/rule/nodes/0", "/rule/nodes/2"))]
    low, high = (criterion("course_grade", operator=sign, percent=50) for sign in ("<", ">="))
    assert found(rule(low, IDLE, high, combine="any")) == everybody
    assert found(rule(LOW, HIGH, negated=True)) == [("always_true_rule", "/rule", ("/rule/nodes/0", "/rule/nodes/1"))]


def test_duplicates_and_criteria_that_others_include():
    assert found(rule(IDLE, SPAIN, IDLE)) == [("duplicate_criterion", "/rule/nodes/2", ("/rule/nodes/0",))]
    # Said in other words.
    same = criterion("last_login", operator="between", days={"from": 0, "to": 10})
    assert found(rule(criterion("last_login", operator="<=", days=10), same)) == [
        ("duplicate_criterion", "/rule/nodes/1", ("/rule/nodes/0",))
    ]
    longer = criterion("last_login", operator=">", days=20)
    assert found(rule(IDLE, longer, SPAIN)) == [("subsumed_criterion", "/rule/nodes/0", ("/rule/nodes/1",))]
    assert found(rule(IDLE, longer, SPAIN, combine="any")) == [
        ("subsumed_criterion", "/rule/nodes/1", ("/rule/nodes/0",))
    ]
    # The same criterion in two branches says something in both.
    assert found(rule(rule(IDLE, SPAIN), rule(IDLE, LOW), combine="any")) == []


def test_too_large_a_rule_is_not_judged():
    nodes = [criterion("email_domain", operator="in", domains=[f"d{n}.example.org"]) for n in range(17)]
    assert found(rule(*nodes, LOW, HIGH)) == []
    assert found(rule(*nodes[:12], LOW, HIGH)) == impossible(12, 13)


def disjoint(one, other):
    return analysis.disjoint(parse_rule(one, COURSE), parse_rule(other, COURSE), context())


def test_groups_that_exclude_each_other():
    assert disjoint(rule(LOW, IDLE), rule(HIGH)) == analysis.Disjointness(True)
    assert disjoint(rule(SPAIN, combine="any"), rule(FRANCE, IDLE)).proven
    assert disjoint(rule(IDLE), rule(IDLE, negated=True)).proven


def test_a_counter_example_in_words():
    overlap = disjoint(rule(LOW, SPAIN), rule(criterion("course_grade", operator=">", percent=30)))
    assert overlap == analysis.Disjointness(False, "Course grade: 35 %; Country: ES")
    overlap = disjoint(rule(speaks("in", "es")), rule(speaks("in", "fr")))
    assert overlap == analysis.Disjointness(False, "Spoken languages: es, fr")
    overlap = disjoint(rule(IDLE, negated=True), rule(criterion("email_domain", operator="in", domains=["x.org"])))
    assert overlap.example == "Last login: no value; “E-mail domain is one of …” holds"
    many = [criterion("email_domain", operator="in", domains=[f"d{n}.example.org"]) for n in range(17)]
    assert disjoint(rule(*many), rule(IDLE)) == analysis.Disjointness(False, None)


def share(type_, operator, percent):
    more = {"subsection": "block-v1:Example+Groups+1+type@sequential+block@exam"} if type_.startswith("sub") else {}
    return criterion(type_, operator=operator, percent=percent, **more)


@pytest.mark.parametrize(
    ("one", "other", "example"),
    [
        (("<", 40), ("<", 60), "20 %"),
        ((">", 40), (">", 60), "80 %"),
        ((">=", 100), (">", 50), "100 %"),
        (("<=", 0), ("<", 50), "0 %"),
        ((">", 100), (">", 50), "200 %"),  # Nobody else matches both.
    ],
)
def test_a_counter_example_is_such_as_there_usually_is(one, other, example):
    """Not "-60 %"."""
    overlap = disjoint(rule(share("subsection_grade", *one)), rule(share("subsection_grade", *other)))
    assert overlap.example == f"Subsection grade: {example}"


def test_only_what_a_source_guarantees_is_proved():
    """The platform may store a grade above 100 %; our own progress is never below 0 % or above 100 %."""
    for operator, percent in ((">", 100), ("<", 0)):
        assert found(rule(share("course_grade", operator, percent))) == []
        assert found(rule(share("subsection_grade", operator, percent))) == []
        assert found(rule(share("course_progress", operator, percent))) == impossible(0)
    exists = criterion("course_progress", operator="exists")
    for operator, percent in (("<=", 100), (">=", 0), ("between", {"from": 0, "to": 100})):
        assert found(rule(share("course_progress", operator, percent))) == []  # Somebody may have none.
        assert found(rule(exists, share("course_progress", operator, percent))) == [
            ("duplicate_criterion", "/rule/nodes/1", ("/rule/nodes/0",))
        ]
    assert disjoint(rule(share("course_progress", ">=", 100)), rule(share("course_progress", "!=", 100))).proven
    assert not disjoint(rule(share("course_grade", ">=", 100)), rule(share("course_grade", "!=", 100))).proven


def test_a_counter_example_of_a_later_instant_is_worded_for_it():
    """Nobody signs in on a day to come and has been away for ten days now."""
    overlap = disjoint(rule(IDLE), rule(criterion("last_login", operator=">", date="2026-03-10")))
    assert overlap.example == (
        "Last login: 11 days ago, on March 11, 2026, midnight UTC, seen from March 22, 2026, midnight UTC"
    )
    now = disjoint(rule(IDLE), rule(criterion("last_login", operator=">", date="2026-02-10")))
    assert now.example is not None
    assert "seen from" not in now.example


def test_the_order_of_a_list_says_nothing():
    one = criterion("email_domain", operator="in", domains=["a.org", "b.org"])
    assert found(rule(one, criterion("email_domain", operator="not_in", domains=["B.org", "a.org"]))) == impossible(
        0, 1
    )
    assert found(rule(one, criterion("email_domain", operator="in", domains=["b.org", "a.org"]), SPAIN)) == [
        ("duplicate_criterion", "/rule/nodes/1", ("/rule/nodes/0",))
    ]
    assert found(rule(one, criterion("email_domain", operator="not_in", domains=["b.org", "c.org"]))) == []


@pytest.mark.parametrize("usual", [lambda self, criterion: 1 / 0, lambda *args: Interval(Decimal(0), Decimal(1))])
def test_where_the_usual_values_cannot_be_told_rules_are_looked_at_all_the_same(monkeypatch, usual):
    """A plugin's field may be of another kind than its source, or its conversion fail at the limits."""
    monkeypatch.setattr(Threshold, "usual", usual)
    assert found(rule(LOW, HIGH)) == impossible(0, 1)
    assert not disjoint(rule(share("subsection_grade", "<", 40)), rule(share("subsection_grade", "<", 60))).proven


def test_the_usual_values_of_a_type_that_counts_backwards(monkeypatch):
    backwards = Threshold("percent", convert=lambda percent: -float(percent), restore=lambda value: -value)
    monkeypatch.setattr(SubsectionGrade, "operands", (backwards,))
    overlap = disjoint(rule(share("subsection_grade", ">", 99.5)), rule(share("subsection_grade", ">", 50)))
    assert overlap.example == "Subsection grade: 49 %"
    overlap = disjoint(rule(share("subsection_grade", "<", 99.5)), rule(share("subsection_grade", "<", 99.75)))
    assert overlap.example == "Subsection grade: 99.88 %"
