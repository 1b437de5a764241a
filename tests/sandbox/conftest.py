"""Where the tests of the sandbox find OULAD: the real data, if this machine has it, and a small invented copy."""

from __future__ import annotations

import csv
import gzip
import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def oulad_path() -> Path:
    """The folder with the published files; tests that need it are skipped where it is missing."""
    path = Path(os.environ.get("OULAD_PATH") or REPOSITORY.parent / "shared" / "data" / "oulad")
    if not path.is_dir():
        pytest.skip(f"The OULAD files are not at {path}; OULAD_PATH names another place.")
    return path


class SmallDataset:
    """A dataset of two presentations and four students, on which every rule of the loader can be worked out by hand."""

    courses = (
        "code_module,code_presentation,module_presentation_length",
        "AAA,2013J,200",
        "BBB,2014B,240",
    )
    assessments = (
        "code_module,code_presentation,id_assessment,assessment_type,date,weight",
        "AAA,2013J,1,TMA,20,12.5",
        "AAA,2013J,2,CMA,50,37.5",
        "AAA,2013J,3,CMA,10,0",
        "AAA,2013J,4,Exam,30,100",
        "AAA,2013J,5,TMA,,50",
        "BBB,2014B,6,TMA,150,100",
    )
    studentInfo = (
        "code_module,code_presentation,id_student,gender,region,highest_education,imd_band,age_band,"
        "num_of_prev_attempts,studied_credits,disability,final_result",
        "AAA,2013J,11,M,Ireland,HE Qualification,?,0-35,0,60,N,Pass",
        "AAA,2013J,12,F,Scotland,No Formal quals,?,55<=,2,60,N,Withdrawn",
        "AAA,2013J,13,F,Wales,Post Graduate Qualification,?,35-55,0,60,N,Pass",
        "BBB,2014B,11,M,London Region,A Level or Equivalent,?,35-55,1,60,N,Fail",
        "BBB,2014B,14,F,South Region,Lower Than A Level,?,0-35,0,60,N,Pass",
    )
    studentRegistration = (
        "code_module,code_presentation,id_student,date_registration,date_unregistration",
        "AAA,2013J,11,-30,",
        "AAA,2013J,12,-5,40",
        "AAA,2013J,13,,",
        "BBB,2014B,11,-60,",
        "BBB,2014B,14,90,",
    )
    studentAssessment = (
        "id_assessment,id_student,date_submitted,is_banked,score",
        "1,11,18,0,80",
        "2,11,55,0,40",
        "3,11,60,0,100",
        "1,12,20,0,?",
        "4,13,30,0,90",
        "6,11,149,0,70",
    )

    def write(self, folder: Path) -> None:
        """Write the files as published: gzipped, and some with quoted fields."""
        for name in ("courses", "assessments", "studentInfo", "studentRegistration", "studentAssessment"):
            quoting = csv.QUOTE_MINIMAL if name == "studentAssessment" else csv.QUOTE_ALL
            with gzip.open(folder / f"{name}.csv.gz", "wt", encoding="utf-8", newline="") as stream:
                csv.writer(stream, quoting=quoting).writerows(line.split(",") for line in getattr(self, name))


@pytest.fixture
def small_oulad(tmp_path: Path) -> Path:
    """The folder with the small dataset."""
    SmallDataset().write(tmp_path)
    return tmp_path
