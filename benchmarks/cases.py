"""The three rules that are measured: each as the product takes it, and as the conditions of hand-written SQL.

In the SQL, ``e`` is the enrollment, ``u`` the account, ``p`` the profile and ``g`` the course grade.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .world import instant

#: Parameters of the conditions below.
PARAMETERS = {
    "login": instant() - timedelta(days=10),
    "joined": instant() - timedelta(days=30),
    "retired": r"retired\_\_user\_%",
}


def _criterion(slug: str, operator: str, **config: Any) -> dict[str, Any]:
    return {"kind": "criterion", "type": slug, "config": {"operator": operator, **config}}


def _any(*nodes: dict[str, Any], negated: bool = False) -> dict[str, Any]:
    return {"kind": "rule", "combine": "any", "negated": negated, "nodes": list(nodes)}


def _rule(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"combine": "all", "negated": False, "nodes": list(nodes)}


@dataclass(frozen=True)
class Case:
    """One rule.

    ``conditions`` has one for each node in reading order, the whole rule first, over rows that are joined to the
    enrollment (the profile with a left join, unless ``needs_profile``). ``subqueries`` is the rule over the enrollment
    alone, apart from what concerns the account, which is ``account``.
    """

    name: str
    title: str
    definition: dict[str, Any]
    conditions: tuple[str, ...]
    account: str
    subqueries: str
    needs_profile: bool = False


_AWAY = _criterion("last_login", ">", days=10, include_never=True)
_FIVE = ["US", "IN", "GB", "ES", "BR"]
_THREE = ["IN", "BR", "MX"]

_LOGIN = "(u.last_login < %(login)s OR u.last_login IS NULL)"
_JOINED = "u.date_joined < %(joined)s"
_IN_FIVE = "p.country IN ('US', 'IN', 'GB', 'ES', 'BR')"
_IN_THREE = "p.country IN ('IN', 'BR', 'MX')"


def _profile(condition: str) -> str:
    return f"e.user_id IN (SELECT p.user_id FROM auth_userprofile p WHERE {condition})"


def _grade(condition: str) -> str:
    rows = f"g.course_id = %(course)s AND {condition}"
    return f"e.user_id IN (SELECT g.user_id FROM grades_persistentcoursegrade g WHERE {rows})"


CASES = (
    Case(
        name="four",
        title="four conditions: last login > 10 days ago or never, country in 5, grade < 40 %, account > 30 days old",
        definition=_rule(
            _AWAY,
            _criterion("country", "in", countries=_FIVE),
            _criterion("course_grade", "<", percent=40),
            _criterion("account_age", ">", days=30),
        ),
        conditions=(
            f"{_LOGIN} AND {_IN_FIVE} AND (g.percent_grade < 0.4 OR g.id IS NULL) AND {_JOINED}",
            _LOGIN,
            _IN_FIVE,
            "(g.percent_grade < 0.4 OR g.id IS NULL)",
            _JOINED,
        ),
        account=f"{_LOGIN} AND {_JOINED}",
        subqueries=f"{_profile(_IN_FIVE)} AND NOT {_grade('g.percent_grade >= 0.4')}",
        needs_profile=True,
    ),
    Case(
        name="any",
        title="`any`: last login > 10 days ago or never, and any of (country in 3, grade >= 80 %)",
        definition=_rule(
            _AWAY,
            _any(
                _criterion("country", "in", countries=_THREE),
                _criterion("course_grade", ">=", percent=80),
            ),
        ),
        conditions=(
            f"{_LOGIN} AND ({_IN_THREE} OR g.percent_grade >= 0.8)",
            _LOGIN,
            f"({_IN_THREE} OR g.percent_grade >= 0.8)",
            _IN_THREE,
            "g.percent_grade >= 0.8",
        ),
        account=_LOGIN,
        subqueries=f"({_profile(_IN_THREE)} OR {_grade('g.percent_grade >= 0.8')})",
    ),
    Case(
        name="negated",
        title="negated: last login > 10 days ago or never, and not any of (country in 5, grade >= 60 %)",
        definition=_rule(
            _AWAY,
            _any(
                _criterion("country", "in", countries=_FIVE),
                _criterion("course_grade", ">=", percent=60),
                negated=True,
            ),
        ),
        conditions=(
            f"{_LOGIN} AND NOT COALESCE({_IN_FIVE}, FALSE) AND NOT COALESCE(g.percent_grade >= 0.6, FALSE)",
            _LOGIN,
            f"NOT COALESCE({_IN_FIVE}, FALSE) AND NOT COALESCE(g.percent_grade >= 0.6, FALSE)",
            _IN_FIVE,
            "g.percent_grade >= 0.6",
        ),
        account=_LOGIN,
        subqueries=f"NOT ({_profile(_IN_FIVE)} OR {_grade('g.percent_grade >= 0.6')})",
    ),
)
