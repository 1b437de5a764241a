"""Reads the dataset's CSV files, gzipped or not, into typed rows. What the rows mean is decided in `world`."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Both stand for "no value" in the published files.
NO_VALUE = frozenset({"", "?"})

FILES = ("courses", "assessments", "studentInfo", "studentRegistration", "studentAssessment")


class Presentation(NamedTuple):
    """One run of a module: what becomes a course."""

    module: str
    run: str


class CourseRow(NamedTuple):
    """A presentation and its length in days."""

    presentation: Presentation
    length: int


class AssessmentRow(NamedTuple):
    """An assessment of a presentation; `day` is its deadline."""

    presentation: Presentation
    assessment: str
    kind: str
    day: int | None
    weight: float


class StudentRow(NamedTuple):
    """A student in a presentation, with what the student said about themselves."""

    presentation: Presentation
    student: str
    gender: str
    region: str
    education: str
    age_band: str
    previous_attempts: int


class RegistrationRow(NamedTuple):
    """The days on which a student registered for a presentation and left it."""

    presentation: Presentation
    student: str
    registered: int | None
    unregistered: int | None


class SubmissionRow(NamedTuple):
    """A student's submission of an assessment."""

    assessment: str
    student: str
    day: int
    score: float


class OuladFiles:
    """The folder with the dataset's files."""

    def __init__(self, folder: Path) -> None:
        """Find every file needed, or raise FileNotFoundError naming the ones that are missing."""
        found = {name: self._find(folder, name) for name in FILES}
        missing = [f"{name}.csv(.gz)" for name, path in found.items() if path is None]
        if missing:
            raise FileNotFoundError(f"Not in {folder}: {', '.join(missing)}")
        self.paths = {name: path for name, path in found.items() if path is not None}

    @staticmethod
    def _find(folder: Path, name: str) -> Path | None:
        candidates = (folder / f"{name}.csv.gz", folder / f"{name}.csv")
        return next((path for path in candidates if path.is_file()), None)

    def _records(self, name: str) -> Iterator[dict[str, str]]:
        path = self.paths[name]
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8", newline="") as stream:
            yield from csv.DictReader(stream)

    def courses(self) -> Iterator[CourseRow]:
        """Yield the presentations in file order."""
        for record in self._records("courses"):
            yield CourseRow(_presentation(record), int(record["module_presentation_length"]))

    def assessments(self) -> Iterator[AssessmentRow]:
        """Yield the assessments in file order."""
        for record in self._records("assessments"):
            yield AssessmentRow(
                presentation=_presentation(record),
                assessment=record["id_assessment"],
                kind=record["assessment_type"],
                day=_number(record["date"]),
                weight=float(record["weight"]),
            )

    def students(self) -> Iterator[StudentRow]:
        """Yield the students of each presentation in file order."""
        for record in self._records("studentInfo"):
            yield StudentRow(
                presentation=_presentation(record),
                student=record["id_student"],
                gender=record["gender"],
                region=record["region"],
                education=record["highest_education"],
                age_band=record["age_band"],
                previous_attempts=int(record["num_of_prev_attempts"]),
            )

    def registrations(self) -> Iterator[RegistrationRow]:
        """Yield the registrations in file order."""
        for record in self._records("studentRegistration"):
            yield RegistrationRow(
                presentation=_presentation(record),
                student=record["id_student"],
                registered=_number(record["date_registration"]),
                unregistered=_number(record["date_unregistration"]),
            )

    def submissions(self) -> Iterator[SubmissionRow]:
        """Yield the submissions in file order; a missing score counts 0."""
        for record in self._records("studentAssessment"):
            score = record["score"]
            yield SubmissionRow(
                assessment=record["id_assessment"],
                student=record["id_student"],
                day=int(record["date_submitted"]),
                score=0.0 if score in NO_VALUE else float(score),
            )


def _presentation(record: dict[str, str]) -> Presentation:
    return Presentation(record["code_module"], record["code_presentation"])


def _number(text: str) -> int | None:
    return None if text in NO_VALUE else int(text)
