"""Makes a disagreement small: fewer criteria, fewer users, fewer rows, as long as something still disagrees."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from tests.differential import tables
from tests.differential.ways import Disagreement
from tests.differential.worlds import Scene

Ask = Callable[[Scene, tables.Scope, tables.Definition], list[Disagreement]]


def reproduction(scene: Scene, found: Disagreement, ask: Ask) -> str:
    """Return the smallest example that could be found, as text."""
    rule = found.rule

    def fails(scene: Scene, rule: tables.Definition) -> bool:
        return any(other.way == found.way for other in ask(scene, found.scope, rule))

    if not fails(scene, rule):
        return f"{found}\nOnly among the other rules of its batch: {json.dumps(rule)}"
    rule = _fewest(rule, _smaller_rules, lambda candidate: fails(scene, candidate))
    scene = _fewest_users(scene, lambda candidate: fails(candidate, rule))
    scene = _fewest_rows(scene, lambda candidate: fails(candidate, rule))
    answers = "\n".join(str(disagreement) for disagreement in ask(scene, found.scope, rule)[:4])
    return f"{answers}\nscope {found.scope}\nrule {json.dumps(rule)}\n{scene.calendar}\n{_rows(scene.world)}"


def _fewest(
    rule: tables.Definition,
    smaller: Callable[[tables.Definition], Iterator[tables.Definition]],
    still_fails: Callable[[tables.Definition], bool],
) -> tables.Definition:
    while True:
        found = next((candidate for candidate in smaller(rule) if still_fails(candidate)), None)
        if found is None:
            return rule
        rule = found


def _smaller_rules(node: tables.Definition) -> Iterator[tables.Definition]:
    """Yield the rule cut down in one place, the boldest cuts first."""
    for child in node["nodes"]:
        if child["kind"] == "rule":
            yield {key: child[key] for key in ("combine", "negated", "nodes")}
        elif len(node["nodes"]) > 1:
            yield {**node, "nodes": [child]}
    for index, child in enumerate(node["nodes"]):
        before, after = node["nodes"][:index], node["nodes"][index + 1 :]
        if before or after:
            yield {**node, "nodes": before + after}
        if child["kind"] == "rule":
            for smaller in _smaller_rules(child):
                yield {**node, "nodes": [*before, {"kind": "rule", **smaller}, *after]}
    if node["negated"]:
        yield {**node, "negated": False}


def _fewest_users(scene: Scene, still_fails: Callable[[Scene], bool]) -> Scene:
    kept = [user.id for user in scene.world.users]
    size = max(1, len(kept) // 2)
    while True:
        for start in range(0, len(kept), size):
            fewer = kept[:start] + kept[start + size :]
            if fewer and still_fails(_with_users(scene, fewer)):
                kept = fewer
                break
        else:
            if size == 1:
                return _with_users(scene, kept)
            size = max(1, size // 2)
        size = min(size, max(1, len(kept) // 2))


def _with_users(scene: Scene, kept: list[int]) -> Scene:
    """Return the same scene without anybody else."""
    tables: dict[str, Any] = {"users": [user for user in scene.world.users if user.id in kept]}
    for name, rows in _personal(scene.world).items():
        tables[name] = [row for row in rows if row.user in kept]
    return Scene(replace(scene.world, **tables), scene.calendar)


def _fewest_rows(scene: Scene, still_fails: Callable[[Scene], bool]) -> Scene:
    for name in _personal(scene.world):
        for row in getattr(scene.world, name):
            rest = [other for other in getattr(scene.world, name) if other is not row]
            fewer = Scene(replace(scene.world, **{name: rest}), scene.calendar)
            scene = fewer if still_fails(fewer) else scene
    return scene


def _personal(world: tables.World) -> dict[str, list[Any]]:
    """Return the tables whose rows are somebody's."""
    tables = {column.name: getattr(world, column.name) for column in fields(world)}
    return {name: rows for name, rows in tables.items() if isinstance(rows, list) and rows and hasattr(rows[0], "user")}


def _rows(world: tables.World) -> str:
    rows = [*world.users, *itertools.chain.from_iterable(_personal(world).values())]
    return "\n".join([*map(str, rows), f"cohorted: {world.cohorted}", f"links: {world.links}"])
