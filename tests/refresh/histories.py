"""Random histories: what learners and staff do to the platform's tables, one step after the other.

Each step writes as the platform does, so that the stand-ins send what the platform sends. What only a schedule brings
about (the settings of cohorts, computed progress, courses that change hands) does not happen here.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from django.contrib.auth.models import User
from openedx_events.learning.data import UserData, UserPersonalData
from openedx_events.learning.signals import SESSION_LOGIN_COMPLETED

from openedx_user_groups.criteria_api import Scope
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_groups.models import CohortMembership, CourseUserGroup
from sandbox.platform.grades.models import PersistentCourseGrade, PersistentSubsectionGrade
from sandbox.platform.student.models import CourseAccessRole, CourseEnrollment, LanguageProficiency, UserProfile
from sandbox.platform.teams.models import CourseTeam, CourseTeamMembership
from sandbox.platform.user_api.models import UserPreference
from tests.differential import worlds
from tests.differential.tables import RETIRED_PREFIX
from tests.differential.worlds import Scene


class History:
    """Does things to the learners of a scene that is stored."""

    def __init__(self, rng: Random, scene: Scene) -> None:
        self.rng, self.scene = rng, scene
        self.users = [user.id for user in scene.world.users]
        self._steps: list[Callable[[int], Any]] = [
            self.sign_in, self.change_account, self.change_profile, self.change_language, self.change_spoken,
            self.enroll, self.enroll, self.grade, self.grade_subsection, self.certify, self.complete, self.cohort,
            self.team, self.role,
        ]  # fmt: skip

    def step(self) -> None:
        """Do one thing to one learner."""
        self.rng.choice(self._steps)(self.rng.choice(self.users))

    def _course(self) -> Any:
        return Scope.course(self.rng.choice((worlds.MAIN, worlds.MAIN, *self.scene.world.courses))).course_key

    def _block(self, course: Any, kind: str, names: tuple[str, ...]) -> str:
        return worlds.block(str(course), kind, self.rng.choice(names))

    def sign_in(self, user: int) -> None:
        """The account's row is written without a signal of its own."""
        User.objects.filter(pk=user).update(last_login=self.scene.calendar.instant(self.rng))
        person = UserPersonalData(username=f"user {user}", email="", name="")
        SESSION_LOGIN_COMPLETED.send_event(user=UserData(id=user, is_active=True, pii=person))

    def change_account(self, user: int) -> None:
        """A new address; now and then an account is closed, opened again, or retired."""
        account = User.objects.get(pk=user)
        kind = self.rng.randrange(4)
        if kind == 0:
            account.is_active = not account.is_active
        elif kind == 1 and self.rng.random() < 0.3:
            account.username = f"{RETIRED_PREFIX}{user}"
        else:
            account.email = f"user{user}@{self.rng.choice(worlds.DOMAINS)}"
        account.save()

    def change_profile(self, user: int) -> None:
        """What learners say of themselves."""
        profile = UserProfile.objects.filter(user_id=user).first() or UserProfile(user_id=user)
        name, values = self.rng.choice(
            (
                ("country", worlds.COUNTRIES),
                ("gender", worlds.GENDERS),
                ("level_of_education", worlds.LEVELS),
                ("year_of_birth", (None, 1970, 1999, 2000, 2001)),
            )
        )
        setattr(profile, name, self.rng.choice(values))
        profile.save()

    def change_language(self, user: int) -> None:
        """The language of the site, or none."""
        preference = UserPreference.objects.filter(user_id=user, key="pref-lang").first()
        if preference and self.rng.random() < 0.3:
            preference.delete()
            return
        preference = preference or UserPreference(user_id=user, key="pref-lang")
        preference.value = self.rng.choice(worlds.LANGUAGES)
        preference.save()

    def change_spoken(self, user: int) -> None:
        """A language more, or one less."""
        profile = UserProfile.objects.filter(user_id=user).first()
        if profile is None:
            return
        code = self.rng.choice(("en", "es", "fr"))
        spoken = LanguageProficiency.objects.filter(user_profile=profile, code=code).first()
        if spoken:
            spoken.delete()
        else:
            LanguageProficiency.objects.create(user_profile=profile, code=code)

    def enroll(self, user: int) -> None:
        """Join, leave, come back or change the track."""
        course = self._course()
        row = CourseEnrollment.objects.filter(user_id=user, course_id=course).first()
        if row is None:
            CourseEnrollment.objects.create(user_id=user, course_id=course, mode=self.rng.choice(worlds.MODES))
            return
        if self.rng.random() < 0.6:
            row.is_active = not row.is_active
        else:
            row.mode = self.rng.choice(worlds.MODES)
        row.save()

    def grade(self, user: int) -> None:
        """A grade moves; once passed, always passed."""
        course = self._course()
        row = PersistentCourseGrade.objects.filter(user_id=user, course_id=course).first()
        row = row or PersistentCourseGrade(user_id=user, course_id=course)
        row.percent_grade = worlds.stored_share(self.rng)
        if self.rng.random() < 0.3:
            row.passed_timestamp = row.passed_timestamp or self.scene.calendar.as_of
        row.save()

    def grade_subsection(self, user: int) -> None:
        """Points in a subsection."""
        course = self._course()
        key = {"user_id": user, "course_id": course, "usage_key": self._block(course, "sequential", ("s1", "s2"))}
        row = PersistentSubsectionGrade.objects.filter(**key).first()
        row = row or PersistentSubsectionGrade(
            **key, earned_graded=0.0, possible_graded=0.0, earned_all=1.0, possible_all=2.0, visible_blocks_id="none"
        )
        row.earned_graded, row.possible_graded = self.rng.choice(((0.0, 0.0), (3.0, 7.0), (4.0, 10.0), (10.0, 10.0)))
        row.save()

    def certify(self, user: int) -> None:
        """A certificate, in whatever state."""
        course = self._course()
        row = GeneratedCertificate.objects.filter(user_id=user, course_id=course).first()
        row = row or GeneratedCertificate(user_id=user, course_id=course)
        row.status = self.rng.choice(worlds.STATUSES)
        row.save()

    def complete(self, user: int) -> None:
        """Complete a block, or take it back."""
        course = self._course()
        key = {"user_id": user, "context_key": course, "block_key": self._block(course, "problem", ("b1", "b2", "b3"))}
        row = BlockCompletion.objects.filter(**key).first() or BlockCompletion(**key, block_type="problem")
        row.completion = self.rng.choice((0.0, 1.0))
        row.save()

    def cohort(self, user: int) -> None:
        """Into a cohort, into another one, or out of it."""
        cohort = self.rng.choice(list(CourseUserGroup.objects.order_by("pk")))
        row = CohortMembership.objects.filter(user_id=user, course_id=cohort.course_id).first()
        if row and self.rng.random() < 0.4:
            row.delete()
            return
        row = row or CohortMembership(user_id=user, course_id=cohort.course_id)
        row.course_user_group = cohort
        row.save()

    def team(self, user: int) -> None:
        """Into a team, or out of it."""
        team = self.rng.choice(list(CourseTeam.objects.order_by("pk")))
        row = CourseTeamMembership.objects.filter(user_id=user, team=team).first()
        if row:
            row.delete()
        else:
            CourseTeamMembership.objects.create(user_id=user, team=team, last_activity_at=self.scene.calendar.as_of)

    def role(self, user: int) -> None:
        """A role in a course or in its organization: given, or taken."""
        course = self._course()
        place = self.rng.choice((course, ""))
        org = self.scene.world.courses[str(course)]
        key = {"user_id": user, "org": org, "role": self.rng.choice(("staff", "instructor"))}
        rows = CourseAccessRole.objects.filter(user_id=user, org=org, role=key["role"])
        if not rows:
            CourseAccessRole.objects.create(**key, **({"course_id": place} if place else {}))
        for row in rows[:1]:
            row.delete()
