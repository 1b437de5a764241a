"""The criterion catalogue: for each type, whether one learner meets one positive operator.

Written from the catalogue of the semantics alone. Complements and combinations are ``oracle``'s affair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.differential.comparing import codes_match, instant_matches, number_matches, percent_matches
from tests.differential.tables import PREFERRED_LANGUAGE, Definition, Scope, User, World, courses_of


@dataclass(frozen=True)
class Question:
    """One learner, in one world and scope, at one instant."""

    world: World
    scope: Scope
    as_of: datetime
    zone: ZoneInfo
    user: User

    def rows(self, table: Iterable[Any]) -> list[Any]:
        """Return the rows of a table that are this learner's."""
        return [row for row in table if row.user == self.user.id]

    def course_rows(self, table: Iterable[Any]) -> list[Any]:
        """Return this learner's rows in the course of the scope."""
        return [row for row in self.rows(table) if row.course == self.scope.key]

    def instant_matches(self, value: datetime | None, operator: str, config: Definition) -> bool:
        """Return whether an instant meets an operator, seen from the instant and the time zone of the question."""
        return instant_matches(value, operator, config, self.as_of, self.zone)


def last_login(question: Question, operator: str, config: Definition) -> bool:
    """The account's last login."""
    return question.instant_matches(question.user.last_login, operator, config)


def account_age(question: Question, operator: str, config: Definition) -> bool:
    """When the account was made."""
    return question.instant_matches(question.user.date_joined, operator, config)


def enrollment_date(question: Question, operator: str, config: Definition) -> bool:
    """The first enrollment in the course, or in any course of the organization."""
    courses = courses_of(question.world, question.scope)
    rows = question.rows(question.world.enrollments)
    instants = [row.created for row in rows if row.course in courses and row.created is not None]
    return question.instant_matches(min(instants, default=None), operator, config)


def enrollment_track(question: Question, operator: str, config: Definition) -> bool:
    """The track of the active enrollment."""
    rows = question.course_rows(question.world.enrollments)
    return codes_match((row.mode for row in rows if row.is_active), operator, config.get("modes"))


def profile_code(name: str, listed: str) -> Callable[[Question, str, Definition], bool]:
    """Return the decision of a code of the profile."""

    def decide(question: Question, operator: str, config: Definition) -> bool:
        values = [getattr(row, name) for row in question.rows(question.world.profiles)]
        return codes_match(values, operator, config.get(listed))

    return decide


def language(question: Question, operator: str, config: Definition) -> bool:
    """The preferred language of the interface."""
    rows = [row for row in question.rows(question.world.preferences) if row.key == PREFERRED_LANGUAGE]
    return codes_match((row.value for row in rows), operator, config.get("languages"))


def spoken_language(question: Question, operator: str, config: Definition) -> bool:
    """The languages that the profile names."""
    rows = question.rows(question.world.profiles)
    return codes_match((code for row in rows for code in row.languages), operator, config.get("languages"))


def year_of_birth(question: Question, operator: str, config: Definition) -> bool:
    """The year of the profile."""
    years = [row.year_of_birth for row in question.rows(question.world.profiles)]
    return number_matches(years[0] if years else None, operator, config.get("year"))


def email_domain(question: Question, operator: str, config: Definition) -> bool:
    """What follows the last @ of the account's e-mail."""
    _, at, domain = question.user.email.rpartition("@")
    if not at or not domain:
        return False
    domain = domain.lower()
    listed = [name.lower() for name in config["domains"]]
    if config.get("subdomains", False):
        return any(domain == name or domain.endswith("." + name) for name in listed)
    return domain in listed


def course_grade(question: Question, operator: str, config: Definition) -> bool:
    """The grade in the course; no row counts as 0, though it does not exist."""
    rows = question.course_rows(question.world.grades)
    if operator == "exists":
        return bool(rows)
    return percent_matches(rows[0].percent if rows else 0.0, operator, config)


def course_passed(question: Question, operator: str, config: Definition) -> bool:
    """Whether the course was ever passed."""
    return any(row.passed is not None for row in question.course_rows(question.world.grades))


def subsection_grade(question: Question, operator: str, config: Definition) -> bool:
    """Points earned of points possible in one subsection; nothing possible is no grade."""
    rows = [
        row
        for row in question.course_rows(question.world.subsections)
        if row.subsection == config["subsection"] and row.possible != 0
    ]
    return percent_matches(rows[0].earned / rows[0].possible if rows else None, operator, config)


def certificate(question: Question, operator: str, config: Definition) -> bool:
    """The state of the certificate in the course; only a downloadable one is one."""
    statuses = {row.status for row in question.course_rows(question.world.certificates)}
    return "downloadable" in statuses if operator == "exists" else codes_match(statuses, operator, config["statuses"])


def course_progress(question: Question, operator: str, config: Definition) -> bool:
    """The computed progress in the course."""
    rows = question.course_rows(question.world.progress)
    return percent_matches(rows[0].percent if rows else None, operator, config)


def last_course_activity(question: Question, operator: str, config: Definition) -> bool:
    """The latest block completion in the course; one that was taken back, to 0, is none."""
    instants = [row.modified for row in question.course_rows(question.world.completions) if row.completion > 0]
    return question.instant_matches(max(instants, default=None), operator, config)


def completed_block(question: Question, operator: str, config: Definition) -> bool:
    """Whether all, or any, of the listed blocks are completed."""
    done = {row.block for row in question.course_rows(question.world.completions) if row.completion == 1.0}
    wanted = set(config["blocks"])
    return bool(done & wanted) if config.get("quantifier", "all") == "any" else wanted <= done


def cohort(question: Question, operator: str, config: Definition) -> bool:
    """The cohort in the course, where the course uses cohorts."""
    if not question.world.cohorted.get(question.scope.key, False):
        return False
    own = {row.id for row in question.world.cohorts if row.course == question.scope.key}
    ids = [str(row.cohort) for row in question.rows(question.world.cohort_members) if row.cohort in own]
    return codes_match(ids, operator, config.get("cohorts"))


def team(question: Question, operator: str, config: Definition) -> bool:
    """The teams in the course."""
    own = {row.slug for row in question.world.teams if row.course == question.scope.key}
    slugs = [row.team for row in question.rows(question.world.team_members) if row.team in own]
    return codes_match(slugs, operator, config.get("teams"))


def course_role(question: Question, operator: str, config: Definition) -> bool:
    """The access roles in the course, or in any course of the organization; and those in the organization as such."""
    scope, world = question.scope, question.world
    org = scope.key if scope.type == "organization" else world.courses[scope.key]
    roles = [
        row.role
        for row in question.rows(world.roles)
        if row.course in courses_of(world, scope) or (row.course == "" and row.org == org)
    ]
    return codes_match(roles, operator, config.get("roles"))


def course_enrollment(question: Question, operator: str, config: Definition) -> bool:
    """Whether enrolled, now or ever, in a listed course."""
    ever = config.get("status", "active") == "ever"
    return any(
        row.course in config["courses"] and (ever or row.is_active) for row in question.rows(question.world.enrollments)
    )


def course_completion(question: Question, operator: str, config: Definition) -> bool:
    """Whether a listed course was passed, or has a certificate to show for it."""
    passed = {row.course for row in question.rows(question.world.grades) if row.passed is not None}
    certified = {row.course for row in question.rows(question.world.certificates) if row.status == "downloadable"}
    return bool((passed | certified) & set(config["courses"]))


def learner_list(question: Question, operator: str, config: Definition) -> bool:
    """Whether listed, by username or by e-mail."""
    return question.user.username in config["learners"] or question.user.email in config["learners"]


TYPES: dict[str, Callable[[Question, str, Definition], bool]] = {
    "last_login": last_login,
    "enrollment_date": enrollment_date,
    "enrollment_track": enrollment_track,
    "account_age": account_age,
    "country": profile_code("country", "countries"),
    "language": language,
    "spoken_language": spoken_language,
    "level_of_education": profile_code("level_of_education", "levels"),
    "gender": profile_code("gender", "genders"),
    "year_of_birth": year_of_birth,
    "email_domain": email_domain,
    "course_grade": course_grade,
    "course_passed": course_passed,
    "subsection_grade": subsection_grade,
    "certificate": certificate,
    "course_progress": course_progress,
    "last_course_activity": last_course_activity,
    "completed_block": completed_block,
    "cohort": cohort,
    "team": team,
    "course_role": course_role,
    "course_enrollment": course_enrollment,
    "course_completion": course_completion,
    "learner_list": learner_list,
}
