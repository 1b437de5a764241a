"""Members, their history, refreshes, files, and the groups of a learner."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.dateparse import parse_datetime

from openedx_user_groups import api
from openedx_user_groups.contrib.lms.models import LastLogin
from openedx_user_groups.exceptions import SourceUnavailable
from openedx_user_groups.models import Membership, MembershipChange, UserGroup

from .conftest import IN_SPAIN, LAW, ROOT, assert_problem, asserted_queries, leaf, rule, snapshot


def url(group, part):
    return f"{ROOT}user_groups/{group.uuid}/{part}/"


def usernames(response):
    assert response.status_code == 200, response.content
    return [row["username"] for row in response.json()["results"]]


def test_members_page_by_page(world, staff):
    group = world.criteria_group(definition=rule(IN_SPAIN, negated=True))
    body = staff.get(url(group, "members"), {"page_size": 2}).json()
    assert (body["count"], body["num_pages"]) == (3, 2)
    assert (body["state"], body["state_reason"]) == ("fresh", None)
    assert parse_datetime(body["members_as_of"]) == group.members_as_of
    assert [(row["username"], row["origin"]) for row in body["results"]] == [
        ("ben", "rule_change"),
        ("dan", "rule_change"),
    ]
    assert set(body["results"][0]) == {"username", "joined_at", "origin"}
    assert usernames(staff.get(body["next"])) == ["eve"]


@pytest.mark.parametrize(
    ("search", "found"), [("da", ["dan"]), ("DA", ["dan"]), ("an", []), ("%", []), ("", ["ada", "dan"])]
)
def test_members_are_searched_by_the_beginning_of_the_name(world, staff, search, found):
    assert usernames(staff.get(url(world.criteria_group(), "members"), {"search": search})) == found


def test_add_and_remove(world, staff):
    group = world.manual_group()
    added = staff.post(url(group, "members"), {"learners": ["ada", "BEN@example.com", "ada"]}, format="json")
    assert (added.status_code, added.json()) == (200, {"added": 2, "removed": 0, "unchanged": 0})
    again = staff.post(url(group, "members"), {"learners": ["ada"]}, format="json")
    assert again.json() == {"added": 0, "removed": 0, "unchanged": 1}
    removed = staff.delete(url(group, "members"), {"learners": ["ada", "cleo"]}, format="json")
    assert removed.json() == {"added": 0, "removed": 1, "unchanged": 1}
    assert usernames(staff.get(url(group, "members"))) == ["ben"]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, [("/learners", "missing_field")]),
        ({"learners": []}, [("/learners", "empty_list")]),
        ({"learners": "ada"}, [("/learners", "wrong_type")]),
        ({"learners": [1]}, [("/learners/0", "wrong_type")]),
        ({"learners": ["ada", ""]}, [("/learners/1", "missing_field")]),
        ({"learners": ["ada", "x" * 255]}, [("/learners/1", "max_length")]),
        ({"learners": ["ada"] * 1001}, [("/learners", "too_many_items")]),
        ({"learners": ["ada"], "force": True}, [("/force", "unknown_field")]),
        ({"learners": ["ada", "nobody", "fay"]}, [("/learners/1", "unknown_learner"), ("/learners/2", "not_in_scope")]),
        (["ada"], [("", "wrong_type")]),
        (None, [("", "wrong_type")]),
    ],
)
def test_learners_who_cannot_be_added(world, staff, body, places):
    group = world.manual_group()
    before = snapshot()
    answer = staff.post(url(group, "members"), body, format="json")
    if body is None:
        answer = staff.generic("POST", url(group, "members"), "null", content_type="application/json")
    assert_problem(answer, 400, "validation_failed", *places)
    assert snapshot() == before


def test_members_of_a_criteria_group_follow_from_its_rule(world, staff):
    group = world.criteria_group()
    before = snapshot()
    for method in (staff.post, staff.delete):
        answer = method(url(group, "members"), {"learners": ["ben"]}, format="json")
        assert_problem(answer, 409, "wrong_membership_source")
    upload = {"file": SimpleUploadedFile("a.csv", b"ben\n"), "mode": "add"}
    assert_problem(staff.post(url(group, "member_imports"), upload), 409, "wrong_membership_source")
    assert snapshot() == before


def test_a_frozen_group_keeps_its_members(world, staff):
    group = world.manual_group(learners=("ada",))
    UserGroup.objects.update(is_frozen=True)
    before = snapshot()
    for method in (staff.post, staff.delete):
        assert_problem(method(url(group, "members"), {"learners": ["ada"]}, format="json"), 409, "not_refreshable")
    assert snapshot() == before


def test_import_and_export(world, staff):
    group = world.manual_group(learners=("cleo",))
    content = b"username\nada\nben@example.com\nnobody\nfay\ncleo\nada\n"
    upload = {"file": SimpleUploadedFile("a.csv", content), "mode": "add", "identifier": "auto"}
    answer = staff.post(url(group, "member_imports"), upload)
    assert answer.status_code == 200
    body = answer.json()
    counts = {row["outcome"]: row["count"] for row in body["counts"]}
    assert sum(counts.values()) == body["total"] == 6
    outcomes = [(row["line"], row["value"], row["outcome"]) for row in body["rows"]]
    assert outcomes[0] == (2, "ada", "added")
    assert outcomes[2:] == [
        (4, "nobody", "not_found"),
        (5, "fay", "not_in_scope"),
        (6, "cleo", "already_member"),
        (7, "ada", "duplicate"),
    ]
    export = staff.get(url(group, "member_export"))
    assert export.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert export.headers["Content-Disposition"] == f'attachment; filename="members-{group.uuid}.csv"'
    exported = b"".join(export.streaming_content)
    assert exported.splitlines()[0] == b"username,email,user_id"
    again = {"file": SimpleUploadedFile("b.csv", exported), "mode": "replace"}
    assert staff.post(url(group, "member_imports"), again).json()["changed"] is False


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"mode": "add"}, [("/file", "missing_field")]),
        ({"file": b"ada\n"}, [("/mode", "missing_field")]),
        ({"file": b"ada\n", "mode": "destroy"}, [("/mode", "invalid_choice")]),
        ({"file": b"ada\n", "mode": "add", "identifier": "colour"}, [("/identifier", "invalid_choice")]),
        ({"file": b"ada\n", "mode": "add", "dry_run": "1"}, [("/dry_run", "unknown_field")]),
        ({"file": "ada", "mode": "add"}, [("/file", "wrong_type")]),
        ({"file": b"", "mode": "add"}, [("/file", "empty_file")]),
        ({"file": b"nobody\n", "mode": "replace"}, [("/file", "nothing_found")]),
    ],
)
def test_files_that_cannot_be_imported(world, staff, fields, places):
    group = world.manual_group(learners=("ada",))
    before = snapshot()
    if isinstance(fields.get("file"), bytes):
        fields = {**fields, "file": SimpleUploadedFile("a.csv", fields["file"])}
    assert_problem(staff.post(url(group, "member_imports"), fields), 400, "validation_failed", *places)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        ({"file": [b"ada\n", b"ben\n"], "mode": "replace"}, [("/file", "duplicate_field")]),
        ({"file": b"ben\n", "mode": ["add", "replace"]}, [("/mode", "duplicate_field")]),
        ({"file": b"ben\n", "mode": ["add", "add"]}, [("/mode", "duplicate_field")]),
        ({"file": ["ben", b"ben\n"], "mode": "add"}, [("/file", "duplicate_field")]),
    ],
)
def test_a_field_that_stands_twice(world, staff, fields, places):
    group = world.manual_group(learners=("ada",))
    before = snapshot()
    files = fields["file"] if isinstance(fields["file"], list) else [fields["file"]]
    files = [SimpleUploadedFile("a.csv", file) if isinstance(file, bytes) else file for file in files]
    answer = staff.post(url(group, "member_imports"), {**fields, "file": files})
    assert_problem(answer, 400, "validation_failed", *places)
    assert snapshot() == before


def test_a_file_that_is_too_large(world, staff, settings):
    settings.OPENEDX_USER_GROUPS_MAX_IMPORT_BYTES = 100
    group = world.manual_group()
    upload = {"file": SimpleUploadedFile("a.csv", b"x" * 200), "mode": "add"}
    assert_problem(
        staff.post(url(group, "member_imports"), upload), 400, "validation_failed", ("/file", "file_too_large")
    )
    upload = {"file": SimpleUploadedFile("a.csv", b"x" * 20_000), "mode": "add"}
    assert_problem(staff.post(url(group, "member_imports"), upload), 413, "payload_too_large")


def test_a_broken_upload(world, staff):
    kind = "multipart/form-data; boundary="
    assert_problem(
        staff.generic("POST", url(world.manual_group(), "member_imports"), b"x", content_type=kind),
        400,
        "malformed_request",
    )
    answer = staff.post(url(world.manual_group("Other"), "member_imports"), {"mode": "add"}, format="json")
    assert_problem(answer, 415, "unsupported_media_type")


def test_refreshing_now(world, staff):
    group = world.criteria_group()
    User.objects.filter(username="dan").update(last_login=datetime.now(UTC))
    answer = staff.post(url(group, "refreshes"))
    assert answer.status_code == 201
    run = answer.json()
    assert (run["trigger"], run["state"], run["requested_by"], run["error"]) == ("manual", "succeeded", "staff", None)
    assert (run["added_count"], run["removed_count"], run["member_count"], run["rule_version"]) == (0, 1, 1, 1)
    runs = staff.get(url(group, "refreshes")).json()["results"]
    assert [found["trigger"] for found in runs] == ["manual", "rule_change"]
    assert runs[0] == run


def test_a_refresh_that_fails_keeps_the_members(world, staff, monkeypatch):
    group = world.criteria_group()

    def down(self, context):
        raise SourceUnavailable()

    monkeypatch.setattr(LastLogin, "learner_set", down)
    run = staff.post(url(group, "refreshes")).json()
    assert (run["state"], run["error"]["code"]) == ("failed", "source_unavailable")
    body = staff.get(url(group, "members")).json()
    assert (body["count"], body["state"], body["state_reason"]["code"]) == (2, "stale", "source_unavailable")


def test_what_cannot_be_refreshed(world, staff):
    manual, frozen = world.manual_group(), world.criteria_group()
    UserGroup.objects.filter(pk=frozen.pk).update(is_frozen=True)
    before = snapshot()
    assert_problem(staff.post(url(manual, "refreshes")), 409, "wrong_membership_source")
    assert_problem(staff.post(url(frozen, "refreshes")), 409, "not_refreshable")
    assert snapshot() == before


@pytest.fixture
def history(world):
    """ada joined and left, ben joined, each a day apart."""
    group = world.manual_group()
    admin = world.users["admin"]
    api.add_members(group, ["ada"], acting_user=admin)
    api.remove_members(group, ["ada"], acting_user=admin)
    api.add_members(group, ["ben"], acting_user=admin)
    for day, change in enumerate(MembershipChange.objects.order_by("id"), start=1):
        MembershipChange.objects.filter(pk=change.pk).update(at=datetime(2026, 1, day, tzinfo=UTC))
    return group


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [("ben", "added"), ("ada", "removed"), ("ada", "added")]),
        ({"kind": "removed"}, [("ada", "removed")]),
        ({"username": "ben"}, [("ben", "added")]),
        ({"username": "be"}, []),
        # To a collation of MariaDB each of them is ben.
        ({"username": "BEN"}, []),
        ({"username": "bén"}, []),
        ({"since": "2026-01-02T00:00:00Z"}, [("ben", "added"), ("ada", "removed")]),
        ({"since": "2026-01-02T01:00:00+01:00"}, [("ben", "added"), ("ada", "removed")]),
        ({"until": "2026-01-02"}, [("ada", "added")]),
        ({"since": "2026-01-02", "until": "2026-01-03"}, [("ada", "removed")]),
        ({"since": ""}, [("ben", "added"), ("ada", "removed"), ("ada", "added")]),
    ],
)
def test_history(history, staff, query, found):
    rows = staff.get(url(history, "membership_changes"), query).json()["results"]
    assert [(row["username"], row["kind"]) for row in rows] == found


def test_history_names_the_refresh(world, staff):
    group = world.criteria_group()
    run = staff.get(url(group, "refreshes")).json()["results"][0]
    rows = staff.get(url(group, "membership_changes")).json()["results"]
    assert [row["refresh"] for row in rows] == [{"uuid": run["uuid"], "trigger": "rule_change"}] * 2
    assert {row["rule_version"] for row in rows} == {1}


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("since=yesterday", ("/since", "wrong_type")),
        ("since=2026-02-30", ("/since", "wrong_type")),
        ("until=0001-01-01T00:00:00%2B14:00", ("/until", "wrong_type")),
        ("until=9999-12-31T23:59:59-14:00", ("/until", "wrong_type")),
        ("since=2026-01-01T00:00:00+01:00", ("/since", "wrong_type")),
        ("kind=moved", ("/kind", "invalid_choice")),
        ("username=%00", ("/username", "invalid_text")),
    ],
)
def test_history_with_bad_parameters(history, staff, query, place):
    assert_problem(staff.get(f"{url(history, 'membership_changes')}?{query}"), 400, "validation_failed", place)


def test_the_groups_of_a_learner(world):
    world.criteria_group()
    world.manual_group("Art mentors")
    world.criteria_group("Law", key=LAW)
    api.add_members(world.manual_group("Mentors", ("ada",)), ["ben"], acting_user=world.users["admin"])
    rows = world.client("staff").get(f"{ROOT}memberships/", {"username": "ada"}).json()["results"]
    assert [(row["user_group"]["name"], row["origin"]) for row in rows] == [
        ("Away", "rule_change"),
        ("Mentors", "manual"),
    ]
    assert rows[0]["user_group"]["state"] == "fresh"
    assert "rule" not in rows[0]["user_group"]
    assert world.client("other_staff").get(f"{ROOT}memberships/", {"username": "ada"}).json()["count"] == 0
    assert world.client("staff").get(f"{ROOT}memberships/", {"username": "nobody"}).json()["count"] == 0
    assert_problem(
        world.client("staff").get(f"{ROOT}memberships/"), 400, "validation_failed", ("/username", "missing_field")
    )
    assert_problem(world.client("ada").get(f"{ROOT}memberships/", {"username": "ada"}), 403, "permission_denied")


def test_members_do_not_cost_queries(world, staff):
    group = world.manual_group(learners=("ada",))
    with asserted_queries(QUERIES_OF_MEMBERS):
        assert len(usernames(staff.get(url(group, "members")))) == 1
    users = User.objects.bulk_create(User(username=f"extra{number}") for number in range(60))
    Membership.objects.bulk_create(
        Membership(user_group=group, user_id=user.pk, joined_at=group.created, origin="manual")
        for user in User.objects.filter(username__in=[user.username for user in users])
    )
    with asserted_queries(QUERIES_OF_MEMBERS):
        assert len(usernames(staff.get(url(group, "members"), {"page_size": 100}))) == 61


#: Session, account, group, roles, rule nodes, criteria, pinned examples, count, page.
QUERIES_OF_MEMBERS = 9


def test_the_queries_of_a_refresh_do_not_depend_on_its_members(world, staff, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):  # The process knows the rules then.
        large = world.criteria_group("Large", rule(leaf("last_login", operator=">=", days=0, include_never=True)))
        small = world.criteria_group()
    assert large.member_count == 5
    for group in (small, large):
        with asserted_queries(QUERIES_OF_A_REFRESH):
            assert staff.post(url(group, "refreshes")).json()["state"] == "succeeded"


#: Session, account, group, roles; the run: scope locked, created, read with its group, clock, size of the universe, who
#: matches, present members, group saved, pinned examples, run saved. The rule is known from the refresh before.
QUERIES_OF_A_REFRESH = 14
