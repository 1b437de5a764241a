"""Who may do what: every resource asked by everybody, and whoever is refused has changed nothing."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from openedx_user_groups.models import UserGroup
from openedx_user_groups.rest_api.policy import GlobalStaffPolicy
from sandbox.platform.student.models import CourseAccessRole

from .conftest import ART, AWAY, BIO, INSTANCE, LAW, ROOT, assert_problem, organization, rule, scope, snapshot

GROUPS = f"{ROOT}user_groups/"
#: Those who may see and edit the groups of BIO.
ALLOWED = ("staff", "org_staff", "admin")
#: Signed in, but nothing to do with BIO. ada is a member of its groups.
STRANGERS = ("ada", "learner", "other_staff")

NEW = {"scope": scope(), "name": "New", "rule": rule(AWAY)}
SCOPED = {"scope_type": "course", "scope_key": BIO}

#: Requests that name the scope.
IN_SCOPE = {
    "types": lambda client: client.get(f"{ROOT}criterion_types/", SCOPED),
    "type": lambda client: client.get(f"{ROOT}criterion_types/country/", SCOPED),
    "choices": lambda client: client.get(f"{ROOT}criterion_types/country/choices/countries/", SCOPED),
    "groups": lambda client: client.get(GROUPS, SCOPED),
    "preview": lambda client: client.post(f"{ROOT}previews/", {"scope": scope(), "rule": rule(AWAY)}, format="json"),
    "explanation": lambda client: client.post(
        f"{ROOT}explanations/", {"scope": scope(), "learner": "ada", "rule": rule(AWAY)}, format="json"
    ),
    "create": lambda client: client.post(GROUPS, NEW, format="json"),
}

#: Requests about one group.
OF_GROUP = {
    "read": lambda client, url: client.get(url),
    "edit": lambda client, url: client.patch(url, {"name": "Renamed"}, format="json"),
    "rule": lambda client, url: client.patch(url, {"rule": rule(AWAY), "rule_version": 1}, format="json"),
    "archive": lambda client, url: client.delete(url),
    "members": lambda client, url: client.get(f"{url}members/"),
    "add": lambda client, url: client.post(f"{url}members/", {"learners": ["ben"]}, format="json"),
    "remove": lambda client, url: client.delete(f"{url}members/", {"learners": ["ada"]}, format="json"),
    "import": lambda client, url: client.post(
        f"{url}member_imports/", {"file": SimpleUploadedFile("a.csv", b"ben\n"), "mode": "add"}
    ),
    "export": lambda client, url: client.get(f"{url}member_export/"),
    "refreshes": lambda client, url: client.get(f"{url}refreshes/"),
    "refresh": lambda client, url: client.post(f"{url}refreshes/"),
    "changes": lambda client, url: client.get(f"{url}membership_changes/"),
    "definitions": lambda client, url: client.get(f"{url}definition_changes/"),
    "copy": lambda client, url: client.post(f"{url}copies/", {"scope": scope()}, format="json"),
}


@pytest.mark.parametrize("request_", IN_SCOPE)
@pytest.mark.parametrize("who", STRANGERS)
def test_naming_a_scope_that_one_may_not_see_is_refused(world, who, request_):
    world.criteria_group()
    before = snapshot()
    assert_problem(IN_SCOPE[request_](world.client(who)), 403, "permission_denied")
    assert snapshot() == before


@pytest.mark.parametrize("request_", OF_GROUP)
@pytest.mark.parametrize("who", STRANGERS)
def test_a_group_that_one_may_not_see_does_not_exist(world, who, request_):
    for group in (world.criteria_group(), world.manual_group(learners=("ada",))):
        before = snapshot()
        there = OF_GROUP[request_](world.client(who), f"{GROUPS}{group.uuid}/")
        body = assert_problem(there, 404, "not_found")
        missing = OF_GROUP[request_](world.client(who), f"{GROUPS}{uuid4()}/").json()
        assert {**missing, "instance": ""} == {**body, "instance": ""}
        assert snapshot() == before


def test_nobody_gets_in_without_signing_in(world):
    client, url = world.client("anonymous"), f"{GROUPS}{world.manual_group(learners=('ada',)).uuid}/"
    before = snapshot()
    answers = [make(client) for make in IN_SCOPE.values()] + [make(client, url) for make in OF_GROUP.values()]
    answers.append(client.get(GROUPS))
    answers.append(client.get(f"{ROOT}memberships/", {"username": "ada"}))
    for answer in answers:
        assert_problem(answer, 401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Token"
    assert snapshot() == before


@pytest.mark.parametrize("who", ALLOWED)
def test_staff_may_do_everything(world, who):
    client = world.client(who)
    for name, make in IN_SCOPE.items():
        assert make(client).status_code == (201 if name == "create" else 200), name
    manual = f"{GROUPS}{world.manual_group(learners=('ada',)).uuid}/"
    criteria = f"{GROUPS}{world.criteria_group().uuid}/"
    expected = {"refresh": 201, "copy": 201, "archive": 204}
    for name in ("read", "edit", "members", "add", "import", "export", "remove", "changes", "definitions", "archive"):
        assert OF_GROUP[name](client, manual).status_code == expected.get(name, 200), name
    for name in ("rule", "refreshes", "refresh", "copy"):
        assert OF_GROUP[name](client, criteria).status_code == expected.get(name, 200), name
    assert UserGroup.objects.get(name="New").created_by.username == who


@pytest.mark.parametrize(
    ("who", "key", "status"),
    [("staff", BIO, 201), ("staff", ART, 403), ("org_staff", ART, 201), ("org_staff", LAW, 403)],
)
def test_a_copy_takes_the_right_to_edit_both_scopes(world, who, key, status):
    group = world.criteria_group()
    before = snapshot()
    body = {"scope": scope(key), "name": "Copy"}
    answer = world.client(who).post(f"{GROUPS}{group.uuid}/copies/", body, format="json")
    assert answer.status_code == status
    assert (snapshot() == before) == (status == 403)


@pytest.mark.parametrize(("who", "status"), [("admin", 200), ("org_staff", 403), ("ada", 403), ("anonymous", 401)])
def test_health_is_for_staff_of_the_whole_site(world, who, status):
    assert world.client(who).get(f"{ROOT}health/").status_code == status


@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("ada", []),
        ("learner", []),
        ("staff", ["Bio"]),
        ("other_staff", ["Law"]),
        ("org_staff", ["Art", "Bio", "Old", "Org"]),
        ("admin", ["All", "Art", "Bio", "Law", "Lookalike", "Old", "Org"]),
    ],
)
def test_a_list_shows_what_one_may_see(world, who, names):
    for name, key in (
        ("Bio", BIO),
        ("Art", ART),
        ("Law", LAW),
        ("Old", "DemoX/OLD/2012"),
        ("Lookalike", "course-v1:DemoX2+BIO+2026"),
    ):
        world.criteria_group(name, key=key)
    world.manual_group("Org", at=organization())
    world.manual_group("All", at=INSTANCE)
    client = world.client(who)
    body = client.get(GROUPS).json()
    assert [group["name"] for group in body["results"]] == names
    assert body["count"] == len(names)
    for group in UserGroup.objects.all():
        assert (client.get(f"{GROUPS}{group.uuid}/").status_code == 200) == (group.name in names), group.name


@pytest.mark.parametrize(
    ("who", "kind", "key", "status"),
    [
        ("staff", "organization", "DemoX", 403),
        ("staff", "instance", "", 403),
        ("staff", "course", ART, 403),
        ("org_staff", "organization", "DemoX", 200),
        ("org_staff", "organization", "demox", 403),
        ("org_staff", "organization", "OtherX", 403),
        ("org_staff", "course", ART, 200),
        ("org_staff", "course", LAW, 403),
        ("org_staff", "instance", "", 403),
        ("admin", "instance", "", 200),
    ],
)
def test_scopes(world, who, kind, key, status):
    answer = world.client(who).get(GROUPS, {"scope_type": kind, "scope_key": key})
    assert answer.status_code == status


def test_a_role_that_is_not_a_staff_role_gives_nothing(world):
    CourseAccessRole.objects.create(user=world.users["learner"], org="DemoX", course_id=BIO, role="beta_testers")
    assert_problem(world.client("learner").get(GROUPS, SCOPED), 403, "permission_denied")


@pytest.mark.parametrize("who", ["staff", "admin"])
def test_an_account_that_was_deactivated(world, who, settings):
    client, user = world.client(who), world.users[who]
    token = Token.objects.create(user=user)
    user.is_active = False
    user.save()
    assert_problem(client.get(GROUPS), 401, "not_authenticated")
    answer = APIClient(headers={"Authorization": f"Token {token.key}"}).get(GROUPS)
    assert_problem(answer, 401, "authentication_failed")
    # Some of the platform's ways to sign in do not look at the account.
    careless = APIClient()
    careless.force_authenticate(user)
    assert_problem(careless.get(GROUPS), 403, "permission_denied")
    assert GlobalStaffPolicy().is_staff(user) is False


def test_a_wrong_token(world):
    answer = APIClient(headers={"Authorization": "Token wrong"}).get(GROUPS)
    assert_problem(answer, 401, "authentication_failed")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_session_needs_the_csrf_token_to_write(world):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(world.users["staff"])
    before = snapshot()
    assert_problem(client.post(GROUPS, NEW, format="json"), 403, "permission_denied")
    assert snapshot() == before


class LookingPolicy(GlobalStaffPolicy):
    """Staff of the site may look, and nobody may touch."""

    def can_edit(self, user, scope):
        return False


def test_a_policy_of_the_site_decides(world, settings):
    settings.OPENEDX_USER_GROUPS_PERMISSION_POLICY = f"{__name__}.LookingPolicy"
    url = f"{GROUPS}{world.manual_group(learners=('ada',)).uuid}/"
    before = snapshot()
    admin = world.client("admin")
    for name in ("read", "members", "export", "refreshes", "changes"):
        assert OF_GROUP[name](admin, url).status_code == 200, name
    for name in ("edit", "archive", "add", "remove", "import", "refresh"):
        assert_problem(OF_GROUP[name](admin, url), 403, "permission_denied")
    for name in ("preview", "create"):
        assert_problem(IN_SCOPE[name](admin), 403, "permission_denied")
    assert_problem(world.client("staff").get(GROUPS, SCOPED), 403, "permission_denied")
    assert snapshot() == before


def test_permissions_are_part_of_the_revision(world, settings):
    admin = world.client("admin")
    editing = admin.get(f"{ROOT}criterion_types/", SCOPED).json()["revision"]
    settings.OPENEDX_USER_GROUPS_PERMISSION_POLICY = f"{__name__}.LookingPolicy"
    assert admin.get(f"{ROOT}criterion_types/", SCOPED).json()["revision"] != editing
