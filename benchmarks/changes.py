"""Changing learners for real, and taking it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User

from sandbox.platform.student.models import CourseEnrollment

from .world import instant

_BATCH = 1_000


class _Logins:
    """Accounts with another last login for a while."""

    def __init__(self, ids: list[int]) -> None:
        found = User.objects.only("last_login").in_bulk(ids)
        self._before = {pk: user.last_login for pk, user in found.items()}
        self._users = list(found.values())

    def __len__(self) -> int:
        return len(self._users)

    def make(self) -> None:
        """Change the learners."""
        for user in self._users:
            user.last_login = self._instead_of(self._before[user.pk])
        self._save()

    def undo(self) -> None:
        """Change them back."""
        for user in self._users:
            user.last_login = self._before[user.pk]
        self._save()

    def _instead_of(self, before: datetime | None) -> datetime:
        raise NotImplementedError

    def _save(self) -> None:
        User.objects.bulk_update(self._users, ["last_login"], batch_size=_BATCH)


class Movement(_Logins):
    """Every hundredth learner of a course: who was here lately has not been for 30 days, anybody else was just here."""

    def __init__(self, course_key: str) -> None:
        enrolled = CourseEnrollment.objects.filter(course_id=course_key, is_active=True)
        super().__init__(list(enrolled.order_by("user_id").values_list("user_id", flat=True))[::100])

    def _instead_of(self, before: datetime | None) -> datetime:
        recently, lately, long_ago = (instant() - timedelta(hours=hours) for hours in (1, 10 * 24, 30 * 24))
        return long_ago if before is not None and before >= lately else recently


class Departure(_Logins):
    """These learners were just here."""

    def _instead_of(self, before: datetime | None) -> datetime:
        return instant() - timedelta(hours=1)
