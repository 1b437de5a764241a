"""Where Django looks for models: importing a criterion type is installing it."""

from .criteria.account_age import AccountAge
from .criteria.certificate import Certificate
from .criteria.cohort import Cohort
from .criteria.completed_block import CompletedBlock
from .criteria.country import Country
from .criteria.course_completion import CourseCompletion
from .criteria.course_enrollment import CourseEnrollment
from .criteria.course_grade import CourseGrade
from .criteria.course_passed import CoursePassed
from .criteria.course_progress import CourseProgressCriterion
from .criteria.course_role import CourseRole
from .criteria.email_domain import EmailDomain
from .criteria.enrollment_date import EnrollmentDate
from .criteria.enrollment_track import EnrollmentTrack
from .criteria.gender import Gender
from .criteria.language import Language
from .criteria.last_course_activity import LastCourseActivity
from .criteria.last_login import LastLogin
from .criteria.learner_list import LearnerList
from .criteria.level_of_education import LevelOfEducation
from .criteria.spoken_language import SpokenLanguage
from .criteria.subsection_grade import SubsectionGrade
from .criteria.team import Team
from .criteria.year_of_birth import YearOfBirth
from .progress import CourseProgress

__all__ = [
    "AccountAge",
    "Certificate",
    "Cohort",
    "CompletedBlock",
    "Country",
    "CourseCompletion",
    "CourseEnrollment",
    "CourseGrade",
    "CoursePassed",
    "CourseProgress",
    "CourseProgressCriterion",
    "CourseRole",
    "EmailDomain",
    "EnrollmentDate",
    "EnrollmentTrack",
    "Gender",
    "Language",
    "LastCourseActivity",
    "LastLogin",
    "LearnerList",
    "LevelOfEducation",
    "SpokenLanguage",
    "SubsectionGrade",
    "Team",
    "YearOfBirth",
]
