"""The entrance of preview requests: how many are inside, who leaves it when, and what happens when it is full."""

from __future__ import annotations

import threading
import time

import pytest

from openedx_user_groups.evaluation.preview_entrance import step_in, step_out, through_entrance
from openedx_user_groups.evaluation.preview_places import drop, take_place
from openedx_user_groups.exceptions import TooManyPreviews
from openedx_user_groups.testing.factories import COURSE, LearnerFactory

PATIENCE = 10

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_at_a_time(settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_ENTRANCE_SIZE = 1
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0


def is_free() -> bool:
    """Whether somebody else would come in now."""
    found = []

    def knock():
        try:
            with through_entrance():
                found.append(True)
        except TooManyPreviews:
            found.append(False)

    other = threading.Thread(target=knock)
    other.start()
    other.join(PATIENCE)
    return found[0]


def test_a_request_is_inside_from_its_beginning_to_its_end():
    assert is_free()
    with through_entrance():
        assert not is_free()
    assert is_free()


def test_it_is_free_again_after_an_error():
    with pytest.raises(ZeroDivisionError), through_entrance():
        raise ZeroDivisionError
    assert is_free()


def test_stepping_out_and_in():
    with through_entrance():
        step_out()
        step_out()
        assert is_free()
        step_in()
        step_in()
        assert not is_free()
        step_out()
    assert is_free()


def test_whoever_makes_no_request_has_nothing_to_do_with_it():
    step_in()
    assert is_free()
    step_out()
    assert is_free()


def test_who_has_a_place_is_outside_until_it_is_given_up():
    user = LearnerFactory()
    with through_entrance():
        job = take_place(user.pk, COURSE, "")
        assert is_free()
        drop(job)
        assert not is_free()


def test_nobody_waits_for_a_place_inside(settings):
    settings.OPENEDX_USER_GROUPS_MAX_PREVIEWS_PER_USER = 1
    user = LearnerFactory()
    take_place(user.pk, COURSE, "one")
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = 0.5
    free = []

    def knock_after_a_while():
        time.sleep(0.2)
        with through_entrance():  # For as long as it takes that the other one tries again.
            free.append(True)

    other = threading.Thread(target=knock_after_a_while)
    with through_entrance():
        other.start()
        with pytest.raises(TooManyPreviews):
            take_place(user.pk, COURSE, "two")
    other.join(PATIENCE)
    assert free == [True]


def test_one_that_waits_comes_in_when_another_leaves(settings):
    settings.OPENEDX_USER_GROUPS_PREVIEW_WAIT_SECONDS = PATIENCE
    order = []

    def wait():
        with through_entrance():
            order.append("second")

    with through_entrance():
        other = threading.Thread(target=wait)
        other.start()
        time.sleep(0.2)
        order.append("first")
    other.join(PATIENCE)
    assert order == ["first", "second"]
