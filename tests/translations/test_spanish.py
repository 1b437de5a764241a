"""The translation into Spanish: complete, up to date with the source, and what a client is given.

Nothing here needs gettext: the texts are found in the source, and the two files are read as they are. After a change of
texts: ``make messages``, translate what is new in ``conf/locale/es``, ``make messages`` again.
"""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

import openedx_user_groups
from openedx_user_groups import codes
from openedx_user_groups.criteria import metadata, registry
from openedx_user_groups.data import Scope
from tests.contrib.lms.world import COURSE

PACKAGE = Path(openedx_user_groups.__path__[0])
CATALOG = PACKAGE / "locale" / "es" / "LC_MESSAGES"
FUNCTIONS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
TAGS = re.compile(r'{% translate \s*["\']([^"\']+)["\'] %}|{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}', re.S)
PLACEHOLDER = re.compile(r"%\(\w+\)[-.\d]*[a-z]|%[-.\d]*[sd]|\{\w*\}")

#: Words that are the same in both languages.
SAME = {"%(seconds).1f s", "Honor", "error", "no", "plan", "roles"}
SAME |= {"%(criterion)s: %(value)s", "%(criterion)s: %(value)s."}


class Entry:
    """A text of the catalogue with its translations: one, or one for each form of a plural."""

    def __init__(self, block: str) -> None:
        lines = block.splitlines()
        self.flags = {flag.strip() for line in lines if line.startswith("#,") for flag in line[2:].split(",")}
        parts: dict[str, str] = {}
        name = ""
        for line in lines:
            if match := re.match(r'(msg\w+(?:\[\d\])?) (".*)', line):
                name, line = match.groups()
            if line.startswith('"'):
                parts[name] = parts.get(name, "") + ast.literal_eval(line)
        self.source = parts.get("msgid", "")
        self.translations = [text for name, text in parts.items() if name.startswith("msgstr")]


def entries() -> list[Entry]:
    blocks = (CATALOG / "django.po").read_text(encoding="utf-8").split("\n\n")
    found = [Entry(block) for block in blocks if not block.startswith("#~")]
    return [entry for entry in found if entry.source]


ENTRIES = entries()


def texts_of_code(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in FUNCTIONS:
            yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


def texts_of_template(path: Path) -> Iterator[str]:
    for plain, block in TAGS.findall(path.read_text(encoding="utf-8")):
        yield plain or re.sub(r"{{ (\w+) }}", r"%(\1)s", block)


def test_every_text_of_the_package_is_in_the_catalogue_and_no_other():
    found = {text for path in PACKAGE.rglob("*.py") for text in texts_of_code(path)}
    found |= {text for path in PACKAGE.rglob("*.html") for text in texts_of_template(path)}
    catalogued = {entry.source for entry in ENTRIES}
    assert len(found) > 500
    assert sorted(found - catalogued) == []
    assert sorted(catalogued - found) == []


def test_every_text_is_translated():
    assert [entry.source for entry in ENTRIES if not all(text.strip() for text in entry.translations)] == []
    assert [entry.source for entry in ENTRIES if "fuzzy" in entry.flags] == []
    assert {entry.source for entry in ENTRIES if entry.translations == [entry.source]} == SAME


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.source[:40])
def test_placeholders_and_ends_agree(entry):
    wanted = sorted(PLACEHOLDER.findall(entry.source))
    for text in entry.translations:
        assert sorted(PLACEHOLDER.findall(text)) == wanted
        assert text[-1:] in ".:" if entry.source[-1:] in ".:" else text[-1:] not in ".:"


def test_the_compiled_file_says_the_same():
    with (CATALOG / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    expected = {}
    for entry in ENTRIES:
        plural = len(entry.translations) > 1
        for index, text in enumerate(entry.translations):
            expected[(entry.source, index) if plural else entry.source] = text
    assert {key: text for key, text in compiled.items() if key != ""} == expected


# ---- What clients are given ------------------------------------------------------------------------------------------
def labels(document: dict) -> dict[str, str]:
    """The texts of every type, field and operator, by their place."""
    found = {}
    for type_ in document["criterion_types"]:
        found[type_["id"]] = type_["label"]
        found[f"{type_['id']}: help"] = type_["help_text"]
        found[f"{type_['id']}: category"] = type_["category_label"]
        found.update({f"{type_['id']}.{field['name']}": field["label"] for field in type_["fields"]})
        found.update({f"{type_['id']} {operator['id']}": operator["label"] for operator in type_["operators"]})
    return found


def test_the_document_is_in_the_language_of_the_request(admin_user):
    client = Client()
    client.force_login(admin_user)
    for scope in (COURSE, Scope.parse("organization", COURSE.course_key.org), Scope.parse("instance")):
        query = {"scope_type": scope.type.value, "scope_key": scope.key}
        spanish, english = (
            client.get("/api/user_group/v1/criterion_types/", query, headers={"Accept-Language": language})
            for language in ("es", "en")
        )
        assert (spanish.headers["Content-Language"], spanish.json()["locale"]) == ("es", "es")
        assert spanish.json()["revision"] != english.json()["revision"]
        ours, theirs = labels(spanish.json()), labels(english.json())
        assert ours.keys() == theirs.keys()
        assert {place: text for place, text in ours.items() if text == theirs[place]} == {
            place: "Roles" for place in ours if place == "course_role.roles"
        }
        codes_in_spanish = {entry["id"]: entry["message"] for entry in spanish.json()["error_codes"]}
        assert codes_in_spanish["range_inverted"] == "El inicio del intervalo no puede ser mayor que su final."
        assert all(message != str(codes.all_messages()[code]) for code, message in codes_in_spanish.items())


def test_the_examples_of_the_story(db):
    with translation.override("es"):
        document = metadata.document(COURSE)
        last_login = next(type_ for type_ in document["criterion_types"] if type_["id"] == "last_login")
        assert (last_login["label"], last_login["category_label"]) == ("Último acceso", "Actividad")
        assert last_login["operators"][0]["label"] == "fue hace más de (días) o después de (fecha)"
        assert document["combinators"][0]["label"] == "todos estos"
        assert str(registry.find("country").label) == "País"
