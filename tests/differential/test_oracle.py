"""The oracle itself, on examples that the definition of the semantics spells out or that can be worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.differential import oracle, tables

AS_OF = datetime(2024, 4, 2, 12, tzinfo=UTC)
COURSE = "course-v1:Org+C+R"
OTHER = "course-v1:Org+D+R"
SCOPE = tables.Scope("course", COURSE)
MICROSECOND = timedelta(microseconds=1)


def make_world(*users: tables.User) -> tables.World:
    enrollments = [tables.Enrollment(user.id, COURSE, AS_OF, True, "audit") for user in users]
    return tables.World(courses={COURSE: "Org", OTHER: "Org"}, users=list(users), enrollments=enrollments)


def make_user(number: int, last_login: datetime | None = None, **attributes) -> tables.User:
    attributes = {"username": f"u{number}", "email": f"u{number}@example.org", "date_joined": AS_OF, **attributes}
    return tables.User(number, last_login=last_login, **attributes)


def ask(
    world: tables.World, type_: str, scope: tables.Scope = SCOPE, zone: str = "Europe/Madrid", **config
) -> set[int]:
    rule = {"combine": "all", "nodes": [{"kind": "criterion", "type": type_, "config": config}]}
    return oracle.matches(world, scope, rule, AS_OF, zone)


@pytest.fixture
def logins() -> tables.World:
    """Nobody's login, one in the future, and those around exactly ten times 24 hours ago."""
    ten = AS_OF - timedelta(days=10)
    instants = [None, AS_OF + MICROSECOND, ten - MICROSECOND, ten, ten + MICROSECOND]
    return make_world(*(make_user(number, instant) for number, instant in enumerate(instants)))


@pytest.mark.parametrize(
    ("operator", "days", "expected"),
    [
        (">", 10, {2}),
        (">=", 10, {2, 3}),
        ("<", 10, {4}),
        ("<=", 10, {3, 4}),
        ("=", 10, {2, 3}),
        ("=", 9, {4}),
        ("between", {"from": 0, "to": 10}, {3, 4}),
    ],
)
def test_elapsed_days_are_continuous_and_never_of_the_future(logins, operator, days, expected):
    assert ask(logins, "last_login", operator=operator, days=days) == expected
    with_never = ask(logins, "last_login", operator=operator, days=days, include_never=True)
    assert with_never == expected | {0, 1}


def test_an_instant_exists_even_in_the_future(logins):
    assert ask(logins, "last_login", operator="exists") == {1, 2, 3, 4}
    assert ask(logins, "last_login", operator="not_exists") == {0}


def test_a_day_with_a_clock_change_has_23_hours():
    # Midnights of 31 March 2024 and of the day after, in Madrid: +1 hour, then +2.
    starts, ends = datetime(2024, 3, 30, 23, tzinfo=UTC), datetime(2024, 3, 31, 22, tzinfo=UTC)
    instants = [starts - MICROSECOND, starts, ends - MICROSECOND, ends]
    world = make_world(*(make_user(number, instant) for number, instant in enumerate(instants)))
    day = "2024-03-31"
    assert ask(world, "last_login", operator="=", date=day) == {1, 2}
    assert ask(world, "last_login", operator="<", date=day) == {0}
    assert ask(world, "last_login", operator=">", date=day) == {3}
    assert ask(world, "last_login", operator="between", date={"from": "2024-03-30", "to": day}) == {0, 1, 2}


def test_universes():
    world = make_world(
        make_user(1), make_user(2, username="retired__user_2"), make_user(3, is_active=False), make_user(4)
    )
    world.enrollments[3].is_active = False
    world.enrollments.append(tables.Enrollment(4, OTHER, None, True, "audit"))
    assert oracle.universe(world, SCOPE) == {1, 3}
    assert oracle.universe(world, tables.Scope("organization", "Org")) == {1, 3, 4}
    assert oracle.universe(world, tables.Scope("instance")) == {1, 4}


def test_no_grade_counts_as_zero_but_does_not_exist():
    world = make_world(make_user(1), make_user(2))
    world.grades = [tables.CourseGrade(2, COURSE, 0.4)]
    assert ask(world, "course_grade", operator="<", percent=40) == {1}
    assert ask(world, "course_grade", operator=">=", percent=0) == {1, 2}
    assert ask(world, "course_grade", operator="!=", percent=0) == {2}
    assert ask(world, "course_grade", operator="exists") == {2}


def test_nothing_possible_is_no_subsection_grade():
    world = make_world(make_user(1), make_user(2), make_user(3))
    world.subsections = [
        tables.SubsectionGrade(1, COURSE, "s", 0.0, 0.0),
        tables.SubsectionGrade(2, COURSE, "s", 0.0, 5.0),
        tables.SubsectionGrade(3, COURSE, "other", 5.0, 5.0),
    ]
    assert ask(world, "subsection_grade", operator="<", subsection="s", percent=50) == {2}
    assert ask(world, "subsection_grade", operator="not_exists", subsection="s") == {1, 3}


def test_missing_values_match_no_positive_operator_and_every_complement():
    world = make_world(make_user(1), make_user(2), make_user(3), make_user(4))
    world.profiles = [tables.Profile(2, country=""), tables.Profile(3, country="us"), tables.Profile(4, country="US")]
    assert ask(world, "country", operator="in", countries=["US"]) == {4}
    assert ask(world, "country", operator="not_in", countries=["US"]) == {1, 2, 3}
    assert ask(world, "country", operator="exists") == {3, 4}


def test_several_values():
    world = make_world(make_user(1), make_user(2))
    world.profiles = [tables.Profile(1, languages=["en", "es"]), tables.Profile(2, languages=["fr"])]
    assert ask(world, "spoken_language", operator="in", languages=["es", "de"]) == {1}
    assert ask(world, "spoken_language", operator="not_in", languages=["es", "de"]) == {2}


def test_email_domains_are_what_follows_the_last_at():
    emails = [
        "a@Example.ORG",
        "a@x.example.org",
        "a@notexample.org",
        "example.org",
        "example.org@other",
        "a@b@example.org",
    ]
    world = make_world(*(make_user(number, email=email) for number, email in enumerate(emails)))
    assert ask(world, "email_domain", operator="in", domains=["example.org"]) == {0, 5}
    assert ask(world, "email_domain", operator="in", domains=["example.org"], subdomains=True) == {0, 1, 5}


def test_cohorts_mean_nothing_where_they_are_not_used():
    world = make_world(make_user(1))
    world.cohorts, world.cohort_members = [tables.Cohort(7, COURSE)], [tables.CohortMember(1, 7)]
    assert ask(world, "cohort", operator="in", cohorts=["7"]) == set()
    world.cohorted[COURSE] = True
    assert ask(world, "cohort", operator="in", cohorts=["7"]) == {1}


def test_rules_obey_de_morgan(logins):
    leaves = [
        {"kind": "criterion", "type": "last_login", "config": {"operator": "exists"}},
        {"kind": "criterion", "type": "last_login", "config": {"operator": ">", "days": 5}},
    ]
    inverted = [{"kind": "rule", "combine": "all", "negated": True, "nodes": [leaf]} for leaf in leaves]
    not_both = {"combine": "all", "negated": True, "nodes": leaves}
    sets = oracle.node_sets(logins, SCOPE, not_both, AS_OF, "UTC")
    assert sets == {"/rule": {0, 1}, "/rule/nodes/0": {1, 2, 3, 4}, "/rule/nodes/1": {2, 3, 4}}
    either_not = {"combine": "any", "negated": False, "nodes": inverted}
    assert oracle.matches(logins, SCOPE, either_not, AS_OF, "UTC") == sets["/rule"]
