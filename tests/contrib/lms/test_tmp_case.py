"""tmp"""
from tests.contrib.lms.world import *
import pytest
def test_one(world):
    up = world.learner("up"); world.complete(up, "A")
    low = world.learner("low"); world.complete(low, "a")
    assert members("completed_block", operator="exists", blocks=[block_key("a")]) == {"low"}
def test_all(world):
    if __import__("django").db.connection.vendor != "postgresql": pytest.skip("unique ci")
    both = world.learner("both"); world.complete(both, "A"); world.complete(both, "a")
    assert members("completed_block", operator="exists", blocks=[block_key("a"), block_key("A")]) == {"both"}
def test_courses(world):
    u = world.learner("u"); world.enroll(u, FOREIGN_KEY.replace("OrgY","orgy"))
    assert members("course_enrollment", operator="in", courses=[FOREIGN_KEY]) == set()
def test_email_nonascii(world):
    world.learner("k", email="k@\u212Aexample.org")
    assert members("email_domain", operator="in", domains=["kexample.org"]) == set()
def test_email_underscore_percent(world):
    world.learner("k", email="k@exampleXorg")
    world.learner("space", email="k@example.org ")
    assert members("email_domain", operator="in", domains=["example.org"]) == set()
