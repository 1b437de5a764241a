"""The main job on real learners, through HTTP as course staff: who that is, before and after saving, in all courses."""

from __future__ import annotations

from rest_framework.test import APIClient

from .questions import API, BBB, QUESTIONS, criterion, post, staff_of, within


def names_of(client: APIClient, path: str) -> set[str]:
    """All members, page by page."""
    names: set[str] = set()
    url = f"{API}/{path}?page_size=100"
    while url:
        page = client.get(url).json()
        names |= {row["username"] for row in page["results"]}
        url = page["next"]
    return names


def test_the_example_of_the_readme(oulad, expected):
    client = staff_of(BBB)
    nodes = [criterion(QUESTIONS[0]), criterion(QUESTIONS[6])]
    track = {"operator": "not_in", "modes": ["audit"]}
    nodes.append({"kind": "criterion", "type": "enrollment_track", "config": track})
    body = {"scope": {"type": "course", "key": BBB}, "rule": {"combine": "all", "nodes": nodes}}
    preview = post(client, "previews/", body)
    assert preview["count"] == {"value": 179, "exactness": "exact", "universe": 1690}
    assert [node["count"] for node in preview["nodes"]] == [179, 1508, 337, 1445]
    group = post(client, "user_groups/", body | {"name": "Idle and behind"})
    assert (group["member_count"], group["state"]) == (179, "fresh")
    wanted = {
        name
        for name, student in expected[BBB].items()
        if within(student.login_days_ago, lambda d: d > 10) and student.grade < 0.4 and student.mode != "audit"
    }
    assert names_of(client, f"user_groups/{group['uuid']}/members/") == wanted


def test_the_numbers_of_one_course(oulad):
    client = staff_of(BBB)
    numbers = {0: 1508, 6: 337, 13: 127, 18: 245, 5: 98}
    for index, count in numbers.items():
        rule = {"combine": "all", "nodes": [criterion(QUESTIONS[index])]}
        body = {"scope": {"type": "course", "key": BBB}, "rule": rule}
        assert post(client, "previews/", body)["count"]["value"] == count, QUESTIONS[index][:2]


def test_every_question_in_every_course(oulad, expected, settings):
    """One preview a course asks every question at once: the count of each node is compared."""
    settings.OPENEDX_USER_GROUPS_MAX_CRITERIA = len(QUESTIONS)
    assert len(expected) == 22
    for course, students in sorted(expected.items()):
        rule = {"combine": "any", "nodes": [criterion(question) for question in QUESTIONS]}
        body = {"scope": {"type": "course", "key": course}, "rule": rule, "sample_size": 0}
        preview = post(staff_of(course), "previews/", body)
        assert preview["count"]["universe"] == len(students)
        wanted = [sum(test(student) for student in students.values()) for _type, _config, test in QUESTIONS]
        assert [node["count"] for node in preview["nodes"][1:]] == wanted, course


def test_staff_of_another_course_are_refused(oulad):
    body = {"scope": {"type": "course", "key": BBB}, "rule": {"combine": "all", "nodes": [criterion(QUESTIONS[0])]}}
    answer = staff_of("course-v1:OULAD+AAA+2013J").post(f"{API}/previews/", body, format="json")
    assert answer.status_code == 403
