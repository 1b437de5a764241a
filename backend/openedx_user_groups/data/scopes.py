"""The places that user groups belong to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey


class ScopeType(models.TextChoices):
    """How far a group reaches."""

    COURSE = "course", _("Course")
    ORGANIZATION = "organization", _("Organization")
    INSTANCE = "instance", _("Whole site")


@dataclass(frozen=True)
class Scope:
    """The place a group belongs to: one course, one organization or the whole instance.

    ``key`` is the course key, the organization's short name, or ``""`` for the instance.
    """

    type: ScopeType
    key: str = ""

    @classmethod
    def parse(cls, scope_type: str, key: str = "") -> Scope:
        """Build a scope from text. Raises ``ValueError`` with the name of the bad part: ``"type"`` or ``"key"``."""
        if scope_type not in ScopeType.values:
            raise ValueError("type")
        scope_type = ScopeType(scope_type)
        if scope_type == ScopeType.COURSE:
            key = _course_run(key)
        elif (scope_type == ScopeType.INSTANCE) == bool(key):
            raise ValueError("key")
        if len(key) > 255 or not key.isprintable():
            raise ValueError("key")
        return cls(scope_type, key)

    @classmethod
    def course(cls, key: str | CourseKey) -> Scope:
        """The scope of one course."""
        return cls.parse(ScopeType.COURSE, str(key))

    @property
    def course_key(self) -> CourseKey:
        """The parsed course key. Raises ``ValueError`` for other scopes."""
        if self.type != ScopeType.COURSE:
            raise ValueError(f"A {self.type} scope has no course key.")
        return CourseKey.from_string(self.key)

    def __str__(self) -> str:
        return f"{self.type}:{self.key}" if self.key else str(self.type)


def _course_run(text: str) -> str:
    """The key of one course run; not of a library, nor of a branch or version of a course, which have no learners."""
    try:
        key = CourseKey.from_string(text)
    except InvalidKeyError:
        raise ValueError("key") from None
    if not key.is_course or getattr(key, "branch", None) or getattr(key, "version_guid", None):
        raise ValueError("key")
    return str(key)
