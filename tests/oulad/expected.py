"""What the rules must match in the OULAD data, worked out from the CSV files alone, with none of the project's code."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Student:
    """One active learner of one presentation on the day. Days are counted back from it; ``None`` is missing."""

    grade: float = 0.0  # percent; no row counts as 0
    graded: bool = False
    country: str = "GB"
    gender: str = ""
    education: str = ""
    year_of_birth: int = 0
    mode: str = "verified"
    enrolled_days_ago: int = 0
    login_days_ago: int | None = None
    activity_days_ago: int | None = None
    progress: float | None = None  # percent
    blocks: set[str] = field(default_factory=set)


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """The records of a file."""
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def number(text: str) -> int | None:
    """A whole number, or ``None`` for either way to write "no value"."""
    return None if text in ("", "?") else int(float(text))


EDUCATION = {
    "No Formal quals": "none",
    "Lower Than A Level": "jhs",
    "A Level or Equivalent": "hs",
    "HE Qualification": "b",
    "Post Graduate Qualification": "m",
}
BORN = {"0-35": 1990, "35-55": 1970, "55<=": 1950}


def students_on(folder: Path, day: int) -> dict[str, dict[str, Student]]:
    """The active learners on ``day``, by course key and user name."""
    assessments = {row["id_assessment"]: row for row in rows(folder, "assessments")}
    submitted: dict[tuple[str, str], dict[str, tuple[int, float]]] = defaultdict(dict)
    last_login: dict[str, int] = {}
    for row in rows(folder, "studentAssessment"):
        on = number(row["date_submitted"])
        if on is None or on > day:
            continue
        assessment = assessments[row["id_assessment"]]
        course = f"{assessment['code_module']}+{assessment['code_presentation']}"
        submitted[course, row["id_student"]][row["id_assessment"]] = (on, number(row["score"]) or 0)
        last_login[row["id_student"]] = max(on, last_login.get(row["id_student"], -10_000))
    due: dict[str, dict[str, float]] = defaultdict(dict)
    for key, row in assessments.items():
        on = number(row["date"])
        if row["assessment_type"] != "Exam" and on is not None and on <= day and float(row["weight"]) > 0:
            due[f"{row['code_module']}+{row['code_presentation']}"][key] = float(row["weight"])
    registrations = {
        (f"{row['code_module']}+{row['code_presentation']}", row["id_student"]): row
        for row in rows(folder, "studentRegistration")
    }
    people: dict[str, dict[str, str]] = {}
    attempts: dict[tuple[str, str], bool] = {}
    for row in rows(folder, "studentInfo"):
        course = f"{row['code_module']}+{row['code_presentation']}"
        registered = number(registrations[course, row["id_student"]]["date_registration"]) or 0
        if registered <= day:
            people[row["id_student"]] = row
            attempts[course, row["id_student"]] = row["num_of_prev_attempts"] == "0"
    found: dict[str, dict[str, Student]] = defaultdict(dict)
    for (course, who), first in attempts.items():
        left = number(registrations[course, who]["date_unregistration"])
        if left is not None and left <= day:
            continue
        person, work = people[who], submitted.get((course, who), {})
        weights = due[course]
        done = {key: score for key, (_on, score) in work.items() if key in weights}
        student = Student(
            country="IE" if person["region"] == "Ireland" else "GB",
            gender=person["gender"].lower(),
            education=EDUCATION[person["highest_education"]],
            year_of_birth=BORN[person["age_band"]],
            mode="verified" if first else "audit",
            enrolled_days_ago=day - (number(registrations[course, who]["date_registration"]) or 0),
            blocks={f"block-v1:OULAD+{course}+type@problem+block@a{key}" for key in work},
        )
        if who in last_login:
            student.login_days_ago = day - last_login[who]
        if work:
            student.activity_days_ago = day - max(on for on, _score in work.values())
        if done:
            student.graded = True
            student.grade = sum(weights[key] * score / 100 for key, score in done.items()) / sum(weights.values())
        if weights:
            student.progress = len(done) / len(weights)
        found[f"course-v1:OULAD+{course}"][f"oulad_{who}"] = student
    return found
