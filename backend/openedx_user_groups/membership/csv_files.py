"""Lists of people as CSV files: reading what spreadsheets write, and writing what they can open without harm.

Bytes and text only. Who the people are, and whether they may join, is decided by ``actions.imports``.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import Violation
from openedx_user_groups.exceptions import InvalidInput


class Identifier(models.TextChoices):
    """What the people of a file are named by."""

    AUTO = "auto", _("Whatever the file holds")
    USERNAME = "username", _("Username")
    EMAIL = "email", _("E-mail address")
    USER_ID = "user_id", _("User id")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: where it starts (physical line, from 1), the text that names a person, and what kind of name that is.

    ``value`` is the cell as it stands in the file, without the guard of :func:`guarded`; blank where nobody is named.
    """

    line: int
    value: str
    identifier: Identifier


#: The columns of an export, which an import knows again.
EXPORT_COLUMNS = ("username", "email", "user_id")

#: Column titles, in lower case, without accents, and with single spaces for whatever separates words. "Student ID" is
#: the platform's own title for the user id in its grade reports.
_TITLES = {
    Identifier.USERNAME: {"username", "user name", "user", "usuario", "nombre de usuario"},
    Identifier.EMAIL: {"email", "e mail", "email address", "e mail address", "correo", "correo electronico"},
    Identifier.USER_ID: {"user id", "userid", "id", "student id", "id de usuario"},
}

#: In the order of preference where nothing else decides.
_DELIMITERS = (",", ";", "\t")

#: The line with which Excel tells itself the delimiter.
_DELIMITER_LINE = re.compile(r'"?sep=([,;\t])"?(?=[\r\n]|\Z)', re.IGNORECASE)

#: A cell that a spreadsheet may take for a formula: it trims blanks, knows the full-width forms of the signs, and takes
#: a tab or a line break at the start for an empty cell before it. Apostrophes count as blanks here because the guard is
#: one: a cell that looks guarded already has to be told from one that is.
_FORMULA = re.compile(r"[\s']*[=+\-@＝＋－＠]|'*[\t\r\n]")  # noqa: RUF001

#: Stands after the last line. It can be nowhere in the text: a file with this character is refused.
_END = "\0"


def read_entries(content: bytes, identifier: Identifier = Identifier.AUTO, *, max_rows: int) -> list[Entry]:
    """The rows of a CSV file, in order. Lines without any text are not rows.

    UTF-8 with or without a byte order mark, UTF-16 with one, Windows-1252 and Latin-1; comma, semicolon or tab; any
    line ends, quotes as usual. The first line is a header if one of its cells is a title that we know. Then the columns
    with such titles count: the one of ``identifier``, or for ``AUTO`` in each row the first that is filled of user
    name, e-mail address and user id. Without a header the first column counts.

    Raises ``InvalidInput`` at ``/file`` with code ``empty_file``, ``not_text``, ``malformed_csv``,
    ``no_identifier_column`` or ``too_many_rows``.
    """
    text = _decode(content)
    if not text.strip():
        raise _unreadable("empty_file", _("The file is empty."))
    delimiter, has_delimiter_line = _find_delimiter(text)
    records = _filled_records(text, delimiter)
    if has_delimiter_line:
        next(records)
    first = next(records, None)
    if first is None:
        raise _unreadable("empty_file", _("The file is empty."))
    titled = _titled_columns(first[1])
    if titled:
        columns = _wanted_columns(titled, identifier)
    else:
        columns = [(identifier, 0)]
        records = chain([first], records)
    return _entries(records, columns, max_rows)


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """These rows as CSV with CRLF line ends. No cell is a formula to a spreadsheet."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerows([guarded(str(cell)) for cell in row] for row in rows)
    return buffer.getvalue()


def guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet may take for a formula; :func:`unguarded` takes it away."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell without the apostrophe that :func:`guarded` put there. Any other apostrophe stays."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def _decode(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        # Latin-1 has a character for each byte: it takes what Windows-1252 leaves undefined.
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
        break
    raise _unreadable("not_text", _("The file is not a text file. Save your spreadsheet as CSV and upload that file."))


def _find_delimiter(text: str) -> tuple[str, bool]:
    """The delimiter, and whether a line of its own names it.

    Otherwise the one that makes most sense of the first line decides: that finds most titles in it, then most cells.
    """
    named = _DELIMITER_LINE.match(text)
    if named:
        return named[1], True

    def sense(delimiter: str) -> tuple[int, int]:
        try:
            first = next(_filled_records(text, delimiter), None)
        except InvalidInput:
            return -1, 0
        if first is None:  # Nothing but delimiters.
            return len(_TITLES), 0
        return len(_titled_columns(first[1])), len(first[1])

    return max(_DELIMITERS, key=sense), False


def _filled_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records that hold any text, each with the line where it starts. Raises ``InvalidInput``."""
    # An opening quote that nothing closes makes the parser take the rest of the file for one cell. People would go
    # missing without a word; so a last line of our own must come out again as it went in.
    lines = chain(io.StringIO(text, newline=""), [_END])
    reader = csv.reader(lines, delimiter=delimiter)
    ended, start, following = False, 1, 1
    try:
        for cells in reader:
            ended = cells == [_END]
            start, following = following, reader.line_num + 1
            if not ended and any(cell.strip() for cell in cells):
                yield start, cells
    except csv.Error:  # The cell became too long.
        message = _("The cell near line %(line)s is longer than any name. Perhaps a quotation mark is not closed.") % {
            "line": following
        }
        raise _unreadable("malformed_csv", message, line=following) from None
    if not ended:
        message = _("A quotation mark opens near line %(line)s and is not closed.") % {"line": start}
        raise _unreadable("malformed_csv", message, line=start)


def _titled_columns(cells: Sequence[str]) -> dict[Identifier, int]:
    """Where the columns with titles that we know are; empty if this is not a header."""
    columns: dict[Identifier, int] = {}
    for index, cell in enumerate(cells):
        plain = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode().lower()
        title = re.sub(r"[\W_]+", " ", plain).strip()
        for identifier, titles in _TITLES.items():
            if title in titles:
                columns.setdefault(identifier, index)
    return columns


def _wanted_columns(titled: dict[Identifier, int], identifier: Identifier) -> list[tuple[Identifier, int]]:
    if identifier == Identifier.AUTO:
        return [(kind, titled[kind]) for kind in _TITLES if kind in titled]
    if identifier not in titled:
        message = _("The file has no column “%(title)s”.") % {"title": identifier.label}
        raise _unreadable("no_identifier_column", message, identifier=identifier.value)
    return [(identifier, titled[identifier])]


def _entries(
    records: Iterable[tuple[int, list[str]]], columns: list[tuple[Identifier, int]], max_rows: int
) -> list[Entry]:
    entries: list[Entry] = []
    for line, cells in records:
        if len(entries) == max_rows:
            message = _("The file has more than %(limit)s rows.") % {"limit": max_rows}
            raise _unreadable("too_many_rows", message, limit=max_rows)
        entries.append(_entry(line, cells, columns))
    return entries


def _entry(line: int, cells: list[str], columns: list[tuple[Identifier, int]]) -> Entry:
    for identifier, index in columns:
        value = unguarded(cells[index]) if index < len(cells) else ""
        if value.strip():
            return Entry(line, value, identifier)
    return Entry(line, "", columns[0][0])


def _unreadable(code: str, message: Any, **params: Any) -> InvalidInput:
    return InvalidInput([Violation("/file", code, message, params)])
