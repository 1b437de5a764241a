"""Finding accounts by what people write: a user name, an e-mail address or a user id."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Max, Q
from django.db.models.functions import Lower

#: The largest id that fits the platform's column (a signed 32-bit integer).
MAX_USER_ID = 2**31 - 1


def by_username(names: Collection[str]) -> dict[str, int]:
    """User ids by user name. Names that do not exist are left out; case matters on every database."""
    wanted = set(names)
    found = _accounts().filter(username__in=wanted).values_list("username", "pk")
    return {username: pk for username, pk in found if username in wanted}


def by_email(emails: Collection[str]) -> dict[str, int]:
    """User ids by lower-cased e-mail address, however it is written here. An address that two accounts share is left
    out: it names nobody."""
    wanted = {email.lower() for email in emails}
    if not wanted:
        return {}
    # What a database takes for the same letter differs from what we do: SQLite lowers A to Z only, PostgreSQL no letter
    # that becomes two, and MariaDB does not know the capital of ß. At least an address that is written as the account
    # has it must be found.
    as_written = {email for email in emails if not email.isascii()}
    if connection.vendor == "mysql":
        # Text compares without regard to case there. A function over the column would keep the platform's index on it
        # from being used, and read all accounts for each list.
        rows = _accounts().filter(email__in=wanted | as_written)
    else:
        rows = _accounts().annotate(lowered_email=Lower("email"))
        rows = rows.filter(Q(lowered_email__in=wanted) | Q(email__in=as_written))
    found: dict[str, int] = {}
    shared = set()
    for email, pk in rows.values_list("email", "pk"):
        if email.lower() in found:
            shared.add(email.lower())
        found[email.lower()] = pk
    return {email: pk for email, pk in found.items() if email in wanted and email not in shared}


def by_id(ids: Collection[int]) -> set[int]:
    """Which of these user ids exist."""
    plausible = {pk for pk in ids if 0 < pk <= MAX_USER_ID}
    return set(_accounts().filter(pk__in=plausible).values_list("pk", flat=True))


def usernames(ids: Collection[int]) -> dict[int, str]:
    """User names by id."""
    return dict(_accounts().filter(pk__in=ids).values_list("pk", "username"))


def is_retired(username: str) -> bool:
    """Whether this is the user name that the platform gives to an account once its owner has left."""
    return username.startswith(retired_prefix())


def retired_prefix() -> str:
    """How the user names of retired accounts begin."""
    prefix: str = getattr(settings, "RETIRED_USERNAME_PREFIX", "retired__user_")
    return prefix


def largest_id() -> int:
    """The largest user id; 0 where there are no accounts."""
    return _accounts().aggregate(largest=Max("pk"))["largest"] or 0


def find(identifiers: Collection[str], known: Callable[[set[int]], Collection[int]] | None = None) -> dict[str, int]:
    """User ids by what was written: a user name or, where nobody has that one, an e-mail address.

    In this order, because we name people by their user names: what we wrote must mean the same person when it is read
    again, even where somebody else has it as an e-mail address.

    Args:
        known: which of the accounts with these ids may be found by their e-mail addresses; all of them unless told.
    """
    found = by_username(identifiers)
    others = [text for text in identifiers if text not in found and "@" in text]
    emails = by_email(others)
    if known is not None and emails:
        allowed = known(set(emails.values()))
        emails = {email: pk for email, pk in emails.items() if pk in allowed}
    return found | {text: emails[text.lower()] for text in others if text.lower() in emails}


def _accounts() -> Any:
    return get_user_model()._default_manager.order_by()
