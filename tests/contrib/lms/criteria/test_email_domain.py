"""E-mail domains: exact, below, in any case."""

from __future__ import annotations

import pytest

from tests.contrib.lms.world import INSTANCE, members, parse, refused

ADDRESSES = {
    "plain": "plain@example.org",
    "shouting": "Shouting@EXAMPLE.Org",
    "below": "below@mail.example.org",
    "lookalike": "lookalike@notexample.org",
    "decoy": "decoy@example.org.evil.net",
    "in_name": "example.org@other.net",
    "no_address": "",
    "no_at": "example.org",
}


@pytest.fixture
def addresses(world):
    for name, email in ADDRESSES.items():
        world.learner(name, email=email)
    return world


def test_exactly_the_domain(addresses):
    assert members("email_domain", operator="in", domains=["example.org"]) == {"plain", "shouting"}
    assert members("email_domain", operator="in", domains=["EXAMPLE.org", "other.net"]) == {
        "plain",
        "shouting",
        "in_name",
    }


def test_below_the_domain(addresses):
    expected = {"plain", "shouting", "below"}
    assert members("email_domain", operator="in", domains=["example.org"], subdomains=True) == expected
    assert members("email_domain", operator="not_in", domains=["example.org"], subdomains=True) == (
        ADDRESSES.keys() - expected
    )


def test_other_scopes(addresses):
    addresses.account("outside", email="a@example.org")
    assert members("email_domain", INSTANCE, operator="in", domains=["example.org"]) == {
        "plain",
        "shouting",
        "outside",
    }


def test_domains_are_kept_once_and_in_lower_case(db):
    criterion = parse("email_domain", {"operator": "in", "domains": ["Example.ORG", "example.org", "b.net"]})
    assert criterion.config == {"operator": "in", "domains": ["example.org", "b.net"]}


@pytest.mark.parametrize(
    "domain",
    ["@example.org", "example", "example..org", "-a.org", "a_b.org", "exämple.org", "a.org.", "*.org", "a b.org"],
)
def test_what_is_no_domain_is_refused(db, domain):
    assert refused("email_domain", {"operator": "in", "domains": [domain]}) == [("/domains", "invalid_item")]


def test_other_mistakes(db):
    assert refused("email_domain", {"operator": "in", "domains": []}) == [("/domains", "empty_list")]
    assert refused("email_domain", {"operator": "exists"}) == [("/operator", "unknown_operator")]
    assert refused("email_domain", {"operator": "in", "domains": ["a.org"], "subdomains": "yes"}) == [
        ("/subdomains", "wrong_type")
    ]
