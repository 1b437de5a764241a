"""Invents accounts, profiles, interface languages and spoken languages."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from sandbox import tables
from sandbox.bulk import Row, Table
from sandbox.synthetic import chance
from sandbox.synthetic.plan import Plan

WITHOUT_PROFILE = 0.03
INACTIVE_ACCOUNTS = 0.01
WITH_INTERFACE_LANGUAGE = 0.4
WITH_SPOKEN_LANGUAGES = 0.15


@dataclass
class PeopleBatch:
    """Rows about some accounts, in the order in which they can be written."""

    users: list[Row] = field(default_factory=list)
    profiles: list[Row] = field(default_factory=list)
    preferences: list[Row] = field(default_factory=list)
    languages: list[Row] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[Table, list[Row]]]:
        """Yield each table with its rows."""
        yield tables.SYNTHETIC_USERS, self.users
        yield tables.PROFILES.with_id(), self.profiles
        yield tables.PREFERENCES, self.preferences
        yield tables.LANGUAGES, self.languages


class People:
    """Invents the accounts of a plan one after the other; `first_*_id` are the keys of the first rows."""

    def __init__(self, plan: Plan, past: chance.Past, first_user_id: int, first_profile_id: int) -> None:
        """Prepare to invent."""
        self.plan = plan
        self.past = past
        self.first_user_id = first_user_id
        self.first_profile_id = first_profile_id
        self.rng = Random(f"{plan.seed}:people")
        # How many hours ago each account was made: nobody enrolls before that.
        self.joined_hours = array("H")

    def batch(self, first: int, last: int) -> PeopleBatch:
        """Invent the accounts numbered from `first` up to, but not including, `last`."""
        batch = PeopleBatch()
        for number in range(first, last):
            self._add_user(batch, number)
            if self.rng.random() >= WITHOUT_PROFILE:
                self._add_profile(batch, number)
            if not self.plan.core_only and self.rng.random() < WITH_INTERFACE_LANGUAGE:
                language = chance.INTERFACE_LANGUAGES.pick(self.rng)
                batch.preferences.append((self.first_user_id + number, "pref-lang", language))
        return batch

    def _add_user(self, batch: PeopleBatch, number: int) -> None:
        rng = self.rng
        joined = int(rng.random() * chance.OLDEST_ACCOUNT_HOURS)
        login = chance.hours_since_login(rng, joined)
        username = f"{self.plan.username_prefix}{number + 1:07d}"
        self.joined_hours.append(joined)
        batch.users.append(
            (
                self.first_user_id + number,
                username,
                f"{username}@{chance.EMAIL_DOMAINS.pick(rng)}",
                tables.UNUSABLE_PASSWORD,
                None if login is None else self.past.hours_ago(login),
                self.past.hours_ago(joined),
                rng.random() >= INACTIVE_ACCOUNTS,
            )
        )

    def _add_profile(self, batch: PeopleBatch, number: int) -> None:
        rng = self.rng
        year = None if rng.random() < 0.1 else 2008 - min(int(rng.expovariate(1 / 14)), 70)
        batch.profiles.append(
            (
                self.first_profile_id + number,
                self.first_user_id + number,
                chance.GENDERS.pick(rng),
                chance.EDUCATION.pick(rng),
                year,
                chance.COUNTRIES.pick(rng),
                None,
            )
        )
        if not self.plan.core_only and rng.random() < WITH_SPOKEN_LANGUAGES:
            spoken = {chance.SPOKEN_LANGUAGES.pick(rng) for _ in range(rng.randint(1, 3))}
            batch.languages.extend((self.first_profile_id + number, code) for code in sorted(spoken))
