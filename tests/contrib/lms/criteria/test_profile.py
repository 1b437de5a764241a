"""What learners say of themselves: country, education, gender, year of birth, languages."""

from __future__ import annotations

import pytest

from openedx_user_groups.contrib.lms.criteria.country import Country
from openedx_user_groups.contrib.lms.criteria.languages import known_languages
from openedx_user_groups.criteria import fields
from sandbox.platform.student.models import LanguageProficiency
from sandbox.platform.user_api.models import UserPreference
from tests.contrib.lms.world import COURSE, INSTANCE, ORGANIZATION, fact_of, members, parse, refused

CODES = [
    ("country", "country", "countries", "US", "ES"),
    ("level_of_education", "level_of_education", "levels", "none", "p_se"),
    ("gender", "gender", "genders", "f", "o"),
]


@pytest.mark.parametrize(("slug", "column", "field", "value", "other"), CODES)
class TestCodes:
    @pytest.fixture(autouse=True)
    def people(self, world, column, value, other):
        world.profile(world.learner("match"), **{column: value})
        world.profile(world.learner("shouting"), **{column: value.swapcase()})
        world.profile(world.learner("other"), **{column: other})
        world.profile(world.learner("empty"), **{column: ""})
        world.profile(world.learner("null"), **{column: None})
        world.learner("no_profile")
        left = world.account("left")
        world.enroll(left, is_active=False)
        world.profile(left, **{column: value})

    def test_in(self, slug, column, field, value, other):
        assert members(slug, operator="in", **{field: [value]}) == {"match"}
        assert members(slug, operator="in", **{field: [other, value]}) == {"match", "other"}
        assert members(slug, operator="not_in", **{field: [value]}) == {
            "shouting",
            "other",
            "empty",
            "null",
            "no_profile",
        }

    def test_exists(self, slug, column, field, value, other):
        assert members(slug, operator="exists") == {"match", "shouting", "other"}
        assert members(slug, operator="not_exists") == {"empty", "null", "no_profile"}

    def test_other_scopes(self, slug, column, field, value, other):
        assert members(slug, ORGANIZATION, operator="in", **{field: [value]}) == {"match"}
        assert members(slug, INSTANCE, operator="in", **{field: [value]}) == {"match", "left"}

    def test_refused(self, slug, column, field, value, other):
        place = f"/{field}"
        assert refused(slug, {"operator": "in", field: []}) == [(place, "empty_list")]
        assert refused(slug, {"operator": "in", field: value}) == [(place, "wrong_type")]
        assert refused(slug, {"operator": "in", field: [value, value]}) == [(place, "duplicate_items")]
        assert refused(slug, {"operator": "in", field: [1]}) == [(f"{place}/0", "wrong_type")]
        assert refused(slug, {"operator": "in", field: [value, "??"]}) == [(f"{place}/1", "invalid_choice")]
        assert refused(slug, {"operator": "in", field: [value.swapcase()]}) == [(f"{place}/0", "invalid_choice")]
        assert refused(slug, {"operator": "exists", field: [value]}) == [(place, "unknown_field")]
        assert refused(slug, {"operator": "in"}) == [(place, "missing_field")]


class TestExactness:
    def test_trailing_blanks_are_another_value(self, world):
        world.profile(world.learner("blank"), gender="f ")
        assert members("gender", operator="in", genders=["f"]) == set()

    def test_blanks_are_a_value(self, world):
        for name, text in (("blank", "  "), ("tab", "\t"), ("empty", ""), ("null", None)):
            world.profile(world.learner(name), gender=text)
        assert members("gender", operator="exists") == {"blank", "tab"}
        assert members("gender", operator="not_exists") == {"empty", "null"}

    def test_so_they_are_of_languages(self, world):
        for name, text in (("blank", "  "), ("tab", "\t"), ("empty", "")):
            learner = world.learner(name)
            UserPreference.objects.create(user=learner, key="pref-lang", value=text)
            LanguageProficiency.objects.create(user_profile=world.profile(learner), code=text)
        for slug in ("language", "spoken_language"):
            assert members(slug, operator="exists") == {"blank", "tab"}


class TestCountryChoices:
    def test_they_are_searched(self, db):
        source = fields.choices_from(Country._meta.get_field("countries"))
        assert source.remote
        assert [choice.value for choice in source.search(COURSE, "spai", 10)] == ["ES"]
        assert [str(choice.label) for choice in source.resolve(COURSE, ["FR", "??"])] == ["France"]


class TestYearOfBirth:
    @pytest.fixture(autouse=True)
    def people(self, world):
        for year in (1980, 1990, 2000):
            world.profile(world.learner(f"born_{year}"), year_of_birth=year)
        world.profile(world.learner("silent"), year_of_birth=None)
        world.learner("no_profile")

    @pytest.mark.parametrize(
        ("operator", "year", "expected"),
        [
            ("=", 1990, {"born_1990"}),
            ("!=", 1990, {"born_1980", "born_2000", "silent", "no_profile"}),
            ("<", 1990, {"born_1980"}),
            ("<=", 1990, {"born_1980", "born_1990"}),
            (">", 1990, {"born_2000"}),
            (">=", 1990, {"born_1990", "born_2000"}),
            ("between", {"from": 1985, "to": 2000}, {"born_1990", "born_2000"}),
        ],
    )
    def test_who_matches(self, operator, year, expected):
        assert members("year_of_birth", operator=operator, year=year) == expected

    def test_exists(self):
        assert members("year_of_birth", operator="not_exists") == {"silent", "no_profile"}

    @pytest.mark.parametrize(
        ("year", "code"), [("1990", "wrong_type"), (1899, "min_value"), (2101, "max_value"), (1990.5, "wrong_type")]
    )
    def test_refused(self, year, code):
        assert refused("year_of_birth", {"operator": "=", "year": year}) == [("/year", code)]

    def test_both_ends_of_a_range_are_checked(self):
        config = {"operator": "between", "year": {"from": 1899, "to": 2101}}
        assert refused("year_of_birth", config) == [("/year/from", "min_value"), ("/year/to", "max_value")]


class TestLanguage:
    @pytest.fixture(autouse=True)
    def people(self, world):
        for name, key, value in (
            ("spanish", "pref-lang", "es-419"),
            ("shouting", "pref-lang", "ES-419"),
            ("english", "pref-lang", "en"),
            ("empty", "pref-lang", ""),
            ("dark", "theme", "en"),
        ):
            UserPreference.objects.create(user=world.learner(name), key=key, value=value)
        world.learner("silent")

    def test_who_matches(self, settings):
        settings.ALL_LANGUAGES = [["es-419", "Spanish (Latin America)"], ["fr", "French"]]
        assert members("language", operator="in", languages=["es-419"]) == {"spanish"}
        assert members("language", operator="in", languages=["en", "fr"]) == {"english"}
        assert members("language", operator="exists") == {"spanish", "shouting", "english"}
        assert members("language", operator="not_exists") == {"empty", "dark", "silent"}

    def test_the_platform_may_list_its_languages(self, settings):
        settings.ALL_LANGUAGES = [["ty", "Tahitian"]]
        assert dict(known_languages(COURSE)) == {"ty": "Tahitian", "en": "English", "es": "Español"}
        assert refused("language", {"operator": "in", "languages": ["fr"]}) == [("/languages/0", "invalid_choice")]

    def test_without_a_list_django_knows_some(self, settings):
        assert {"en", "es", "fr", "zh-hans"} <= dict(known_languages(COURSE)).keys()


class TestSpokenLanguage:
    def test_several_values(self, world):
        for name, codes in (("both", ("es", "fr")), ("one", ("fr",)), ("other", ("de",)), ("silent", ())):
            profile = world.profile(world.learner(name))
            for code in codes:
                LanguageProficiency.objects.create(user_profile=profile, code=code)
        world.learner("no_profile")
        assert members("spoken_language", operator="in", languages=["es", "fr"]) == {"both", "one"}
        assert members("spoken_language", operator="in", languages=["es"]) == {"both"}
        assert members("spoken_language", operator="not_in", languages=["es"]) == {
            "one",
            "other",
            "silent",
            "no_profile",
        }
        assert members("spoken_language", operator="exists") == {"both", "one", "other"}
        values = fact_of(parse("spoken_language", {"operator": "exists"}))
        assert {name: sorted(codes) for name, codes in values.items()} == {
            "both": ["es", "fr"],
            "one": ["fr"],
            "other": ["de"],
        }
