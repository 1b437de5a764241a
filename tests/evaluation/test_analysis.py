"""What static analysis finds in rules of which one can tell by looking. That it never errs is the proofs' test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from openedx_user_groups.contrib.lms.models import Country, SubsectionGrade
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


def at(*domains, operator="in", **more):
    return criterion("email_domain", operator=operator, domains=list(domains), **more)


def at_or_below(*domains, operator="in"):
    """Nothing is known of how two of these depend on each other."""
    return at(*domains, operator=operator, subdomains=True)


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
        # An account has one address.
        ((at("a.org", "B.org"), LOW, at("c.org")), (0, 2)),
        ((at("A.org"), at("a.org", operator="not_in")), (0, 1)),
        # A condition that nothing is known of, and its complement.
        ((at_or_below("example.org"), at_or_below("example.org", operator="not_in")), (0, 1)),
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
        (at("a.org", "b.org"), at("b.org", "c.org")),
        (at("a.org"), at_or_below("b.org"), at_or_below("c.org")),
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
    wider = at("a.org", "b.org")
    assert found(rule(wider, at("a.org"))) == [("subsumed_criterion", "/rule/nodes/0", ("/rule/nodes/1",))]
    # The same criterion in two branches says something in both.
    assert found(rule(rule(IDLE, SPAIN), rule(IDLE, LOW), combine="any")) == []


#: More combinations than a table holds.
MANY = [at_or_below(f"d{n}.example.org") for n in range(17)]


def test_in_a_large_rule_criteria_that_depend_on_each_other_are_looked_at():
    """Alone, whatever the others answer."""
    assert found(rule(*MANY)) == []
    assert found(rule(*MANY, LOW, HIGH)) == impossible(17, 18)
    assert found(rule(*MANY[:12], LOW, HIGH)) == impossible(12, 13)
    assert found(rule(*MANY, SPAIN, rule(LOW, IDLE, HIGH, combine="any", negated=True))) == []
    low, high = (criterion("course_grade", operator=sign, percent=50) for sign in ("<", ">="))
    assert found(rule(*MANY, low, high, combine="any")) == [
        ("always_true_rule", "/rule", ("/rule/nodes/17", "/rule/nodes/18"))
    ]
    assert found(rule(rule(LOW, HIGH), *MANY, IDLE, combine="any")) == [
        ("impossible_node", "/rule/nodes/0", ("/rule/nodes/0/nodes/0", "/rule/nodes/0/nodes/1"))
    ]


def test_in_a_large_rule_what_changes_nothing_is_found_too():
    longer = criterion("last_login", operator=">", days=20)
    assert found(rule(longer, *MANY, IDLE, SPAIN, SPAIN)) == [
        ("subsumed_criterion", "/rule/nodes/18", ("/rule/nodes/0",)),
        ("duplicate_criterion", "/rule/nodes/20", ("/rule/nodes/19",)),
    ]
    assert found(rule(IDLE, rule(longer, *MANY, combine="any"))) == []
    assert found(rule(IDLE, rule(longer, *MANY, combine="any"), combine="any")) == [
        ("subsumed_criterion", "/rule/nodes/1/nodes/0", ("/rule/nodes/0",))
    ]


def test_an_impossible_rule_is_found_among_25_criteria():
    """Of usual ones."""
    grades = [criterion("course_grade", operator="!=", percent=n) for n in range(9)]
    exams = [
        criterion("subsection_grade", operator=">", percent=10, subsection=f"block-v1:O+C+R+type@sequential+block@{n}")
        for n in range(6)
    ]
    elsewhere = criterion("country", operator="not_in", countries=["ES"])
    nodes = (SPAIN, elsewhere, *MANY[:8], *grades, *exams)
    assert len(nodes) == 25
    assert found(rule(*nodes)) == impossible(0, 1)


def disjoint(one, other):
    return analysis.disjoint(parse_rule(one, COURSE), parse_rule(other, COURSE), context())


def test_groups_that_exclude_each_other():
    assert disjoint(rule(LOW, IDLE), rule(HIGH)) == analysis.Disjointness(True)
    assert disjoint(rule(SPAIN, combine="any"), rule(FRANCE, IDLE)).proven
    assert disjoint(rule(IDLE), rule(IDLE, negated=True)).proven
    assert disjoint(rule(*MANY, LOW), rule(HIGH)).proven
    assert not disjoint(rule(*MANY, LOW, combine="any"), rule(HIGH)).proven


def test_a_counter_example_in_words():
    overlap = disjoint(rule(LOW, SPAIN), rule(criterion("course_grade", operator=">", percent=30)))
    assert overlap == analysis.Disjointness(False, "Course grade: 35 %; Country: ES")
    overlap = disjoint(rule(speaks("in", "es")), rule(speaks("in", "fr")))
    assert overlap == analysis.Disjointness(False, "Spoken languages: es, fr")
    overlap = disjoint(rule(IDLE, negated=True), rule(at_or_below("x.org")))
    assert overlap.example == "Last login: no value; “E-mail domain is one of …” holds"
    assert disjoint(rule(at("x.org")), rule(SPAIN)).example == "E-mail domain: x.org; Country: ES"
    assert disjoint(rule(*MANY), rule(IDLE)) == analysis.Disjointness(False, None)


def test_a_value_that_is_not_named_in_words():
    ever, abroad = (
        criterion("last_login", operator="exists"),
        criterion("country", operator="not_in", countries=["ES"]),
    )
    assert disjoint(rule(ever), rule(ever)).example == "Last login: any value"
    assert disjoint(rule(abroad), rule(criterion("country", operator="exists"))).example == "Country: another value"


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


def test_a_counter_example_is_of_one_instant():
    """Whoever has signed in since today can only be away later, when no account that there is now is new."""
    idle_since = rule(IDLE, criterion("last_login", operator=">", date="2026-03-10"))
    new = criterion("account_age", operator="<", days=5)
    made = criterion("account_age", operator="<=", date="2026-03-10")
    assert disjoint(idle_since, rule(new, made)) == analysis.Disjointness(False, None)
    overlap = disjoint(idle_since, rule(new))
    assert overlap.example == (
        "Last login: 11 days ago, on March 11, 2026, midnight UTC; "
        "Account creation: 2.5 days ago, on March 19, 2026, noon UTC, seen from March 22, 2026, midnight UTC"
    )


def test_every_account_has_a_day_on_which_it_was_made():
    older = criterion("account_age", operator=">", days=10)
    overlap = disjoint(rule(older, negated=True), rule(older, negated=True))
    assert overlap.example is not None
    assert "no value" not in overlap.example
    before, since = (criterion("account_age", operator=sign, date="2026-01-01") for sign in ("<", ">="))
    assert found(rule(before, since, combine="any")) == [
        ("always_true_rule", "/rule", ("/rule/nodes/0", "/rule/nodes/1"))
    ]
    # One of the future has no elapsed days, and the platform may not know when somebody enrolled.
    assert found(rule(older, criterion("account_age", operator="<=", days=10), combine="any")) == []
    before, since = (criterion("enrollment_date", operator=sign, date="2026-01-01") for sign in ("<", ">="))
    assert found(rule(before, since, combine="any")) == []


def test_the_order_of_a_list_says_nothing():
    one = at_or_below("a.org", "b.org")
    assert found(rule(one, at_or_below("B.org", "a.org", operator="not_in"))) == impossible(0, 1)
    assert found(rule(one, at_or_below("b.org", "a.org"), SPAIN)) == [
        ("duplicate_criterion", "/rule/nodes/1", ("/rule/nodes/0",))
    ]
    assert found(rule(one, at_or_below("b.org", "c.org", operator="not_in"))) == []


def test_a_fact_whose_parameters_are_no_fields_is_not_understood(monkeypatch):
    monkeypatch.setattr(Country, "fact_parameters", ("nope",))
    assert found(rule(SPAIN, FRANCE)) == []
    assert found(rule(LOW, HIGH)) == impossible(0, 1)


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
