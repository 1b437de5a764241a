"""Which names are the same, and which may be given."""

from __future__ import annotations

import pytest

from openedx_user_groups.groups.names import fold, is_showable


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Élèves  à risque", "eleves a risque"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("\uff34\uff45\uff41\uff4d", "team"),
        ("Te\u200bam\u00a0A", "team a"),
        ("10 %", "10 %"),
        ("😀", "😀"),
        ("Группа", "группа"),
        ("\u200b", ""),
    ],
)
def test_fold(name, folded):
    assert fold(name) == folded
    assert fold(folded) == folded


def test_emojis_are_not_the_same():
    assert len({fold(name) for name in "😀😎🐝🐞❤☎"}) == 6


@pytest.mark.parametrize("name", ["Été 2026", "مجموعة", "\u0645\u06cc\u200c\u062e", "😀", "👩\u200d🔬", "10 %"])
def test_names_of_any_script_may_be_given(name):
    assert is_showable(name)


@pytest.mark.parametrize("name", ["a\tb", "a\x85b", "\u202eb", "\u200fb", "\u2069", "\u2029", "\u200b", ""])
def test_names_that_may_not(name):
    assert not is_showable(name)
