"""Lists of people in and out of manual groups, as CSV files, with an account of what became of each row.

The format of the files is ``membership.csv_files``' business; writing members is ``actions.members``'.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.data import RefreshTrigger, Violation
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups import accounts
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.groups.universe import universe_of
from openedx_user_groups.membership.changes import Delta
from openedx_user_groups.membership.csv_files import EXPORT_COLUMNS, Entry, Identifier, csv_text, read_entries
from openedx_user_groups.membership.models import Membership
from openedx_user_groups.sets import IdSet, chunks

from .members import Mention, change_manual_members, check_is_manual

#: Rows whose people are looked up together. A row asks for at most two user names, and the database that takes fewest
#: values in one statement (SQLite) takes 32,766.
_LOOKUP_CHUNK = 5000

#: The longest text that can name an account: an e-mail address.
_MAX_LENGTH = 254

_CONTROL = re.compile(r"[\x00-\x1f]")

#: What comes along when text is copied from a page or a chat: blanks, and characters that nobody sees.
_AROUND_NAMES = " \t\r\n\u00a0\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


class ImportMode(models.TextChoices):
    """What an uploaded list does to a group."""

    ADD = "add", _("Add these learners")
    REPLACE = "replace", _("Make these learners the members")
    REMOVE = "remove", _("Remove these learners")


class ImportOutcome(models.TextChoices):
    """What became of one row of an uploaded list."""

    ADDED = "added", _("Added")
    ALREADY_MEMBER = "already_member", _("Already a member")
    REMOVED = "removed", _("Removed")
    NOT_A_MEMBER = "not_a_member", _("Not a member")
    NOT_FOUND = "not_found", _("No such account")
    NOT_IN_SCOPE = "not_in_scope", _("Not an active learner here")
    INVALID = "invalid", _("Not a username, e-mail address or user id")
    DUPLICATE = "duplicate", _("Named before in this file")


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One row: the line of the file where it starts (from 1), the text that was read, and what became of it."""

    line: int
    value: str
    outcome: ImportOutcome


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    ``total`` is the number of rows and the sum of ``counts``, which names every outcome. ``removed_count`` is how many
    members left; in a replacement they are those whom the file does not name, so that no row tells of them.
    ``changed`` says whether anybody joined or left.
    """

    mode: ImportMode
    total: int
    counts: Mapping[ImportOutcome, int]
    removed_count: int
    changed: bool
    rows: tuple[ImportRow, ...]


def import_members(
    group: UserGroup,
    content: bytes,
    *,
    mode: ImportMode,
    identifier: Identifier = Identifier.AUTO,
    acting_user: Any,
) -> ImportReport:
    """Add, replace or remove members of a manual group by an uploaded list. The same list again changes nothing.

    A row that names nobody, or nobody who may join, is reported and does not stop the others. Whoever is a member
    already stays one, whether or not the scope would still take them, so that a group's own export changes nothing.

    Args:
        content: the file (see ``membership.csv_files.read_entries`` for what is understood).
        identifier: what people are named by. ``AUTO`` goes by the header; without one, text is a user name or else,
            with an ``@``, an e-mail address or, if it is a number, a user id.

    Raises ``InvalidInput`` at ``/file``, with nothing changed, for a file that cannot be read (``empty_file``,
    ``not_text``, ``malformed_csv``, ``no_identifier_column``, ``file_too_large``, ``too_many_rows``) and for a
    replacement in which no row names a learner of the scope (``nothing_found``): a wrong file must not empty a group.
    Raises ``WrongMembershipSource`` for a criteria group, ``NotRefreshable`` for one that is frozen or disabled,
    ``NotFound`` for one that was archived meanwhile, and ``InOtherGroup`` for anybody in another group of an exclusive
    collection: then nothing is changed.
    """
    check_is_manual(group)
    people = _find_people(_read(content, identifier))
    named = IdSet(pk for _entry, pk in people if pk is not None)
    inside = named if mode == ImportMode.REMOVE else _in_scope(group, named)
    before = IdSet()

    def difference(present: IdSet) -> Delta:
        nonlocal before
        before = present
        return _difference(mode, present, inside, named, len(people))

    changed = change_manual_members(
        group, difference, len(named), acting_user, trigger=RefreshTrigger.IMPORT, mentions=_mentions(people)
    )
    rows = tuple(_rows(people, mode, before, inside))
    counts = Counter(row.outcome for row in rows)
    return ImportReport(
        mode=mode,
        total=len(rows),
        counts={outcome: counts[outcome] for outcome in ImportOutcome},
        removed_count=changed.removed,
        changed=bool(changed.added or changed.removed),
        rows=rows,
    )


def export_members(group: UserGroup) -> Iterator[str]:
    """The members of a group as pieces of a CSV file with a header, in the order of user ids.

    Importing the file, in any mode but ``REMOVE``, changes nothing. No piece holds more than a few thousand members,
    and no cursor is open between them: a slow client does not hold a transaction.
    """
    yield csv_text([EXPORT_COLUMNS])
    rows = Membership.objects.filter(user_group=group).order_by("user_id")
    columns = rows.values_list("user__username", "user__email", "user_id")
    size, last = settings.get("WRITE_CHUNK_SIZE"), 0
    while page := list(columns.filter(user_id__gt=last)[:size]):
        last = page[-1][-1]
        yield csv_text(page)


def _read(content: bytes, identifier: Identifier) -> list[Entry]:
    limit = settings.get("MAX_IMPORT_BYTES")
    if len(content) > limit:
        message = _("The file is larger than %(limit)s bytes. Split it into several files.") % {"limit": limit}
        raise InvalidInput([Violation("/file", "file_too_large", message, {"limit": limit})])
    return read_entries(content, identifier, max_rows=settings.get("MAX_IMPORT_ROWS"))


# Who the rows mean

#: An entry with the user id it means, if it means anybody.
_Person = tuple[Entry, int | None]

#: A way to understand an entry: a kind of name, and what to look up.
_Reading = tuple[Identifier, Any]


def _find_people(entries: Sequence[Entry]) -> list[_Person]:
    """Each entry with the account it means, in at most three queries for every few thousand entries."""
    people: list[_Person] = []
    for start in range(0, len(entries), _LOOKUP_CHUNK):
        chunk = entries[start : start + _LOOKUP_CHUNK]
        readings = [_exactly(entry) + _readings(entry) for entry in chunk]
        known = _look_up({reading for those in readings for reading in those})
        for entry, those in zip(chunk, readings, strict=True):
            people.append((entry, next((known[reading] for reading in those if reading in known), None)))
    return people


def _exactly(entry: Entry) -> list[_Reading]:
    """The entry as a user name, just as it stands: so our own export names everybody, whatever their names hold."""
    is_username = entry.identifier in (Identifier.USERNAME, Identifier.AUTO)
    return [(Identifier.USERNAME, entry.value)] if is_username and 0 < len(entry.value) <= _MAX_LENGTH else []


def _readings(entry: Entry) -> list[_Reading]:
    """The other ways to understand an entry, the likeliest first; none if it is invalid."""
    name = entry.value.strip(_AROUND_NAMES)
    if not name or len(name) > _MAX_LENGTH or _CONTROL.search(name):
        return []
    usernames: list[_Reading] = [(Identifier.USERNAME, name)]
    emails: list[_Reading] = [(Identifier.EMAIL, name)] if "@" in name else []
    ids: list[_Reading] = [(Identifier.USER_ID, int(name))] if name.isascii() and name.isdigit() else []
    by_identifier = {
        Identifier.USERNAME: usernames,
        Identifier.EMAIL: emails,
        Identifier.USER_ID: ids,
        Identifier.AUTO: usernames + emails + ids,
    }
    return by_identifier[entry.identifier]


def _mentions(people: Sequence[_Person]) -> dict[int, Mention]:
    """The first row that names each learner."""
    mentions: dict[int, Mention] = {}
    for entry, pk in people:
        if pk is not None and pk not in mentions:
            mentions[pk] = Mention("/file", entry.line, entry.value)
    return mentions


def _look_up(readings: set[_Reading]) -> dict[_Reading, int]:
    wanted: dict[Identifier, set[Any]] = {identifier: set() for identifier in Identifier}
    for identifier, key in readings:
        wanted[identifier].add(key)
    emails = accounts.by_email(wanted[Identifier.EMAIL])
    found: dict[Identifier, dict[Any, int]] = {
        Identifier.USERNAME: accounts.by_username(wanted[Identifier.USERNAME]),
        Identifier.EMAIL: {text: emails[text.lower()] for text in wanted[Identifier.EMAIL] if text.lower() in emails},
        Identifier.USER_ID: {pk: pk for pk in accounts.by_id(wanted[Identifier.USER_ID])},
    }
    return {(identifier, key): pk for identifier, keys in found.items() for key, pk in keys.items()}


def _in_scope(group: UserGroup, user_ids: IdSet) -> IdSet:
    universe = universe_of(group.scope)
    return IdSet().union(*(universe.restricted_to(IdSet(chunk)) for chunk in chunks(user_ids, _LOOKUP_CHUNK)))


# What becomes of them


def _difference(mode: ImportMode, present: IdSet, inside: IdSet, named: IdSet, total: int) -> Delta:
    if mode == ImportMode.ADD:
        return Delta(inside - present, IdSet())
    if mode == ImportMode.REMOVE:
        return Delta(IdSet(), inside & present)
    wanted = inside | (named & present)
    # The export of a group without members has no rows, and may be imported into such a group.
    if not wanted and (total or present):
        message = _("No row of the file names a learner here. The members stay as they are.")
        raise InvalidInput([Violation("/file", "nothing_found", message)])
    return Delta(wanted - present, present - wanted)


def _rows(people: Sequence[_Person], mode: ImportMode, before: IdSet, inside: IdSet) -> Iterator[ImportRow]:
    """The report of each row, given who was a member ``before``."""
    seen = IdSet()
    for entry, pk in people:
        if pk is None:
            outcome = ImportOutcome.NOT_FOUND if _readings(entry) else ImportOutcome.INVALID
        elif pk in seen:
            outcome = ImportOutcome.DUPLICATE
        elif mode == ImportMode.REMOVE:
            outcome = ImportOutcome.REMOVED if pk in before else ImportOutcome.NOT_A_MEMBER
        elif pk in before:
            outcome = ImportOutcome.ALREADY_MEMBER
        else:
            outcome = ImportOutcome.ADDED if pk in inside else ImportOutcome.NOT_IN_SCOPE
        if pk is not None:
            seen.add(pk)
        yield ImportRow(entry.line, entry.value, outcome)
