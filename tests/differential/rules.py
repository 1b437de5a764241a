"""Random rules over a world: every type of the catalogue, every operator, nested and negated.

Leaves are dealt from a shuffled deck of (type, operator), not drawn, so that a modest number of rules covers all of
them evenly. Whether a rule is valid is not tested here: only valid ones are made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from tests.differential import oracle, tables
from tests.differential.worlds import DAYS, SHARES, Scene, block

COMPARISON = "> >= < <= = between"
ORDERED = f"!= {COMPARISON} exists not_exists"
PRESENCE = "exists not_exists"
CODES = "in not_in exists not_exists"

#: What the catalogue of the semantics offers: operators and scopes ("c", "o", "i") of each type.
CATALOGUE: dict[str, tuple[str, str]] = {
    "account_age": (COMPARISON, "coi"),
    "certificate": (CODES, "c"),
    "cohort": (CODES, "c"),
    "completed_block": (PRESENCE, "c"),
    "country": (CODES, "coi"),
    "course_completion": ("in not_in", "coi"),
    "course_enrollment": ("in not_in", "coi"),
    "course_grade": (ORDERED, "c"),
    "course_passed": (PRESENCE, "c"),
    "course_progress": (ORDERED, "c"),
    "course_role": (CODES, "co"),
    "email_domain": ("in not_in", "coi"),
    "enrollment_date": (COMPARISON, "co"),
    "enrollment_track": ("in not_in", "c"),
    "gender": (CODES, "coi"),
    "language": (CODES, "coi"),
    "last_course_activity": (f"{COMPARISON} {PRESENCE}", "c"),
    "last_login": (f"{COMPARISON} {PRESENCE}", "coi"),
    "learner_list": ("in not_in", "coi"),
    "level_of_education": (CODES, "coi"),
    "spoken_language": (CODES, "coi"),
    "subsection_grade": (ORDERED, "c"),
    "team": (CODES, "c"),
    "year_of_birth": (ORDERED, "coi"),
}
SCOPE_LETTERS = {"course": "c", "organization": "o", "instance": "i"}
_COMPLEMENT = {positive: complement for complement, positive in oracle.COMPLEMENT_OF.items()} | oracle.COMPLEMENT_OF

_LISTED: dict[str, tuple[str, Sequence[str]]] = {
    "country": ("countries", ("US", "ES", "FR", "IE", "GB")),
    "gender": ("genders", ("f", "m", "o")),
    "level_of_education": ("levels", ("p", "m", "b", "a", "hs", "none", "other", "p_se", "el")),
    "language": ("languages", ("en", "es", "fr", "pt-br", "de")),
    "spoken_language": ("languages", ("en", "es", "fr", "pt-br", "de")),
    "enrollment_track": ("modes", ("audit", "verified", "honor", "no-id-professional")),
    "certificate": ("statuses", ("downloadable", "notpassing", "unavailable", "deleted", "generating", "error")),
    "course_role": ("roles", ("staff", "instructor", "beta_testers", "limited_staff", "ccx_coach")),
}


def operators_in(letter: str) -> list[tuple[str, str]]:
    """Return every type with each of its operators that may be used in a scope."""
    return [
        (type_, operator)
        for type_, (offered, letters) in CATALOGUE.items()
        if letter in letters
        for operator in offered.split()
    ]


def complement(leaf: tables.Definition) -> tables.Definition | None:
    """Return the criterion that matches everybody else, if the type offers one."""
    operator = _COMPLEMENT.get(leaf["config"]["operator"])
    if operator is None or operator not in CATALOGUE[leaf["type"]][0].split():
        return None
    return {**leaf, "config": {**leaf["config"], "operator": operator}}


class RuleMaker:
    """Makes rules for the scopes of one scene after the other, and counts what it dealt."""

    def __init__(self, rng: Random, types: Sequence[str] = ()) -> None:
        """``types`` are those that are dealt; all, unless told."""
        self.rng = rng
        self.types = types or tuple(CATALOGUE)
        self.dealt: Counter[tuple[str, str, str]] = Counter()
        self._decks: dict[str, list[tuple[str, str]]] = {letter: [] for letter in "coi"}

    def rule(self, scene: Scene, scope: tables.Scope) -> tables.Definition:
        """Return a rule: often small, now and then of 25 criteria, up to three levels deep."""
        leaves = self.rng.choices((1, 2, 3, 4, 6, 12, 25), (24, 24, 24, 12, 8, 5, 3))[0]
        return self._node(scene, scope, leaves, depth=1)

    def _node(self, scene: Scene, scope: tables.Scope, leaves: int, depth: int) -> tables.Definition:
        rng = self.rng
        nodes: list[tables.Definition] = []
        while leaves:
            nested = rng.randint(1, leaves) if depth < 3 and rng.random() < 0.35 else 0
            if nested:
                nodes.append({"kind": "rule", **self._node(scene, scope, nested, depth + 1)})
            else:
                nodes.append(self.leaf(scene, scope))
            leaves -= nested or 1
        return {"combine": rng.choice(("all", "any")), "negated": rng.random() < 0.3, "nodes": nodes}

    def fewest(self, letter: str) -> int:
        """Return how often that criterion of a scope was dealt that was dealt least."""
        return min(self.dealt[letter, type_, operator] for type_, operator in operators_in(letter))

    def leaf(self, scene: Scene, scope: tables.Scope) -> tables.Definition:
        """Return the next criterion of the deck."""
        letter = SCOPE_LETTERS[scope.type]
        deck = self._decks[letter]
        if not deck:
            deck += [pair for pair in operators_in(letter) if pair[0] in self.types]
            self.rng.shuffle(deck)
        type_, operator = deck.pop()
        self.dealt[letter, type_, operator] += 1
        config = {"operator": operator, **_Values(self.rng, scene, scope).of(type_, operator)}
        return {"kind": "criterion", "type": type_, "config": config}


class _Values:
    """The rest of a criterion's configuration."""

    def __init__(self, rng: Random, scene: Scene, scope: tables.Scope) -> None:
        self.rng, self.scene, self.scope = rng, scene, scope

    def of(self, type_: str, operator: str) -> dict[str, Any]:
        """Return the fields of a type beside the operator."""
        make = getattr(self, f"_{type_}", None)
        if make is not None:
            return dict(make(operator))
        if operator in ("exists", "not_exists"):
            return {}
        if type_ in _LISTED:
            name, choices = _LISTED[type_]
            return {name: self._some(choices)}
        return self._instant(operator)

    def _some(self, choices: Sequence[str]) -> list[str]:
        return self.rng.sample(list(choices), self.rng.randint(1, min(3, len(choices))))

    def _operand(self, operator: str, values: Sequence[Any]) -> Any:
        if operator != "between":
            return self.rng.choice(values)
        low, high = sorted((self.rng.choice(values), self.rng.choice(values)))
        return {"from": low, "to": high}

    def _instant(self, operator: str) -> dict[str, Any]:
        if self.rng.random() < 0.5:
            return {"days": self._operand(operator, (*DAYS, 9, 3, 36_525))}
        days = [self.scene.calendar.day(self.rng).isoformat() for _ in range(4)]
        return {"date": self._operand(operator, (*days, self.rng.choice(("1970-01-01", "2024-02-29", "9999-12-31"))))}

    def _activity(self, operator: str) -> dict[str, Any]:
        if operator in ("exists", "not_exists"):
            return {}
        never = self.rng.choice(({}, {"include_never": True}, {"include_never": False}))
        return {**self._instant(operator), **never}

    _last_login = _last_course_activity = _activity

    def _share(self, operator: str) -> dict[str, Any]:
        return {} if operator in ("exists", "not_exists") else {"percent": self._operand(operator, SHARES)}

    _course_grade = _course_progress = _share

    def _subsection_grade(self, operator: str) -> dict[str, Any]:
        name = self.rng.choice(("s1", "s1", "s2", "never-graded"))
        return {"subsection": block(self.scope.key, "sequential", name), **self._share(operator)}

    def _year_of_birth(self, operator: str) -> dict[str, Any]:
        if operator in ("exists", "not_exists"):
            return {}
        return {"year": self._operand(operator, (1900, 1969, 1970, 1985, 1999, 2000, 2001, 2100))}

    def _course_passed(self, operator: str) -> dict[str, Any]:
        return {}

    def _completed_block(self, operator: str) -> dict[str, Any]:
        blocks = [block(self.scope.key, "problem", name) for name in ("b1", "b2", "b3", "nobody")]
        quantifier = self.rng.choice(({}, {"quantifier": "all"}, {"quantifier": "any"}))
        return {"blocks": self._some(blocks), **quantifier}

    def _cohort(self, operator: str) -> dict[str, Any]:
        ids = [str(row.id) for row in self.scene.world.cohorts if row.course == self.scope.key]
        return {"cohorts": self._some(ids)} if operator in ("in", "not_in") else {}

    def _team(self, operator: str) -> dict[str, Any]:
        slugs = [row.slug for row in self.scene.world.teams if row.course == self.scope.key]
        return {"teams": self._some(slugs)} if operator in ("in", "not_in") else {}

    def _email_domain(self, operator: str) -> dict[str, Any]:
        domains = self._some(("example.org", "Example.COM", "sub.example.org", "b.example.org", "nowhere.example"))
        return {"domains": domains, **self.rng.choice(({}, {"subdomains": True}, {"subdomains": False}))}

    def _course_enrollment(self, operator: str) -> dict[str, Any]:
        status = self.rng.choice(({}, {"status": "active"}, {"status": "ever"}))
        return {**self._course_completion(operator), **status}

    def _course_completion(self, operator: str) -> dict[str, Any]:
        return {"courses": self._some(list(self.scene.world.courses))}

    def _learner_list(self, operator: str) -> dict[str, Any]:
        users = self.rng.sample(self.scene.world.users, min(4, len(self.scene.world.users)))
        known = self._known()
        return {"learners": [self._name(user, known) for user in users]}

    def _known(self) -> set[int]:
        """Return who may be named by an e-mail address: who has, or had, to do with the scope."""
        world = self.scene.world
        if self.scope.type == "instance":
            return {user.id for user in world.users}
        courses = tables.courses_of(world, self.scope)
        return {row.user for row in world.enrollments if row.course in courses}

    def _name(self, user: tables.User, known: set[int]) -> str:
        # An address that was stored with a blank cannot be told from a slip of the pen.
        usable = "@" in user.email and user.email == user.email.strip() and user.id in known
        return self.rng.choice((user.username, user.email if usable else user.username))
