"""All files of the contract, and the comparison with those that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlencode

from django.db import transaction

from openedx_user_groups.criteria import metadata
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.data import Scope
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.sources import Availability, DataSource

from .cases import cases_of_types
from .collections import collections
from .copies import copies
from .errors import errors
from .exchanges import Asker
from .explanations import explanations
from .groups import user_groups
from .layout import to_text
from .previews import previews
from .refreshes import refreshes
from .schemas import schemas
from .trees import trees
from .world import COURSE, SCOPES, World, world

#: The folders that belong to the generator: what it does not write does not belong there.
FOLDERS = ("schemas", "fixtures")


def generate() -> dict[str, str]:
    """The text of every file, by its path in ``frontend-contract/``. Needs a migrated database without data."""
    with world() as made:
        return {path: to_text(document) for path, document in _documents(made)}


def differences(folder: Path, generated: dict[str, str]) -> list[str]:
    """What :func:`write` would do, one line a file."""
    there = {path.relative_to(folder).as_posix() for name in FOLDERS for path in (folder / name).rglob("*.json")}
    found = [f"{path}: is not generated any more" for path in there - generated.keys()]
    for path, text in generated.items():
        if path not in there:
            found.append(f"{path}: is missing")
        elif (folder / path).read_text(encoding="utf-8") != text:
            found.append(f"{path}: differs")
    return sorted(found)


def write(folder: Path, generated: dict[str, str]) -> None:
    """Make the files in ``folder`` those that were generated."""
    for name in FOLDERS:
        for path in (folder / name).rglob("*.json"):
            if path.relative_to(folder).as_posix() not in generated:
                path.unlink()
    for name, text in generated.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def _documents(made: World) -> Iterator[tuple[str, Any]]:
    for name, schema in schemas().items():
        yield f"schemas/{name}", schema
    for name, cases in cases_of_types():
        yield f"fixtures/definitions/{name}.json", [case.to_json() for case in cases]
    yield "fixtures/definitions/rule_tree.json", [case.to_json() for case in trees()]
    recorders: dict[str, Callable[[World], Iterator[tuple[str, Any]]]] = {
        "metadata": _metadata,
        "user_groups": user_groups,
        "previews": previews,
        "explanations": explanations,
        "collections": collections,
        "copies": copies,
        "refreshes": refreshes,
        "errors": errors,
    }
    for folder, record in recorders.items():
        for name, document in _alone(record, made):
            yield f"fixtures/{folder}/{name}.json", document


def _alone(record: Callable[[World], Iterator[tuple[str, Any]]], made: World) -> list[tuple[str, Any]]:
    """What ``record`` yields. The groups that it makes are gone afterwards."""
    with transaction.atomic():
        found = list(record(made))
        transaction.set_rollback(True)
    return found


def _metadata(made: World) -> Iterator[tuple[str, Any]]:
    admin = Asker(made, "admin")
    for scope in SCOPES:
        yield scope.type.value, _document(admin, scope)
    made.group_with_missing_type(1, "Attendance")
    with _troubled_types():
        yield "course_unavailable", _document(admin, COURSE)


def _document(asker: Asker, scope: Scope) -> Any:
    return asker.json("GET", f"criterion_types/?{urlencode({'scope_type': scope.type.value, 'scope_key': scope.key})}")


@contextmanager
def _troubled_types() -> Iterator[None]:
    """Each reason for which a type cannot be used, at one type: its source is down, or it cannot be described."""
    check, describe = metadata.check, metadata.describe_type
    down = Availability("unavailable", SourceUnavailable.code, SourceUnavailable.message)

    def checked(source: DataSource, scope: Scope) -> metadata.SourceStatus:
        return metadata.SourceStatus(down) if source.id == "course_progress" else check(source, scope)

    def described(criterion_class: type[Criterion], *args: Any) -> dict[str, Any]:
        if criterion_class.criterion_type == "team":
            raise RuntimeError("a mistake")
        return describe(criterion_class, *args)

    with mock.patch.object(metadata, "check", checked), mock.patch.object(metadata, "describe_type", described):
        yield
