"""What holds for every type: the catalogue, its texts, and what its operators say."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.utils.functional import Promise

from openedx_user_groups.criteria import registry
from openedx_user_groups.criteria.operators import DEFAULT_LABELS

COMPARISON = ["=", "!=", "<", "<=", ">", ">=", "between"]
ELAPSED = [">", ">=", "<", "<=", "=", "between"]
EXISTENCE = ["exists", "not_exists"]
LISTED = ["in", "not_in"]

#: Scopes by initial, categories and operators, as the catalogue of the semantics has them.
CATALOGUE = {
    "last_login": ("coi", "activity", ELAPSED + EXISTENCE),
    "enrollment_date": ("co", "enrollment", ELAPSED),
    "enrollment_track": ("c", "enrollment", LISTED),
    "account_age": ("coi", "profile", ELAPSED),
    "country": ("coi", "profile", LISTED + EXISTENCE),
    "language": ("coi", "profile", LISTED + EXISTENCE),
    "spoken_language": ("coi", "profile", LISTED + EXISTENCE),
    "level_of_education": ("coi", "profile", LISTED + EXISTENCE),
    "gender": ("coi", "profile", LISTED + EXISTENCE),
    "year_of_birth": ("coi", "profile", COMPARISON + EXISTENCE),
    "email_domain": ("coi", "profile", LISTED),
    "course_grade": ("c", "performance", COMPARISON + EXISTENCE),
    "course_passed": ("c", "performance", EXISTENCE),
    "subsection_grade": ("c", "performance", COMPARISON + EXISTENCE),
    "certificate": ("c", "performance", LISTED + EXISTENCE),
    "course_progress": ("c", "progress", COMPARISON + EXISTENCE),
    "last_course_activity": ("c", "activity", ELAPSED + EXISTENCE),
    "completed_block": ("c", "progress", EXISTENCE),
    "cohort": ("c", "groups", LISTED + EXISTENCE),
    "team": ("c", "groups", LISTED + EXISTENCE),
    "course_role": ("co", "people", LISTED + EXISTENCE),
    "course_enrollment": ("coi", "enrollment", LISTED),
    "course_completion": ("coi", "performance", LISTED),
    "learner_list": ("coi", "people", LISTED),
}
TIME_SENSITIVE = {"last_login", "enrollment_date", "account_age", "last_course_activity"}


def test_the_catalogue_is_complete():
    own = {
        model.criterion_type
        for model in apps.get_app_config("openedx_user_groups_lms").get_models()
        if hasattr(model, "criterion_type")
    }
    assert own == CATALOGUE.keys()


@pytest.mark.parametrize("slug", CATALOGUE)
class TestType:
    def test_scopes_category_and_operators(self, slug):
        criterion_class = registry.find(slug)
        scopes, category, operators = CATALOGUE[slug]
        assert "".join(scope.value[0] for scope in criterion_class.scopes) == scopes
        assert criterion_class.category == category
        assert [operator.id for operator in criterion_class.operators] == operators
        assert criterion_class.time_sensitive is (slug in TIME_SENSITIVE)

    def test_texts_are_translatable(self, slug):
        criterion_class = registry.find(slug)
        texts = [criterion_class.label, criterion_class.help_text, criterion_class.missing_meaning]
        texts += [operator.label for operator in criterion_class.operators]
        texts += [field.verbose_name for field in criterion_class._meta.local_fields if field.name != "criterion"]
        assert all(isinstance(text, Promise) and str(text) for text in texts)
        assert str(criterion_class.label)[0].isupper()
        assert len({str(operator.label) for operator in criterion_class.operators}) == len(criterion_class.operators)

    def test_instants_have_words_for_dates_too(self, slug):
        labels = {operator.id: str(operator.label) for operator in registry.find(slug).operators}
        if slug in TIME_SENSITIVE:
            assert all("date" in labels[id_] for id_ in ELAPSED)
            assert all(labels[id_] != DEFAULT_LABELS[id_] for id_ in ELAPSED)
