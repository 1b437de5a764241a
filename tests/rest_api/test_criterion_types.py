"""The contract document, revalidation, languages, and choices."""

from urllib.parse import quote

import pytest

from openedx_user_groups.models import Criterion

from .conftest import BIO, ROOT, assert_problem, asserted_queries

TYPES = f"{ROOT}criterion_types/"
SCOPED = f"{TYPES}?scope_type=course&scope_key={quote(BIO)}"
CHOICES = f"{TYPES}country/choices/countries/?scope_type=course&scope_key={quote(BIO)}"


def test_the_document_of_a_scope(staff):
    answer = staff.get(SCOPED)
    assert answer.status_code == 200
    body = answer.json()
    assert body["contract_version"] == "1.0"
    assert body["scope"] == {"type": "course", "key": BIO}
    assert {"criteria": 3, "depth": 3, "sample_size": 25, "list_items": 1000}.items() <= body["limits"].items()
    types = {found["id"]: found for found in body["criterion_types"]}
    assert {"last_login", "country", "course_grade"} <= set(types)
    assert [operator["id"] for operator in types["country"]["operators"]] == ["in", "not_in", "exists", "not_exists"]


def test_a_client_revalidates_its_copy(staff):
    first = staff.get(SCOPED)
    assert first.headers["ETag"] == f'"{first.json()["revision"]}"'
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Accept-Language", "Cookie", "Authorization"} <= set(first.headers["Vary"].split(", "))
    for known in (first.headers["ETag"], f'"old", W/{first.headers["ETag"]}', "*"):
        again = staff.get(SCOPED, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    assert staff.get(SCOPED, headers={"If-None-Match": '"old"'}).json() == first.json()


def test_the_language_of_the_request_is_another_revision(staff):
    english, spanish = (staff.get(SCOPED, headers={"Accept-Language": language}).json() for language in ("en", "es"))
    assert (english["locale"], spanish["locale"]) == ("en", "es")
    assert english["revision"] != spanish["revision"]
    answer = staff.get(SCOPED, headers={"Accept-Language": "es", "If-None-Match": f'"{english["revision"]}"'})
    assert answer.status_code == 200


def test_one_type(staff):
    document = {found["id"]: found for found in staff.get(SCOPED).json()["criterion_types"]}
    answer = staff.get(SCOPED.replace("types/", "types/last_login/"))
    assert answer.json() == document["last_login"]
    etag = answer.headers["ETag"]
    again = staff.get(SCOPED.replace("types/", "types/last_login/"), headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_a_type_that_is_gone_is_listed_as_unavailable(world, staff):
    group = world.criteria_group()
    Criterion.objects.filter(user_group=group).update(type_slug="gone")
    types = {found["id"]: found["availability"] for found in staff.get(SCOPED).json()["criterion_types"]}
    assert types["gone"]["status"] == "unavailable"
    assert types["gone"]["reason_code"] == "criterion_type_missing"


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("", [("/scope_type", "missing_field")]),
        ("?scope_type=planet", [("/scope_type", "invalid_choice")]),
        ("?scope_type=course", [("/scope_key", "missing_field")]),
        ("?scope_type=course&scope_key=BIO", [("/scope_key", "invalid")]),
        ("?scope_type=course&scope_key=%00", [("/scope_key", "invalid")]),
        ("?scope_type=instance&scope_key=x", [("/scope_key", "invalid")]),
        (f"?scope_type=organization&scope_key={'x' * 256}", [("/scope_key", "invalid")]),
    ],
)
def test_a_scope_that_is_none(staff, query, places):
    assert_problem(staff.get(TYPES + query), 400, "validation_failed", *places)


def test_a_plus_that_became_a_blank_is_explained(staff):
    body = assert_problem(
        staff.get(f"{TYPES}?scope_type=course&scope_key={BIO}"), 400, "validation_failed", ("/scope_key", "invalid")
    )
    assert "%2B" in body["errors"]["/scope_key"][0]


@pytest.mark.parametrize("path", ["unknown/", "%00/", "last_login/choices/days/", "unknown/choices/x/"])
def test_a_type_or_field_that_is_none(staff, path):
    query = f"?scope_type=course&scope_key={quote(BIO)}"
    assert_problem(staff.get(TYPES + path + query), 404, "not_found")


def test_choices_are_searched_and_paged(staff):
    body = staff.get(f"{CHOICES}&search=guinea&page_size=2").json()
    assert (body["count"], body["num_pages"], body["current_page"], body["start"]) == (4, 2, 1, 0)
    assert [choice["value"] for choice in body["results"]] == ["GQ", "GN"]
    assert [choice["value"] for choice in staff.get(body["next"]).json()["results"]] == ["GW", "PG"]


def test_stored_values_are_labelled_again(staff):
    body = staff.get(f"{CHOICES}&value=ES&value=XX&value=FR").json()
    assert {choice["value"]: choice["label"] for choice in body["results"]} == {"ES": "Spain", "FR": "France"}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("search=%00", ("/search", "invalid_text")),
        (f"search={'x' * 300}", ("/search", "max_length")),
        ("value=%00", ("/value", "invalid_text")),
        ("&".join(["value=a"] * 21), ("/value", "too_many_items")),
        ("page=0", ("/page", "wrong_type")),
        ("page_size=-1", ("/page_size", "wrong_type")),
    ],
)
def test_choices_with_bad_parameters(staff, settings, query, place):
    settings.OPENEDX_USER_GROUPS_MAX_LIST_ITEMS = 20
    assert_problem(staff.get(f"{CHOICES}&{query}"), 400, "validation_failed", place)


def test_too_many_parameters(staff):
    assert_problem(staff.get(f"{CHOICES}&{'&'.join(['value=a'] * 2000)}"), 400, "malformed_request")


#: Session, account, roles, types of saved criteria, whether there is progress and of when, and twice the tracks for
#: their choices.
QUERIES_OF_THE_DOCUMENT = 8


def test_the_number_of_queries_does_not_depend_on_groups(world, staff):
    staff.get(SCOPED)
    with asserted_queries(QUERIES_OF_THE_DOCUMENT):
        staff.get(SCOPED)
    for number in range(3):
        world.criteria_group(f"Group {number}")
    with asserted_queries(QUERIES_OF_THE_DOCUMENT):
        staff.get(SCOPED)
