"""A rule that contradicts itself is saved only when that is confirmed; nothing else that is certain stops anybody."""

from __future__ import annotations

import pytest

from openedx_user_groups.models import UserGroup

from .conftest import AWAY, FAILING, IN_SPAIN, ROOT, assert_problem, leaf, rule, scope, snapshot

GROUPS = f"{ROOT}user_groups/"
PASSING = leaf("course_grade", operator=">", percent=60)
IMPOSSIBLE = rule(AWAY, FAILING, PASSING)
PLACES = (("/rule/nodes/1", "impossible_rule"), ("/rule/nodes/2", "impossible_rule"))


def body(definition, **more):
    return {"scope": scope(), "name": "Group", "rule": definition, **more}


def test_creating_one_asks_for_a_confirmation(staff):
    before = snapshot()
    assert_problem(staff.post(GROUPS, body(IMPOSSIBLE), format="json"), 409, "impossible_rule", *PLACES)
    answer = staff.post(GROUPS, body(IMPOSSIBLE, confirm_impossible=False), format="json")
    assert_problem(answer, 409, "impossible_rule", *PLACES)
    assert snapshot() == before
    answer = staff.post(GROUPS, body(IMPOSSIBLE, confirm_impossible=True), format="json")
    assert (answer.status_code, answer.json()["member_count"]) == (201, 0)


def test_changing_a_rule_into_one_asks_too(world, staff):
    group = world.criteria_group()
    place = f"{GROUPS}{group.uuid}/"
    changes = {"rule": IMPOSSIBLE, "rule_version": group.rule_version, "name": "Other"}
    before = snapshot()
    assert_problem(staff.patch(place, changes, format="json"), 409, "impossible_rule", *PLACES)
    assert snapshot() == before
    changed = staff.patch(place, {**changes, "confirm_impossible": True}, format="json").json()
    assert (changed["name"], changed["member_count"], changed["rule_version"]) == ("Other", 0, group.rule_version + 1)
    # The rule stands as it is: what else is changed asks for nothing.
    again = staff.patch(place, {"rule": changed["rule"], "rule_version": changed["rule_version"]}, format="json")
    assert again.status_code == 200
    assert staff.patch(place, {"name": "Third"}, format="json").status_code == 200
    assert UserGroup.objects.get(uuid=group.uuid).name == "Third"


@pytest.mark.parametrize(
    "definition",
    [
        rule(IN_SPAIN, leaf("country", operator="not_in", countries=["ES"]), combine="any"),
        rule(AWAY, AWAY),
        rule(AWAY, leaf("last_login", operator=">", days=5)),
        rule({"kind": "rule", **rule(FAILING, PASSING)}, AWAY, combine="any"),
        # Nobody speaks two languages here, but somebody could.
        rule(
            leaf("spoken_language", operator="in", languages=["es"]),
            leaf("spoken_language", operator="in", languages=["fr"]),
        ),
    ],
)
def test_anything_else_is_saved(staff, definition):
    assert staff.post(GROUPS, body(definition), format="json").status_code == 201
