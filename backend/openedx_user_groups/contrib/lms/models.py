"""Where Django looks for models: importing a criterion type is installing it."""

from .criteria.country import Country
from .criteria.course_grade import CourseGrade
from .criteria.last_login import LastLogin
from .progress import CourseProgress

__all__ = ["Country", "CourseGrade", "CourseProgress", "LastLogin"]
