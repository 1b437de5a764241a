"""An error of every kind that the API answers with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

from django.db import InterfaceError
from django.test import override_settings
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from openedx_user_groups import settings

from .collections import errors_of_collections
from .exchanges import PREVIEWS, Asker, Exchange, broken_server, preview_of, source_down
from .preview_errors import errors_of_previews
from .world import AWAY, BIO, COURSE, IN_SPAIN, INSTANCE, World, fixed_uuid, leaf, rule, wire

_GROUPS = "user_groups/"
_NOBODYS = f"{_GROUPS}{fixed_uuid(999)}/"
_BODY = preview_of(rule(AWAY))

#: Files that are refused as a whole, by the code that says why.
_BAD_FILES = (
    ("empty_file", "\r\n"),
    ("malformed_csv", 'ada\n"ben'),
    ("not_text", "ada\0"),
    ("nothing_found", "nobody"),
)


class _NoMore(BaseThrottle):
    """Refuses everything."""

    def allow_request(self, request: Any, view: Any) -> bool:
        return False

    def wait(self) -> float:
        return 30.0


def errors(world: World) -> Iterator[tuple[str, Exchange]]:
    """Each by the name of its file: the status and the code."""
    for about, exchange in _all(world):
        yield f"{exchange['status']}_{about}", exchange


def _all(world: World) -> Iterator[tuple[str, Exchange]]:
    staff = Asker(world)
    yield from _unreadable(world, staff)
    yield from _not_allowed(world, staff)
    yield from _conflicts(world, staff)
    yield from errors_of_previews(world, staff)
    yield from errors_of_collections(world, staff)
    yield from _troubles(staff)


def _unreadable(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    wrong = rule(leaf("last_login", operator=">", days=-1), leaf("course_grade", operator="<"))
    body = {**preview_of(wrong, sample_size="10"), "save": True}
    yield "validation_failed", staff.record("Mistakes in the body", "POST", PREVIEWS, body)
    yield "validation_failed_rule", staff.record("Mistakes in the rule", "POST", PREVIEWS, preview_of(wrong))
    scope = {**_BODY, "scope": {"type": "course", "key": "BIO"}}
    yield "validation_failed_scope", staff.record("A key that is none", "POST", PREVIEWS, scope)
    yield (
        "validation_failed_query",
        staff.record("Mistakes in the address", "GET", "criterion_types/?scope_type=planet"),
    )
    yield "validation_failed_group", staff.record("A group without a name", "POST", _GROUPS, {**_BODY, "name": " "})
    nothing = preview_of(rule(AWAY), difference={"kind": "added"})
    yield "validation_failed_difference", staff.record("A difference from no group", "POST", PREVIEWS, nothing)
    far = preview_of(rule(AWAY), as_of="2020-01-01T00:00:00Z")
    yield "validation_failed_as_of", staff.record("An instant that is too far away", "POST", PREVIEWS, far)
    to_come = f"{_GROUPS}{world.manual_group(18, 'Some day').uuid}/members/?at=2999-12-31T00:00:00Z"
    yield "outside_history", staff.record("The members on a day to come", "GET", to_come)
    yield from _refused_by_groups(world, staff)
    yield "malformed_json", staff.record("A body that is no JSON", "POST", PREVIEWS, raw="{")
    too_large = "[" + " " * settings.get("MAX_BODY_BYTES") + "]"
    yield "payload_too_large", staff.record("A body that is too large", "POST", PREVIEWS, raw=too_large)
    yield from _refused_lists(world, staff)
    form = staff.record("A body of another kind", "POST", PREVIEWS, raw="a=1", kind="application/x-www-form-urlencoded")
    yield "unsupported_media_type", form


def _refused_by_groups(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    body = {**_BODY, "user_group": str(fixed_uuid(999))}
    yield "validation_failed_user_group", staff.record("A preview for no group", "POST", PREVIEWS, body)
    body = {"scope": wire(COURSE), "name": "Mentors", "membership_source": "manual", "rule": rule(AWAY)}
    yield "validation_failed_manual", staff.record("A rule for a list of learners", "POST", _GROUPS, body)

    group = world.group(20, "Moved")
    body = preview_of(rule(IN_SPAIN), INSTANCE, user_group=str(group.uuid))
    yield "validation_failed_other_scope", Asker(world, "admin").record("Of another scope", "POST", PREVIEWS, body)
    body = {"membership_source": "manual"}
    yield "validation_failed_read_only", staff.record("Not to be changed", "PATCH", f"{_GROUPS}{group.uuid}/", body)


def _refused_lists(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    """Learners by name, and files of them."""
    group = f"{_GROUPS}{world.manual_group(19, 'Uploaded', ('ada',)).uuid}"
    named = staff.record("No learner here", "POST", f"{group}/members/", {"learners": ["nobody", "outsider"]})
    yield "validation_failed_learners", named
    unpinned = staff.record("Nobody pinned", "DELETE", f"{group}/pinned_examples/", {"learners": ["ada"]})
    yield "validation_failed_not_pinned", unpinned
    imports = f"{group}/member_imports/"
    no_boundary = staff.record("Parts without a boundary", "POST", imports, raw="x", kind="multipart/form-data")
    yield "malformed_request", no_boundary
    for code, content in _BAD_FILES:
        yield f"validation_failed_{code}", _upload(staff, imports, content)
    no_column = _upload(staff, imports, "username\nada", identifier="email")
    yield "validation_failed_no_identifier_column", no_column
    yield "validation_failed_duplicate_field", _upload(staff, imports, "ada", "auto", ('name="mode"', "add"))
    with override_settings(OPENEDX_USER_GROUPS_MAX_IMPORT_BYTES=10):
        yield "validation_failed_file_too_large", _upload(staff, imports, "username\r\nada")
    with override_settings(OPENEDX_USER_GROUPS_MAX_IMPORT_ROWS=1):
        yield "validation_failed_too_many_rows", _upload(staff, imports, "ada\nben")


def _upload(staff: Asker, path: str, content: str, identifier: str = "auto", *more: tuple[str, str]) -> Exchange:
    parts = [
        ('name="mode"', "replace"),
        ('name="identifier"', identifier),
        ('name="file"; filename="learners.csv"', content),
        *more,
    ]
    body = "".join(f"--cut\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts)
    kind = "multipart/form-data; boundary=cut"
    return staff.record(f"A file: {content[:20]!r}", "POST", path, raw=f"{body}--cut--\r\n", kind=kind)


def _not_allowed(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    yield "not_authenticated", Asker(world, None).record("Not signed in", "POST", PREVIEWS, _BODY)
    stranger = Asker(world, None, HTTP_AUTHORIZATION="Token of nobody")
    yield "authentication_failed", stranger.record("A token that is none", "POST", PREVIEWS, _BODY)
    yield "permission_denied", Asker(world, "outsider").record("Staff of another course", "POST", PREVIEWS, _BODY)
    document = f"criterion_types/?scope_type=course&scope_key={BIO.replace('+', '%2B')}"
    yield "permission_denied_learner", Asker(world, "ada").record("A learner", "GET", document)
    yield "not_found", staff.record("A group that does not exist", "GET", _NOBODYS)
    yield "not_found_resource", staff.record("An address that is none", "GET", "groups/")
    yield "method_not_allowed", staff.record("A verb that is not offered", "PUT", _GROUPS, {})


def _conflicts(world: World, staff: Asker) -> Iterator[tuple[str, Exchange]]:
    group, frozen = world.group(21, "Away"), world.group(22, "Frozen", is_frozen=True, state="frozen")
    manual = world.manual_group(23, "Mentors")
    change = {"rule": rule(AWAY, negated=True), "rule_version": 7}
    yield "rule_version_conflict", staff.record("Changed by somebody else", "PATCH", f"{_GROUPS}{group.uuid}/", change)
    again = {"scope": wire(COURSE), "name": "Away", "rule": rule(AWAY)}
    yield "name_taken", staff.record("A name that is taken", "POST", _GROUPS, again)
    below, above = (leaf("course_grade", operator=sign, percent=50) for sign in ("<", ">"))
    never = {"scope": wire(COURSE), "name": "Nobody", "rule": rule(below, AWAY, above)}
    yield "impossible_rule", staff.record("A rule that contradicts itself", "POST", _GROUPS, never)
    members = staff.record("No list to change", "POST", f"{_GROUPS}{group.uuid}/members/", {"learners": ["ada"]})
    yield "wrong_membership_source", members
    yield (
        "wrong_membership_source_refresh",
        staff.record("No rule to refresh", "POST", f"{_GROUPS}{manual.uuid}/refreshes/", {}),
    )
    yield "not_refreshable", staff.record("Frozen", "POST", f"{_GROUPS}{frozen.uuid}/refreshes/", {})
    confirmation = f"{_GROUPS}{frozen.uuid}/refreshes/{fixed_uuid(22, 300)}/confirmation/"
    yield "not_held", staff.record("A refresh that waits for nobody", "POST", confirmation, {})
    with mock.patch("openedx_user_groups.refresh.runs.lock_scope", side_effect=InterfaceError):
        yield "database_busy", staff.record("Others hold it", "POST", f"{_GROUPS}{group.uuid}/refreshes/", {})
    outdated = preview_of(rule(leaf("last_login", operator="!=", days=1)), contract_revision="0000000000000000")
    yield "contract_stale", staff.record("An outdated form", "POST", PREVIEWS, outdated)
    with source_down("last_login"):
        yield "source_unavailable", staff.record("A source that does not answer", "POST", PREVIEWS, _BODY)
    lost = world.group_with_missing_type(24, "Attendance")
    saved = staff.json("GET", f"{_GROUPS}{lost.uuid}/")
    body = preview_of(saved["rule"], user_group=saved["uuid"])
    yield "criterion_type_missing", staff.record("A type that is not installed", "POST", PREVIEWS, body)


def _troubles(staff: Asker) -> Iterator[tuple[str, Exchange]]:
    with mock.patch.object(APIView, "throttle_classes", [_NoMore]):
        yield "throttled", staff.record("Too many requests", "POST", PREVIEWS, _BODY)
    with broken_server():
        yield "internal_error", staff.record("A mistake in the server", "POST", PREVIEWS, _BODY)
