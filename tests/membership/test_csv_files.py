"""What is understood of an uploaded file, line by line, and what is written so that it is understood again."""

from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.membership.csv_files import (
    EXPORT_COLUMNS,
    Entry,
    Identifier,
    csv_text,
    guarded,
    read_entries,
    unguarded,
)

#: How long an example takes says how busy the machine is.
at_leisure = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

AUTO, USERNAME, EMAIL, USER_ID = Identifier.AUTO, Identifier.USERNAME, Identifier.EMAIL, Identifier.USER_ID


def read(content, identifier=AUTO, max_rows=1000):
    if isinstance(content, str):
        content = content.encode()
    entries = read_entries(content, identifier, max_rows=max_rows)
    return [(entry.line, entry.value, entry.identifier) for entry in entries]


#: Why a file may be refused.
CODES = {"empty_file", "not_text", "malformed_csv", "no_identifier_column", "too_many_rows"}


def values(content, identifier=AUTO):
    return [value for _line, value, _identifier in read(content, identifier)]


def refused(content, identifier=AUTO, max_rows=1000):
    with pytest.raises(InvalidInput) as error:
        read(content, identifier, max_rows)
    (violation,) = error.value.violations
    assert violation.pointer == "/file"
    assert str(violation.message)
    return violation.code, dict(violation.params)


# Lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(end):
    content = end.join(["ann", "", "bob", "cy"])
    assert read(content) == [(1, "ann", AUTO), (3, "bob", AUTO), (4, "cy", AUTO)]
    assert read(content + end) == read(content)


def test_lines_without_text_are_not_rows():
    assert read('\n  \nann,x\n,\n""\n \t \nbob,\n') == [(3, "ann", AUTO), (7, "bob", AUTO)]


def test_a_row_that_names_nobody_is_a_row():
    assert read("ann,x\n,y\n") == [(1, "ann", AUTO), (2, "", AUTO)]


def test_a_record_has_the_line_where_it_starts():
    content = 'username,note\r\nann,"two\r\nlines"\r\nbob,"three\n\nlines"\ncy,\n'
    assert read(content) == [(2, "ann", USERNAME), (4, "bob", USERNAME), (7, "cy", USERNAME)]


def test_characters_that_only_python_takes_for_line_ends_stay_in_the_text():
    assert values("a\x0bb\x0cc\x85d\u2028e\nf\n") == ["a\x0bb\x0cc\x85d\u2028e", "f"]


def test_quotes():
    assert values('"ann","x"\n"b""o""b"\n"c,d"\n"e\nf"\ng"h\n') == ["ann", 'b"o"b', "c,d", "e\nf", 'g"h']


@pytest.mark.parametrize(
    ("content", "line"),
    [('ann\n"bob\ncy\n', 2), ('ann\nbob\n\n"cy', 4), ('ann\n"' + "bob\n" * 50_000, 2), ('ann\n"\n', 2)],
)
def test_a_quote_that_is_never_closed_does_not_swallow_people(content, line):
    assert refused(content) == ("malformed_csv", {"line": line})


@pytest.mark.parametrize("content", ["ann\n" + "b" * 200_000 + "\ncy\n", 'ann\n"' + "b" * 200_000 + '"\n'])
def test_a_cell_that_is_too_long_is_not_said_to_open_a_quote(content):
    with pytest.raises(InvalidInput) as error:
        read(content)
    (violation,) = error.value.violations
    assert (violation.pointer, violation.code, violation.params) == ("/file", "malformed_csv", {"line": 2})
    assert str(violation.message).startswith("The cell near line 2 is longer than any name.")


def test_values_are_kept_as_they_stand():
    assert values(" ann ,x\n\u00a0bob\n") == [" ann ", "\u00a0bob"]


# Delimiters


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_seen(delimiter):
    table = [["Name", "E-mail"], ["Ann, the first; really", "ann@example.org"], ["", "bob@example.org"]]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(table)
    assert read(buffer.getvalue()) == [(2, "ann@example.org", EMAIL), (3, "bob@example.org", EMAIL)]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([["ann", "x", "y,z"], ["bob", "", ""]])
    assert values(buffer.getvalue()) == ["ann", "bob"]


def test_the_first_line_decides():
    assert values("ann;1\nbob,2\n") == ["ann", "bob,2"]
    assert values("ann,1\nbob;2\n") == ["ann", "bob;2"]


def test_a_title_counts_more_than_cells():
    assert read("last, first, middle;username\nDoe, Ann, B;ann\n") == [(2, "ann", USERNAME)]


def test_a_quote_that_is_open_under_another_delimiter_only_does_not_matter():
    assert read('note,"x;username\nann,"y;ann\n') == [(2, "ann", USERNAME)]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
def test_excels_own_line_names_the_delimiter(line):
    assert read(f"{line}\r\nann;a,b,c,d\r\n") == [(2, "ann", AUTO)]
    assert read(f"{line}\r\nusername;a,b\r\nann;x\r\n") == [(3, "ann", USERNAME)]
    assert refused(line) == ("empty_file", {})


# Headers


@pytest.mark.parametrize(
    ("title", "identifier"),
    [
        ("username", USERNAME),
        ("  User Name ", USERNAME),
        ("USER_NAME", USERNAME),
        ("User", USERNAME),
        ("Usuario", USERNAME),
        ("email", EMAIL),
        ("E-Mail", EMAIL),
        ("Email Address", EMAIL),
        ("e-mail address:", EMAIL),
        ("Correo electrónico", EMAIL),
        ("correo electronico", EMAIL),
        ("user_id", USER_ID),
        ("User ID", USER_ID),
        ("id", USER_ID),
        ("Student ID", USER_ID),
    ],
)
def test_titles(title, identifier):
    assert read(f"{title}\n7\n") == [(2, "7", identifier)]
    assert read(f"x,{title},y\na,7,b\n") == [(2, "7", identifier)]


@pytest.mark.parametrize("text", ["userx", "name", "emails", "identity", "ann", "1"])
def test_any_other_first_line_is_a_row(text):
    assert read(f"{text},x\n") == [(1, text, AUTO)]


def test_the_first_filled_of_user_name_e_mail_and_id_counts():
    content = 'id,email,username\n7,a@x.org,ann\n8,b@x.org,\n9, ,\n,,\n1,,""\n, , x\n'
    assert read(content) == [
        (2, "ann", USERNAME),
        (3, "b@x.org", EMAIL),
        (4, "9", USER_ID),
        (6, "1", USER_ID),
        (7, " x", USERNAME),
    ]


def test_a_row_may_be_short_or_long():
    assert read("note,email,username\nx\nx,a@x.org\nx,a@x.org,ann,y\n") == [
        (2, "", USERNAME),
        (3, "a@x.org", EMAIL),
        (4, "ann", USERNAME),
    ]


def test_a_column_that_comes_twice_counts_once():
    assert read("email,e-mail\na@x.org,b@x.org\n") == [(2, "a@x.org", EMAIL)]


@pytest.mark.parametrize("identifier", [USERNAME, EMAIL, USER_ID])
def test_an_identifier_that_is_named_takes_its_own_column_only(identifier):
    columns = {USERNAME: "ann", EMAIL: "a@x.org", USER_ID: "7"}
    content = "user_id,email,username\n7,a@x.org,ann\n,,\nx,,\n"
    expected = "x" if identifier == USER_ID else ""
    assert read(content, identifier) == [(2, columns[identifier], identifier), (4, expected, identifier)]
    assert read("7,ann\n", identifier) == [(1, "7", identifier)]


def test_a_header_without_the_column_that_was_asked_for():
    assert refused("username,user id\nann,7\n", EMAIL) == ("no_identifier_column", {"identifier": "email"})


def test_a_header_alone_has_no_rows():
    assert read("username,email,user_id\r\n") == []


# Encodings

ROWS = [(2, "josé", USERNAME), (3, "zoë", USERNAME)]
TEXT = "Username\njosé\nzoë\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("latin-1"),
        TEXT.encode("cp1252"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    ],
)
def test_encodings(content):
    assert read(content) == ROWS


def test_every_byte_of_the_old_encodings_has_a_meaning():
    assert values("a€b\n".encode("cp1252")) == ["a€b"]
    assert values(b"a\x81\xe9\n") == ["a\x81é"]


@pytest.mark.parametrize(
    "content",
    [
        b"ann\0\n",
        TEXT.encode("utf-16-le"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF16_LE + b"a",
        codecs.BOM_UTF16_LE + b"a\0\x00\xd8b\0",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04\x14\0\x06\0\x08\0",
    ],
)
def test_what_is_no_text(content):
    assert refused(content) == ("not_text", {})


@pytest.mark.parametrize("content", [b"", b" \r\n\t\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b'"",""\n', b",,\n\n,"])
def test_empty_files(content):
    assert refused(content) == ("empty_file", {})


def test_the_limit_of_rows_is_exact():
    assert len(read("username\n" + "ann\n" * 3, max_rows=3)) == 3
    assert refused("username\n" + "ann\n" * 4, max_rows=3) == ("too_many_rows", {"limit": 3})


@at_leisure
@given(st.binary(max_size=200), st.sampled_from(Identifier))
def test_any_bytes_are_read_or_refused(content, identifier):
    """Each row starts on a later line than the one before, and no line is beyond the end of the file."""
    try:
        entries = read_entries(content, identifier, max_rows=50)
    except InvalidInput:
        assert refused(content, identifier, max_rows=50)[0] in CODES
        return
    lines = [entry.line for entry in entries]
    assert lines == sorted(set(lines))
    assert all(1 <= line <= content.count(b"\n") + content.count(b"\r") + 1 for line in lines)


# Formulas

#: Text in which everything that matters to spreadsheets, quotes and lines is frequent.
nasty = st.text(
    st.sampled_from("'=+-@\t\r\n \",;aé\uff1d\u00a0") | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=8,
)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", "\uff1d1", "'=1", "''=1", " '=1"]
)
def test_formulas_are_guarded(cell):
    assert guarded(cell) == "'" + cell
    assert unguarded("'" + cell) == cell


@pytest.mark.parametrize("cell", ["", "ann", "a=1", "a-b", "o'hara", "'ann", "'", "''", " ann", "7"])
def test_other_text_is_left_alone(cell):
    assert guarded(cell) == cell
    assert unguarded(cell) == cell


@at_leisure
@given(nasty)
def test_no_guarded_cell_is_a_formula_and_the_guard_comes_off(cell):
    safe = guarded(cell)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert not safe.lstrip().startswith(("=", "+", "-", "@"))
    assert unguarded(safe) == cell


@at_leisure
@given(st.lists(st.tuples(nasty.filter(str.strip), nasty, st.integers(1, 2**31 - 1)), max_size=5))
def test_what_is_written_is_read_again(rows):
    text = csv_text([EXPORT_COLUMNS, *rows])
    for identifier, column in ((AUTO, 0), (USERNAME, 0), (USER_ID, 2)):
        entries = read_entries(text.encode(), identifier, max_rows=10)
        assert [entry.value for entry in entries] == [str(row[column]) for row in rows]


def test_the_form_of_what_is_written():
    assert csv_text([("username", "email"), ("-ann", 'a"b@x.org'), ("b,c", "")]) == (
        'username,email\r\n\'-ann,"a""b@x.org"\r\n"b,c",\r\n'
    )


def test_entries_can_be_compared():
    assert read_entries(b"ann", max_rows=1) == [Entry(1, "ann", AUTO)]
