"""Codes: each one that is raised anywhere in the package is listed, with a message for clients that have none.

A code is found in the source by its shape: ``code=…``, a class attribute ``code``, the place of it in the calls that
take one, a text right before a translated message, or a key
of ``_MESSAGES``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_framework import serializers

import openedx_user_groups
from openedx_user_groups import codes
from openedx_user_groups.rest_api.v1 import urls, violations
from openedx_user_groups.rest_api.v1.fields import StrictSerializer

PACKAGE = Path(openedx_user_groups.__path__[0])
LEFT_OUT = {"migrations", "testing"}
LIST = PACKAGE / "codes.py"
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path != LIST and not LEFT_OUT & set(path.relative_to(PACKAGE).parts)
]
#: Where calls take a code.
POSITIONS = {
    **{"Availability": 1, "Problem": 1, "RuleWarning": 1, "Unevaluable": 0, "Violation": 1, "set_state": 2},
    **{"_known_by_its_slug": 1, "_unreadable": 0, "_wrong": 1, "_Wrong": 1},
}
TRANSLATORS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
#: Calls with a text before a translated one that is no code.
OTHERS = {"DataSource", "ErrorKind", "Step"}
CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def called(node: ast.expr) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def is_text(node: ast.expr) -> bool:
    """A translated message, perhaps with values filled in."""
    if isinstance(node, ast.BinOp):
        return is_text(node.left)
    return isinstance(node, ast.Call) and called(node.func) in TRANSLATORS


def places(tree: ast.AST) -> Iterator[ast.expr]:
    """The expressions that stand for a code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node.func) not in OTHERS:
            yield from (one for one, next_ in zip(node.args, node.args[1:], strict=False) if is_text(next_))
            yield from (keyword.value for keyword in node.keywords if keyword.arg in ("code", "reason_code"))
            yield from node.args[POSITIONS.get(called(node.func), len(node.args)) :][:1]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            yield from node.value.elts[:1] if any(map(is_text, node.value.elts[-1:])) else []
        elif isinstance(node, ast.Assign) and called(node.targets[0]) == "_MESSAGES":
            yield from filter(None, node.value.keys if isinstance(node.value, ast.Dict) else ())
        elif isinstance(node, ast.ClassDef):
            assigned = [item for item in node.body if isinstance(item, ast.Assign)]
            yield from (item.value for item in assigned if called(item.targets[0]) in ("code", "default_code"))


def constants(tree: ast.Module) -> dict[str, Any]:
    """The texts that the module gives names to."""
    return {
        called(item.targets[0]): item.value.value
        for item in tree.body
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)
    }


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
NAMED = {name: value for tree in TREES.values() for name, value in constants(tree).items()}


def codes_in(tree: ast.AST) -> set[str]:
    found = set()
    for place in places(tree):
        for value in [place.body, place.orelse] if isinstance(place, ast.IfExp) else [place]:
            text = value.value if isinstance(value, ast.Constant) else NAMED.get(called(value))
            if isinstance(text, str) and CODE.fullmatch(text):
                found.add(text)
    return found


def test_every_code_that_is_raised_is_listed():
    raised = {code: path.relative_to(PACKAGE) for path, tree in TREES.items() for code in codes_in(tree)}
    assert len(raised) > 60
    assert {code: path for code, path in raised.items() if code not in codes.all_messages()} == {}


def test_every_code_that_is_listed_is_raised():
    """But for those of validators and of the framework, whose source is elsewhere."""
    raised = {code for tree in TREES.values() for code in codes_in(tree)}
    framework = {"authentication_failed", "not_authenticated"}
    framework |= {"method_not_allowed", "throttled", "unsupported_media_type"}
    validators = {"max_decimal_places", "max_digits", "max_length", "max_whole_digits", "min_value"}
    of_saved_criteria = {"configuration_invalid", "unresolved_reference"}
    assert codes.all_messages().keys() - raised == framework | validators | of_saved_criteria
    assert of_saved_criteria <= set(NAMED.values())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Violation(place, 'a_code', message)", {"a_code"}),
        ("Violation(place, 'one' if x else 'other', message)", {"one", "other"}),
        ("raise ValidationError(_('No.'), code='a_code')", {"a_code"}),
        ("_MESSAGES = {'a_code': _('No.'), **more}", {"a_code"}),
        ("def f():\n    return 'a_code', _('No.')", {"a_code"}),
        ("raise helper('a_code', _('No.') % x, limit=3)", {"a_code"}),
        ("class E(Exception):\n    code = 'a_code'", {"a_code"}),
        ("DataSource('platform', _('Platform'))", set()),
        ("Violation(place, code, message)", set()),
    ],
)
def test_how_codes_are_found(source, expected):
    assert codes_in(ast.parse(source)) == expected


def request_serializers(above: type = StrictSerializer) -> Iterator[type]:
    for below in above.__subclasses__():
        yield below
        yield from request_serializers(below)


#: Checks that no field makes: of the shortest length, and of instants without an offset.
NEVER_FAIL = {"min_length", "make_aware", "overflow"}


def checks_of(field: serializers.Field) -> Iterator[str]:
    yield from (code for code in field.error_messages if code not in NEVER_FAIL)
    yield from (validator.code for validator in field.validators if hasattr(validator, "code"))
    for child in [*getattr(field, "fields", {}).values(), *filter(None, [getattr(field, "child", None)])]:
        yield from checks_of(child)


def test_the_codes_of_serializers_are_listed():
    assert urls.urlpatterns  # With them, every serializer has been imported.
    found = {violations._CODES.get(code, code) for cls in request_serializers() for code in checks_of(cls())}
    assert {"missing_field", "invalid_choice", "max_length"} <= found
    assert found - codes.all_messages().keys() == set()


def test_every_message_says_something():
    assert all(str(message).strip() for message in codes.all_messages().values())
    assert list(codes.all_messages()) == sorted(codes.all_messages())
