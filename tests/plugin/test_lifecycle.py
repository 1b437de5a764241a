"""A plugin comes, goes and comes back: installed with pip, used by groups, uninstalled, installed again.

After each of these the site runs in a new process, against the same database file. It is spoken to over HTTP.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from openedx_user_groups.testing.contract import CriterionTypeContract

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not os.environ.get("DATABASE_URL", "sqlite:").startswith("sqlite:"),
        reason="Brings a database file of its own: nothing would be learned from a server.",
    ),
]

COURSE = {"type": "course", "key": "course-v1:Sample+Plugin+1"}
IN_COURSE = "scope_type=course&scope_key=course-v1:Sample%2BPlugin%2B1"

#: Four learners: who reads about what, and who ever signed in.
WORLD = """
from django.utils import timezone
from openedx_user_groups.testing.factories import LearnerFactory
for name in ("ann", "bob", "cat", "dan"):
    signed_in = timezone.now() if name in ("ann", "bob") else None
    LearnerFactory(username=name, last_login=signed_in, enrolled_in="course-v1:Sample+Plugin+1")
"""
SUBSCRIPTIONS = """
from django.contrib.auth.models import User
from sample_criteria.models import Subscription
for name, topic in (("ann", "news"), ("bob", "events"), ("cat", "news"), ("cat", "events")):
    Subscription.objects.create(user=User.objects.get(username=name), topic=topic)
"""
DAN_SIGNS_IN = """
from django.contrib.auth.models import User
from django.utils import timezone
User.objects.filter(username="dan").update(last_login=timezone.now())
"""
DAN_READS_NEWS = """
from django.contrib.auth.models import User
from sample_criteria.models import Subscription
Subscription.objects.create(user=User.objects.get(username="dan"), topic="news")
"""
DELETE_ANN = """
from django.contrib.auth.models import User
User.objects.get(username="ann").delete()
"""

MISSING = {
    "code": "criterion_type_missing",
    "message": "The criterion type “newsletter” is not installed.",
    "pointer": "/rule/nodes/0",
}


def newsletter(*topics: str) -> dict[str, Any]:
    return {"kind": "criterion", "type": "newsletter", "config": {"operator": "in", "topics": list(topics)}}


def signed_in(operator: str = "exists") -> dict[str, Any]:
    return {"kind": "criterion", "type": "last_login", "config": {"operator": operator}}


def rule(*nodes: dict[str, Any], combine: str = "all") -> dict[str, Any]:
    return {"kind": "rule", "combine": combine, "negated": False, "nodes": list(nodes)}


#: Groups and, in the order of their names, who is in them at first.
RULES = {
    "either": rule(newsletter("news"), signed_in(), combine="any"),
    "mixed": rule(newsletter("news", "events"), signed_in()),
    "others": rule(signed_in()),
    "readers": rule(newsletter("news")),
}
FIRST = {"either": ["ann", "bob", "cat"], "mixed": ["ann", "bob"], "others": ["ann", "bob"], "readers": ["ann", "cat"]}


def criterion_type(site, slug: str) -> dict[str, Any] | None:
    [answer] = site.http(("GET", f"criterion_types/?{IN_COURSE}", None))
    assert answer.status == 200
    return next((described for described in answer.data["criterion_types"] if described["id"] == slug), None)


def groups(site) -> dict[str, dict[str, Any]]:
    """Every group as the list shows it, by name; each can be opened, and looks the same then."""
    [listed] = site.http(("GET", f"user_groups/?{IN_COURSE}", None))
    found = {group["name"]: group for group in listed.data["results"]}
    opened = site.http(*(("GET", f"user_groups/{group['uuid']}/", None) for group in found.values()))
    assert [answer.data for answer in opened] == list(found.values())
    return found


def states(site) -> dict[str, str]:
    return {name: group["state"] for name, group in sorted(groups(site).items())}


def members(site) -> dict[str, list[str]]:
    found = sorted(groups(site).items())
    answers = site.http(*(("GET", f"user_groups/{group['uuid']}/members/", None) for _, group in found))
    return {
        name: [member["username"] for member in answer.data["results"]]
        for (name, _), answer in zip(found, answers, strict=True)
    }


def refresh(site, *names: str) -> list[str]:
    """Refresh these groups; the state in which each run ended."""
    found = groups(site)
    answers = site.http(*(("POST", f"user_groups/{found[name]['uuid']}/refreshes/", {}) for name in names))
    assert [answer.status for answer in answers] == [201] * len(names)
    return [answer.data["state"] for answer in answers]


def edit(site, group_name: str, **changes: Any):
    """Change a group; its rule as of the version that is saved now."""
    group = groups(site)[group_name]
    if "rule" in changes:
        changes["rule_version"] = group["rule_version"]
    [answer] = site.http(("PATCH", f"user_groups/{group['uuid']}/", changes))
    return answer


def install_and_use(site) -> None:
    site.install()
    site.manage("migrate", "sample_criteria", "--verbosity", "0")
    site.shell(WORLD + SUBSCRIPTIONS)
    created = site.http(
        *(("POST", "user_groups/", {"scope": COURSE, "name": name, "rule": RULES[name]}) for name in RULES)
    )
    assert [answer.status for answer in created] == [201] * 4
    assert members(site) == FIRST
    assert states(site) == dict.fromkeys(RULES, "fresh")


def test_a_plugin_is_installed_used_removed_and_brought_back(site):
    assert criterion_type(site, "newsletter") is None

    # ---- Installed: offered, previewed, saved.
    install_and_use(site)
    described = criterion_type(site, "newsletter")
    assert described["label"] == "Newsletter"
    assert described["availability"]["status"] == "available"
    assert [operator["id"] for operator in described["operators"]] == ["in", "not_in"]
    assert [field["name"] for field in described["fields"]] == ["topics"]
    [preview] = site.http(("POST", "previews/", {"scope": COURSE, "rule": RULES["readers"]}))
    assert preview.data["count"] == {"value": 2, "exactness": "exact", "universe": 4}
    assert preview.data["sample"]["results"] == [{"username": "ann"}, {"username": "cat"}]

    # ---- Uninstalled: what needs it says so and keeps its members, the rest goes on.
    site.uninstall()
    unevaluable = {"either": "unevaluable", "mixed": "unevaluable", "others": "fresh", "readers": "unevaluable"}
    assert states(site) == unevaluable
    assert groups(site)["readers"]["state_reason"] == MISSING
    assert groups(site)["readers"]["rule"]["nodes"][0]["type"] == "newsletter"
    assert groups(site)["readers"]["rule"]["nodes"][0]["config"] == {"operator": "in", "topics": ["news"]}
    assert members(site) == FIRST
    assert criterion_type(site, "newsletter")["availability"] == {
        "status": "unavailable",
        "reason_code": "criterion_type_missing",
        "message": "The app of this criterion type is not installed.",
    }
    [filtered] = site.http(("GET", f"user_groups/?{IN_COURSE}&state=unevaluable", None))
    assert sorted(group["name"] for group in filtered.data["results"]) == ["either", "mixed", "readers"]

    site.shell(DAN_SIGNS_IN)
    assert refresh(site, "either", "mixed", "others", "readers") == ["failed", "failed", "succeeded", "failed"]
    assert states(site) == unevaluable
    assert members(site) == {**FIRST, "others": ["ann", "bob", "dan"]}

    # ---- Meanwhile groups can be edited.
    assert edit(site, "readers", name="readers of news").status == 200
    orphan, login = groups(site)["mixed"]["rule"]["nodes"]
    edited = edit(site, "mixed", rule=rule(orphan, {**login, "config": {"operator": "not_exists"}}))
    assert (edited.status, edited.data["state"], edited.data["rule_version"]) == (200, "unevaluable", 2)
    assert edited.data["rule"]["nodes"][0] == orphan
    changed = {**orphan, "config": {"operator": "in", "topics": ["offers"]}}
    refused = edit(site, "mixed", rule=rule(changed, login))
    assert refused.status == 400
    assert [found["code"] for found in refused.data["violations"]] == ["unknown_type"]
    freed = edit(site, "either", rule=rule(groups(site)["either"]["rule"]["nodes"][1]))
    assert (freed.status, freed.data["state"], freed.data["member_count"]) == (200, "fresh", 3)
    assert members(site) == {
        "either": ["ann", "bob", "dan"],
        "mixed": ["ann", "bob"],
        "others": ["ann", "bob", "dan"],
        "readers of news": ["ann", "cat"],
    }

    # ---- Its tables are still there; they keep nobody from being deleted.
    site.shell(DELETE_ANN)
    assert members(site)["others"] == ["bob", "dan"]

    # ---- Back again: everything heals.
    site.install()
    site.manage("migrate", "sample_criteria", "--verbosity", "0")
    site.shell(DAN_READS_NEWS)
    assert states(site) == {"either": "fresh", "mixed": "stale", "others": "fresh", "readers of news": "stale"}
    assert criterion_type(site, "newsletter")["availability"]["status"] == "available"
    assert refresh(site, "mixed", "readers of news") == ["succeeded", "succeeded"]
    assert states(site) == dict.fromkeys(["either", "mixed", "others", "readers of news"], "fresh")
    assert members(site) == {
        "either": ["bob", "dan"],
        "mixed": ["cat"],
        "others": ["bob", "dan"],
        "readers of news": ["cat", "dan"],
    }


def test_a_plugin_whose_tables_were_dropped_heals_from_what_the_groups_remember(site):
    install_and_use(site)
    without_it = {"either": "unevaluable", "mixed": "unevaluable", "others": "fresh", "readers": "unevaluable"}
    site.manage("migrate", "sample_criteria", "zero", "--verbosity", "0")
    assert states(site) == without_it  # Installed, but its table is gone.
    site.uninstall()
    assert states(site) == without_it
    assert members(site) == FIRST

    # The criteria come back with their tables; the subscriptions went with theirs and are given anew.
    site.install()
    site.manage("migrate", "sample_criteria", "--verbosity", "0")
    site.shell(DAN_READS_NEWS)
    assert states(site) == dict.fromkeys(RULES, "fresh")  # No refresh was missed.
    assert groups(site)["mixed"]["rule"]["nodes"][0]["config"] == {"operator": "in", "topics": ["news", "events"]}
    assert members(site) == FIRST
    assert refresh(site, "either", "mixed", "readers") == ["succeeded"] * 3
    assert members(site) == {"either": ["ann", "bob", "dan"], "mixed": [], "others": ["ann", "bob"], "readers": ["dan"]}

    # A criterion that healed can be edited, which gives it a row in the new table.
    node = groups(site)["readers"]["rule"]["nodes"][0]
    saved = edit(site, "readers", rule=rule({**node, "config": {"operator": "not_in", "topics": ["news"]}}))
    assert (saved.status, saved.data["state"], saved.data["member_count"]) == (200, "fresh", 3)
    assert saved.data["rule"]["nodes"][0]["id"] == node["id"]
    rows = site.shell("from sample_criteria.models import Newsletter; print(Newsletter.objects.get().topics)")
    assert rows.strip() == "['news']"


def test_the_samples_own_tests_pass_where_it_is_installed(site):
    """As its author runs them: without the sandbox, on a site of a few lines."""
    promised = [name for name in dir(CriterionTypeContract) if name.startswith("test_")]
    site.install()
    said = site.run("-m", "django", "test", "--settings", "tests.settings", cwd=site.folder / "sources")
    assert said.startswith(f"Found {len(promised)} test(s).")
