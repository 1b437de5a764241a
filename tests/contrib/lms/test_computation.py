"""Computing course progress, and the command for it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Value
from django.db.models.functions import Concat
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups.contrib.lms import computation
from openedx_user_groups.contrib.lms.models import CourseProgress
from tests.contrib.lms.world import FOREIGN_KEY, KEY, NOW, SIBLING_KEY, members

COURSE_KEY = CourseKey.from_string(KEY)


@pytest.fixture
def completions(world):
    people = {name: world.learner(name) for name in ("all", "some", "none", "undone")}
    for name in ("a", "b", "c"):
        world.complete(people["all"], name)
    world.complete(people["some"], "a")
    world.complete(people["some"], "z", course=SIBLING_KEY)
    world.complete(people["undone"], "a", completion=0.0)
    left = world.account("left")
    world.enroll(left, is_active=False)
    for name in ("a", "d"):
        world.complete(left, name)
    return world


def stored(course: str = KEY) -> dict[str, float]:
    return dict(CourseProgress.objects.filter(course_key=course).values_list("user__username", "percent"))


def test_of_what_anybody_completed(completions):
    computed = computation.compute(COURSE_KEY, NOW)
    assert (computed.learners, computed.blocks) == (5, 4)
    assert stored() == {"all": 0.75, "some": 0.25, "none": 0.0, "undone": 0.0, "left": 0.5}
    assert set(CourseProgress.objects.values_list("as_of", flat=True)) == {NOW}
    assert members("course_progress", operator="<", percent=50) == {"some", "none", "undone"}


def test_of_a_number_that_is_known(completions):
    computation.compute(COURSE_KEY, NOW, total_blocks=2)
    assert stored() == {"all": 1.0, "some": 0.5, "none": 0.0, "undone": 0.0, "left": 1.0}


def test_again_later(completions, monkeypatch):
    monkeypatch.setattr(computation, "CHUNK", 2)
    computation.compute(COURSE_KEY, NOW - timedelta(days=1))
    ids = set(CourseProgress.objects.values_list("pk", flat=True))
    completions.complete(completions.learner("new"), "a")
    chunks: list[int] = []
    computation.compute(COURSE_KEY, NOW, advance=chunks.append)
    assert ids <= set(CourseProgress.objects.values_list("pk", flat=True))
    assert stored()["new"] == 0.25
    assert chunks == [2, 4, 6]


def test_who_is_gone_is_dropped(completions):
    computation.compute(COURSE_KEY, NOW - timedelta(days=1))
    left = CourseProgress.objects.get(user__username="left").user
    left.blockcompletion_set.all().delete()
    computation.compute(COURSE_KEY, NOW)
    assert "left" not in stored()


def test_who_was_retired_is_left_out(completions):
    User.objects.filter(username__in=["some", "none"]).update(username=Concat(Value("retired__user_"), "username"))
    computation.compute(COURSE_KEY, NOW)
    assert set(stored()) == {"all", "undone", "left"}


def test_a_course_in_which_nobody_did_anything(world):
    world.learner("idle")
    assert computation.compute(COURSE_KEY, NOW).blocks == 0
    assert stored() == {"idle": 0.0}


def test_the_command_for_one_course(completions):
    out = StringIO()
    call_command("compute_course_progress", KEY, stdout=out)
    assert stored()["all"] == 0.75
    assert stored(SIBLING_KEY) == {}
    assert "[1/1] " + KEY in out.getvalue()
    assert "done: 5 learners, 4 components" in out.getvalue()


def test_the_command_for_every_course(completions):
    out = StringIO()
    call_command("compute_course_progress", "--all", stdout=out)
    assert stored(SIBLING_KEY) == {"some": 1.0}
    assert stored(FOREIGN_KEY) == {}
    assert "[3/3]" in out.getvalue()


def test_the_command_takes_a_total(completions):
    call_command("compute_course_progress", KEY, "--total-blocks", "6", stdout=StringIO())
    assert stored()["all"] == 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [KEY, "--all"],
        ["nonsense"],
        [KEY, "--total-blocks", "0"],
        ["--all", "--total-blocks", "5"],
        [KEY, SIBLING_KEY, "--total-blocks", "5"],
    ],
)
def test_what_the_command_refuses(db, arguments):
    with pytest.raises(CommandError):
        call_command("compute_course_progress", *arguments, stdout=StringIO())
