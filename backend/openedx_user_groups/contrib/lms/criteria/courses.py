"""The courses that staff can choose from, for the types about other courses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

from openedx_user_groups.criteria_api import Choice, ChoiceSource, Course, Scope

#: A text that reaches from the name of a course into its key, as in the label: "Biology (course-v1:…".
_LABEL = re.compile(r"(?P<name>.*) \((?P<key>.*?)\)?")


class CourseChoices(ChoiceSource):
    """Every course that has an overview. Their number is that of the site's, so the client searches.

    Labels are put together here and not in SQL: MySQL refuses to join texts of columns whose collations differ.
    """

    remote = True

    def search(self, scope: Scope, text: str, limit: int, offset: int = 0) -> list[Choice]:
        rows = self._containing(text).order_by("display_name", "id")
        return [self._choice(course) for course in rows[offset : offset + limit]]

    def count(self, scope: Scope, text: str) -> int:
        return int(self._containing(text).count())

    def resolve(self, scope: Scope, values: Collection[str]) -> list[Choice]:
        wanted = set(_course_keys(values))
        found = [self._choice(course) for course in Course.objects.filter(id__in=wanted)]
        return [choice for choice in found if choice.value in values]  # Collations may find more.

    @staticmethod
    def _containing(text: str) -> Any:
        rows = Course.objects.annotate(key=Cast("id", CharField(max_length=255)))
        if not text:
            return rows
        found = Q(display_name__icontains=text) | Q(key__icontains=text)
        if label := _LABEL.fullmatch(text):  # What stands between name and key, from either side.
            found |= Q(display_name__iendswith=label["name"], key__istartswith=label["key"])
        return rows.filter(found)

    @staticmethod
    def _choice(course: Any) -> Choice:
        # Runs of a course share its name; the key tells them apart.
        key = str(course.id)
        return Choice(key, f"{course.display_name} ({key})" if course.display_name else key)


def _course_keys(values: Collection[str]) -> Iterator[CourseKey]:
    for value in values:
        try:
            yield CourseKey.from_string(value)
        except InvalidKeyError:
            continue  # What is no key is no course.
