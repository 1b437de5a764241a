"""Lists of people into manual groups and out of them: every row accounted for, and nothing written without need."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from openedx_user_groups import api
from openedx_user_groups.actions import imports, members
from openedx_user_groups.api import Identifier, ImportMode, ImportOutcome
from openedx_user_groups.data import GroupState, MembershipSource, Scope
from openedx_user_groups.exceptions import (
    InOtherGroup,
    InvalidInput,
    NotFound,
    NotRefreshable,
    WrongMembershipSource,
)
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.student.models import CourseEnrollment

pytestmark = pytest.mark.django_db

ADD, REPLACE, REMOVE = ImportMode.ADD, ImportMode.REPLACE, ImportMode.REMOVE
COURSE = Scope.course("course-v1:Test+C1+2026")


def make_users(*usernames, emails=()):
    names = dict(zip(usernames, emails, strict=False))
    return [User.objects.create(username=name, email=names.get(name, f"{name}@example.org")) for name in usernames]


def enroll(users, is_active=True):
    CourseEnrollment.objects.bulk_create(
        CourseEnrollment(user=user, course_id=COURSE.course_key, is_active=is_active) for user in users
    )


def make_course():
    now = timezone.now()
    CourseOverview.objects.create(id=COURSE.course_key, org="Test", display_name="C1", created=now, modified=now)


@pytest.fixture
def staff():
    return User.objects.create(username="staff", email="staff@example.org")


@pytest.fixture
def learners(staff):
    """Four learners of the course by name; `out` has left it, and `staff` was never in it."""
    make_course()
    people = make_users("ann", "bob", "cy", "dee")
    enroll(people)
    enroll(make_users("out"), is_active=False)
    return {user.username: user.pk for user in people}


@pytest.fixture
def group(learners, staff):
    return api.create_user_group(
        scope=COURSE, name="Picked", membership_source=MembershipSource.MANUAL, acting_user=staff
    )


@pytest.fixture
def upload(group, staff):
    """Import into the group; the arguments are those of a form."""

    def send(content, mode=ADD, identifier=Identifier.AUTO, to=None):
        content = content.encode() if isinstance(content, str) else content
        return api.import_members(to or group, content, mode=mode, identifier=identifier, acting_user=staff)

    return send


def outcomes(report):
    return [(row.line, row.value, row.outcome.value) for row in report.rows]


def counted(report):
    return {outcome.value: count for outcome, count in report.counts.items() if count}


def members_of(group):
    return [membership.user.username for membership in api.members(group)]


def stored(group):
    """Return everything that an import could write."""
    return (
        list(UserGroup.objects.filter(pk=group.pk).values()),
        list(Membership.objects.filter(user_group=group).order_by("pk").values()),
        list(MembershipChange.objects.filter(user_group=group).order_by("pk").values()),
    )


def refused(upload, *arguments, **options):
    with pytest.raises(InvalidInput) as error:
        upload(*arguments, **options)
    (violation,) = error.value.violations
    assert violation.pointer == "/file"
    return violation.code


# Reports


def test_each_row_is_reported_with_its_line(group, upload, learners):
    upload("cy\n")
    report = upload("username,email\nann,\n\nghost,\nout,\n,BOB@Example.org\ncy,\nstaff,\n,nonsense\nbob,\n,,\n")
    assert outcomes(report) == [
        (2, "ann", "added"),
        (4, "ghost", "not_found"),
        (5, "out", "not_in_scope"),
        (6, "BOB@Example.org", "added"),
        (7, "cy", "already_member"),
        (8, "staff", "not_in_scope"),
        (9, "nonsense", "invalid"),
        (10, "bob", "duplicate"),
    ]
    assert counted(report) == {
        "added": 2, "already_member": 1, "not_found": 1, "not_in_scope": 2, "invalid": 1, "duplicate": 1,
    }  # fmt: skip
    assert set(report.counts) == set(ImportOutcome)
    assert (report.mode, report.total, report.removed_count, report.changed) == (ADD, 8, 0, True)
    assert members_of(group) == ["ann", "bob", "cy"]
    group.refresh_from_db()
    assert (group.member_count, group.state) == (3, GroupState.FRESH)


def test_people_are_recognised_by_any_name(group, upload, learners):
    report = upload(f"ann\nBob@EXAMPLE.org\n{learners['cy']}\n0{learners['cy']}\n\u200bdee\u00a0\nann@example.org\n")
    assert [row.outcome.value for row in report.rows] == ["added", "added", "added", "duplicate", "added", "duplicate"]
    assert members_of(group) == ["ann", "bob", "cy", "dee"]


def test_user_names_are_exact_and_addresses_are_not(upload):
    report = upload("Ann\nANN@EXAMPLE.ORG\nänn\nänn@example.org\n")
    assert [row.outcome.value for row in report.rows] == ["not_found", "added", "not_found", "not_found"]


def test_an_address_is_found_as_the_account_has_it(upload, learners):
    # What their capitals are in lower case, each database answers for itself.
    addresses = ["ÉVA@example.org", "İnci@example.org", "STRAẞE@example.org"]
    enroll(make_users("éva", "inci", "straße", emails=addresses))
    assert counted(upload("e-mail\n" + "\n".join(addresses))) == {"added": 3}


def test_a_user_name_may_look_like_an_address_or_an_id(group, upload, learners):
    digits = str(learners["ann"])
    enroll(make_users(digits, "eve@x.org", "ann@example.org", emails=["n@x.org", "eve@y.org", "z@x.org"]))
    upload(f"{digits}\neve@x.org\nann@example.org\n")
    # A user name goes before an e-mail address and before an id.
    assert sorted(members_of(group)) == sorted([digits, "eve@x.org", "ann@example.org"])


def test_an_address_of_two_accounts_names_nobody(upload, learners):
    User.objects.filter(username__in=["ann", "bob"]).update(email="Same@x.org")
    assert outcomes(upload("same@x.org\n")) == [(1, "same@x.org", "not_found")]


@pytest.mark.parametrize(
    ("identifier", "added", "invalid"),
    [
        (Identifier.USERNAME, [0], []),
        (Identifier.EMAIL, [1], [0, 2, 3, 4]),
        (Identifier.USER_ID, [2], [0, 1, 4]),
        (Identifier.AUTO, [0, 1, 2], []),
    ],
)
def test_an_identifier_that_is_named_is_the_only_one(upload, learners, identifier, added, invalid):
    report = upload(f"ann\nbob@example.org\n{learners['cy']}\n99999999999\n-3\n", identifier=identifier)
    found = [row.outcome for row in report.rows]
    assert [index for index, outcome in enumerate(found) if outcome == ImportOutcome.ADDED] == added
    assert [index for index, outcome in enumerate(found) if outcome == ImportOutcome.INVALID] == invalid
    assert report.counts[ImportOutcome.NOT_FOUND] == 5 - len(added) - len(invalid)


def test_what_can_be_no_name_is_invalid(upload):
    report = upload(b"a" * 255 + b"\n" + b"a" * 254 + b'\n"an\nn"\n"an\tn"\n,x\n\xc2\xa0,x\n' + b"9" * 250 + b"\n")
    assert [(row.line, row.outcome.value) for row in report.rows] == [
        (1, "invalid"), (2, "not_found"), (3, "invalid"), (5, "invalid"), (6, "invalid"), (7, "invalid"),
        (8, "not_found"),
    ]  # fmt: skip


# Modes


def test_replacing_takes_out_whom_the_file_does_not_name(group, upload):
    upload("ann\nbob\n")
    report = upload("bob\ncy\nghost\n", REPLACE)
    assert outcomes(report) == [(1, "bob", "already_member"), (2, "cy", "added"), (3, "ghost", "not_found")]
    assert (report.removed_count, report.changed, report.total) == (1, True, 3)
    assert members_of(group) == ["bob", "cy"]


def test_removing(group, upload, learners):
    upload("ann\nbob\ncy\n")
    CourseEnrollment.objects.filter(user_id=learners["bob"]).update(is_active=False)
    report = upload(f"ann\nbob@example.org\ndee\nstaff\nghost\n{learners['ann']}\n-\n", REMOVE)
    assert [row.outcome.value for row in report.rows] == [
        "removed", "removed", "not_a_member", "not_a_member", "not_found", "duplicate", "not_found",
    ]  # fmt: skip
    assert (report.removed_count, report.changed) == (2, True)
    assert members_of(group) == ["cy"]
    assert upload("cy\n", REMOVE).removed_count == 1
    assert members_of(group) == []


@pytest.mark.parametrize("mode", ImportMode)
def test_the_second_identical_upload_changes_nothing(group, upload, mode):
    upload("ann\ndee\n")
    content = "bob\nann@example.org\nghost\nbob\nout\n"
    first = upload(content, mode)
    assert first.changed
    before = stored(group)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        second = upload(content, mode)
    assert [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    assert stored(group) == before
    assert not second.changed
    assert second.removed_count == 0
    assert second.total == first.total
    assert [row.outcome for row in second.rows] != [row.outcome for row in first.rows]


def test_whoever_stays_is_not_touched(group, upload):
    upload("ann\n")
    before = Membership.objects.get(user__username="ann")
    upload("ann\nbob\n", REPLACE)
    after = Membership.objects.get(user__username="ann")
    assert (after.pk, after.joined_at) == (before.pk, before.joined_at)


def test_history_and_origin_tell_of_the_import(group, upload, learners):
    upload("ann\nbob\n")
    upload("bob\ncy\n", REPLACE)
    changes = MembershipChange.objects.filter(user_group=group).order_by("at", "kind", "user_id")
    assert list(changes.values_list("kind", "user__username")) == [
        ("added", "ann"), ("added", "bob"), ("added", "cy"), ("removed", "ann"),
    ]  # fmt: skip
    assert set(Membership.objects.values_list("origin", flat=True)) == {"import"}
    api.add_members(group, ["dee"], acting_user=User.objects.get(username="staff"))
    assert Membership.objects.get(user_id=learners["dee"]).origin == "manual"


def test_a_member_who_left_the_course_stays_while_the_file_names_them(group, upload, learners):
    upload("ann\nbob\n")
    CourseEnrollment.objects.filter(user_id__in=[learners["ann"], learners["bob"]]).update(is_active=False)
    report = upload("ann\ncy\n", REPLACE)
    assert outcomes(report) == [(1, "ann", "already_member"), (2, "cy", "added")]
    assert members_of(group) == ["ann", "cy"]
    assert outcomes(upload("bob\n")) == [(1, "bob", "not_in_scope")]


# Refusals: nothing changes


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"ann\0", "not_text"),
        (b'"ann', "malformed_csv"),
        (b"ann\n" * 6, "too_many_rows"),
        (b"ann" + b" " * 40, "file_too_large"),
        (b"ghost\nout\n\xe9\n", "nothing_found"),
        (b"username\n", "nothing_found"),
    ],
)
def test_a_file_that_is_refused_changes_nothing(group, upload, settings, content, code):
    upload("ann\nbob\n")
    settings.OPENEDX_USER_GROUPS_MAX_IMPORT_ROWS = 5
    settings.OPENEDX_USER_GROUPS_MAX_IMPORT_BYTES = 42
    before = stored(group)
    assert refused(upload, content, REPLACE) == code
    assert stored(group) == before


def test_the_limits_are_exact(upload, settings):
    settings.OPENEDX_USER_GROUPS_MAX_IMPORT_BYTES = 4
    assert upload("ann\n").counts[ImportOutcome.ADDED] == 1
    assert refused(upload, "ann\n\n") == "file_too_large"


def test_a_column_that_was_asked_for_must_be_there(upload):
    assert refused(upload, "username\nann\n", identifier=Identifier.EMAIL) == "no_identifier_column"


def test_a_wrong_file_is_refused_for_an_empty_group_too(group, upload):
    assert refused(upload, "ghost\n", REPLACE) == "nothing_found"
    for mode in (ADD, REMOVE):
        assert outcomes(upload("ghost\n", mode)) == [(1, "ghost", "not_found")]


def test_a_criteria_group_takes_no_list(upload, staff):
    rule = {
        "combine": "all",
        "nodes": [{"kind": "criterion", "type": "account_age", "config": {"operator": ">", "days": 1}}],
    }
    group = api.create_user_group(scope=COURSE, name="By rule", rule=rule, acting_user=staff)
    before = stored(group)
    for content in ("ann\n", ""):
        with pytest.raises(WrongMembershipSource):
            upload(content, to=group)
    assert stored(group) == before


@pytest.mark.parametrize("changes", [{"is_frozen": True}, {"is_enabled": False}])
def test_a_group_at_rest_takes_no_list(group, upload, staff, changes):
    api.update_user_group(group.uuid, changes=changes, rule_version=None, acting_user=staff)
    before = stored(group)
    with pytest.raises(NotRefreshable):
        upload("ann\n")
    assert stored(group) == before


def test_whoever_is_in_another_group_of_an_exclusive_collection_is_named_by_the_row(
    group, upload, staff, learners, monkeypatch
):
    other = api.create_user_group(
        scope=COURSE, name="Other", membership_source=MembershipSource.MANUAL, acting_user=staff
    )
    api.add_members(other, ["bob", "cy", "dee"], acting_user=staff)
    api.create_collection(scope=COURSE, name="Apart", groups=[group.uuid, other.uuid], acting_user=staff)
    before = stored(group)
    content = "username,email\nann,\ndee,\n,BOB@example.org\nbob,\n\ncy,\n"
    with pytest.raises(InOtherGroup) as refused:
        upload(content)
    assert "3 learners" in str(refused.value)
    assert [(violation.pointer, violation.code, violation.params) for violation in refused.value.violations] == [
        ("/file", "in_other_group", {"user_group": "Other", "line": line, "value": value})
        for line, value in ((3, "dee"), (4, "BOB@example.org"), (7, "cy"))
    ]
    message = "Line 4: BOB@example.org is already in the user group “Other” of this collection."
    assert str(refused.value.violations[1].message) == message
    monkeypatch.setattr(members, "_MAX_LISTED", 2)
    with pytest.raises(InOtherGroup) as refused:
        upload(content)
    assert len(refused.value.violations) == 2
    assert "3 learners" in str(refused.value)
    assert stored(group) == before


def test_a_group_that_was_archived_meanwhile_takes_no_list(group, upload, staff):
    api.archive_user_group(group.uuid, acting_user=staff)
    before = stored(group)
    with pytest.raises(NotFound):
        upload("ann\n")
    assert stored(group) == before


# Scopes


def test_the_whole_site_takes_active_accounts(staff, upload, learners):
    group = api.create_user_group(
        scope=Scope.parse("instance"), name="Site", membership_source=MembershipSource.MANUAL, acting_user=staff
    )
    User.objects.create(username="sleeper", email="s@x.org", is_active=False)
    User.objects.create(username="retired__user_1", email="r@x.org")
    report = upload("ann\nstaff\nout\nsleeper\nretired__user_1\n", to=group)
    assert [row.outcome.value for row in report.rows] == ["added", "added", "added", "not_in_scope", "not_in_scope"]


def test_an_organization_takes_learners_of_its_courses(staff, upload, learners):
    group = api.create_user_group(
        scope=Scope.parse("organization", "Test"),
        name="Org",
        membership_source=MembershipSource.MANUAL,
        acting_user=staff,
    )
    report = upload("ann\nstaff\nout\n", to=group)
    assert [row.outcome.value for row in report.rows] == ["added", "not_in_scope", "not_in_scope"]


# Export

ODD = ["-dash", "+plus", "@at", "=sum()", "'quote", "'=both", 'say "x"', "a,b;c", " led", "Zoë", "名前", "007"]


CONTROLS = ["ctl\x0bname", "with\nnl", "with\r\nboth", "tab\tin", "\tled", "end\n", "=\n1"]


def test_an_export_names_whoever_is_named_as_nobody_should_be(group, upload):
    enroll(make_users(*CONTROLS))
    upload("\n".join(str(user.pk) for user in User.objects.filter(username__in=CONTROLS)))
    assert sorted(members_of(group)) == sorted(CONTROLS)
    export = "".join(api.export_members(group))
    report = upload(export, REPLACE)
    assert (counted(report), report.changed) == ({"already_member": len(CONTROLS)}, False)
    assert counted(upload("username\nctl\x0bghost\n")) == {"invalid": 1}
    assert counted(upload("user id\nctl\x0bname\n")) == {"invalid": 1}


def test_an_export_is_a_table_of_safe_cells(group, upload, learners):
    (odd,) = make_users("-dash", emails=["=x@y.org"])
    enroll([odd])
    upload(f"bob\n{odd.pk}\n")
    assert "".join(api.export_members(group)) == (
        f"username,email,user_id\r\nbob,bob@example.org,{learners['bob']}\r\n'-dash,'=x@y.org,{odd.pk}\r\n"
    )


@pytest.mark.parametrize("identifier", Identifier)
def test_importing_an_export_changes_nothing(group, upload, identifier):
    enroll(make_users(*ODD, emails=[f"{name.strip()}@x.org" for name in ODD]))
    ids = "\n".join(str(pk) for pk in CourseEnrollment.objects.filter(is_active=True).values_list("user_id", flat=True))
    assert upload(ids, identifier=Identifier.USER_ID).counts[ImportOutcome.ADDED] == 4 + len(ODD)
    before = stored(group)
    exported = "".join(api.export_members(group)).encode()
    for mode in (ADD, REPLACE):
        report = upload(exported, mode, identifier)
        assert counted(report) == {"already_member": 4 + len(ODD)}
        assert not report.changed
    assert stored(group) == before
    assert counted(upload(exported, REMOVE, identifier)) == {"removed": 4 + len(ODD)}
    assert upload(exported, REPLACE, identifier).counts[ImportOutcome.ADDED] == 4 + len(ODD)


def test_the_export_of_an_empty_group_can_be_imported(group, upload):
    exported = "".join(api.export_members(group)).encode()
    assert exported == b"username,email,user_id\r\n"
    before = stored(group)
    for mode in ImportMode:
        report = upload(exported, mode)
        assert (report.total, report.changed, counted(report)) == (0, False, {})
    assert stored(group) == before


def test_an_export_is_read_page_by_page(group, upload, settings, django_assert_num_queries):
    upload("ann\nbob\ncy\ndee\n")
    settings.OPENEDX_USER_GROUPS_WRITE_CHUNK_SIZE = 3
    with django_assert_num_queries(3):
        pieces = list(api.export_members(group))
    assert [piece.count("\r\n") for piece in pieces] == [1, 3, 1]
    with django_assert_num_queries(0):
        assert next(iter(api.export_members(group))) == "username,email,user_id\r\n"


# Many rows


def test_the_number_of_queries_depends_on_chunks_and_not_on_rows(group, upload, monkeypatch):
    enroll(make_users(*(f"u{index}" for index in range(40))))

    def queries(rows, content):
        with CaptureQueriesContext(connection) as captured:
            report = upload("\n".join(content(index) for index in range(rows)))
        assert report.total == rows
        return len(captured)

    def mixed(index):
        return (f"u{index}", f"u{index}@example.org", f"{10**6 + index}")[index % 3]

    first = queries(40, mixed)
    assert first == queries(20, mixed) + 6, "run, memberships, later instants, history, group and message: once each"
    again = queries(40, mixed)
    assert again == queries(20, mixed)
    monkeypatch.setattr(imports, "_LOOKUP_CHUNK", 10)
    # User names, addresses and ids of four chunks instead of one; the scope of three instead of one.
    assert queries(40, mixed) == again + 3 * 3 + 2


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunks_do_not_show(group, upload, monkeypatch, size):
    monkeypatch.setattr(imports, "_LOOKUP_CHUNK", size)
    report = upload("ann\nghost\nann@example.org\nout\nbob\nBOB@example.org\ndee\n")
    assert [row.outcome.value for row in report.rows] == [
        "added", "not_found", "duplicate", "not_in_scope", "added", "duplicate", "added",
    ]  # fmt: skip
    assert members_of(group) == ["ann", "bob", "dee"]


@pytest.mark.slow
def test_more_rows_than_a_statement_takes_values(group, upload):
    make = [User(username=f"many{index}", email=f"many{index}@example.org") for index in range(12_000)]
    User.objects.bulk_create(make, batch_size=2000)
    users = list(User.objects.filter(username__startswith="many"))
    enroll(users)
    upload("\n".join(f" {user.username}" if user.pk % 2 else user.email for user in users))
    assert Membership.objects.filter(user_group=group).count() == 12_000
    before = stored(group)
    assert counted(upload("".join(api.export_members(group)), REPLACE)) == {"already_member": 12_000}
    assert stored(group) == before


# Properties

#: What people may write: everybody under every name, with variations, beside nonsense.
cells = st.one_of(
    st.sampled_from(["ann", "bob", "cy", "dee", "out", "staff", "ghost", "ANN", " bob ", "'-x", "=1", "", '"', "\t"]),
    st.sampled_from(["ann@example.org", "BOB@EXAMPLE.ORG", "out@example.org", "none@example.org", "@"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
    st.integers(-1, 2**40).map(str),
)
files = st.tuples(
    st.sampled_from(["", "username\n", "email\r\n", "user_id;email\n", "sep=;\n"]),
    st.lists(st.lists(cells, min_size=1, max_size=3).map(";".join), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
).map(lambda parts: parts[0] + parts[2].join(parts[1]))


@hypothesis_settings(
    max_examples=150,
    deadline=None,
    # How long it takes to make an example says how busy the machine is.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.tuples(files, st.sampled_from(ImportMode), st.sampled_from(Identifier)), min_size=1, max_size=3)
)
def test_every_row_has_one_outcome_and_the_same_file_again_changes_nothing(group, upload, learners, steps):
    Membership.objects.all().delete()
    UserGroup.objects.update(member_count=0)
    allowed = set(learners.values())
    for content, mode, identifier in steps:
        present = set(Membership.objects.values_list("user_id", flat=True))
        before = stored(group)
        try:
            report = upload(content.encode(), mode, identifier)
        except InvalidInput:
            assert stored(group) == before
            continue
        members = set(Membership.objects.values_list("user_id", flat=True))
        assert report.total == len(report.rows) == sum(report.counts.values())
        assert set(report.counts) == set(ImportOutcome)
        assert len(members - present) == report.counts[ImportOutcome.ADDED]
        assert len(present - members) == report.removed_count
        assert report.changed == (members != present) == (stored(group) != before)
        assert members <= allowed
        if mode == REPLACE:
            assert len(members) == report.counts[ImportOutcome.ADDED] + report.counts[ImportOutcome.ALREADY_MEMBER]
        if mode == REMOVE:
            assert report.removed_count == report.counts[ImportOutcome.REMOVED]
        after = stored(group)
        assert not upload(content.encode(), mode, identifier).changed
        exported = "".join(api.export_members(group)).encode()
        assert not upload(exported, REPLACE).changed
        assert stored(group) == after


# Two at once


@pytest.mark.django_db(transaction=True)
def test_the_same_list_twice_at_once_is_written_once(group, upload):
    if connection.vendor == "sqlite":
        pytest.skip("The tests' SQLite database lives in one connection.")
    barrier = threading.Barrier(2, timeout=20)
    reports = []

    def run():
        try:
            barrier.wait()
            reports.append(upload("ann\nbob\ncy\n", REPLACE))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(report.changed for report in reports) == [False, True]
    assert sorted(counted(report).popitem() for report in reports) == [("added", 3), ("already_member", 3)]
    assert MembershipChange.objects.filter(user_group=group).count() == 3
    assert members_of(group) == ["ann", "bob", "cy"]
