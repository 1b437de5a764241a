"""Every shipped criterion type keeps the contract that plugins are held to; no installed type is left out.

One class a type. What several types share (instants, percentages, codes) is a table of examples, given once.
"""

from __future__ import annotations

from datetime import timedelta

from django.test import TestCase
from opaque_keys.edx.keys import CourseKey, UsageKey

from openedx_user_groups.contrib.lms import models as types
from openedx_user_groups.criteria import registry
from openedx_user_groups.data import Scope, ScopeType
from openedx_user_groups.groups.platform import Enrollment
from openedx_user_groups.testing.contract import WITHOUT_VALUE, CriterionTypeContract, Example
from openedx_user_groups.testing.factories import COURSE, EnrollmentFactory
from sandbox.platform.certificates.models import GeneratedCertificate
from sandbox.platform.completion.models import BlockCompletion
from sandbox.platform.course_groups.models import CohortMembership, CourseCohortsSettings, CourseUserGroup
from sandbox.platform.course_modes.models import CourseMode
from sandbox.platform.course_overviews.models import CourseOverview
from sandbox.platform.grades.models import PersistentCourseGrade, PersistentSubsectionGrade, VisibleBlocks
from sandbox.platform.student.models import CourseAccessRole, LanguageProficiency, UserProfile
from sandbox.platform.teams.models import CourseTeam, CourseTeamMembership
from sandbox.platform.user_api.models import UserPreference

KEY = COURSE.course_key
ORGANIZATION = Scope(ScopeType.ORGANIZATION, KEY.org)
INSTANCE = Scope(ScopeType.INSTANCE)
OTHER_COURSES = ("course-v1:Other+A+1", "course-v1:Other+B+1")


def on(operator: str, matches: str, **values) -> Example:
    """An example; ``matches`` lists names of learners, separated by commas."""
    return Example({"operator": operator, **values}, {name.strip() for name in matches.split(",") if name.strip()})


class InOrganization:
    """The same type in an organization: its learners are those of its courses."""

    scope = ORGANIZATION

    def prepare(self):
        super().prepare()
        CourseOverview.objects.create(id=KEY, org=KEY.org)

    def join(self, learner, inside):
        EnrollmentFactory(user=learner, course=KEY, is_active=inside)


# ---- Instants --------------------------------------------------------------------------------------------------------
NOW = CriterionTypeContract.as_of
NOON, MIDNIGHT = NOW - timedelta(days=10), NOW - timedelta(days=10, hours=12)


class InstantContract(CriterionTypeContract):
    """Days ago, and calendar dates, at and around the limits: 10 days before noon of 15 January is noon of the 5th."""

    learners = {
        "5 days": NOW - timedelta(days=5),
        "10 days": NOON,
        "midnight": MIDNIGHT,
        "20 days": NOW - timedelta(days=20),
        "tomorrow": NOW + timedelta(days=1),
    }
    examples = (
        on(">", "midnight, 20 days", days=10),
        on(">", "20 days", days=15),
        on(">=", "10 days, midnight, 20 days", days=10),
        on("<", "5 days", days=10),
        on("<=", "5 days, 10 days", days=10),
        on("=", "10 days, midnight", days=10),
        on("between", "5 days, 10 days", days={"from": 5, "to": 10}),
        on(">", "5 days, tomorrow", date="2026-01-05"),
        on(">", "tomorrow", date="2026-01-10"),
        on(">=", "5 days, 10 days, midnight, tomorrow", date="2026-01-05"),
        on("<", "20 days", date="2026-01-05"),
        on("<=", "20 days, 10 days, midnight", date="2026-01-05"),
        on("=", "10 days, midnight", date="2026-01-05"),
        on("between", "5 days, 10 days, midnight", date={"from": "2026-01-05", "to": "2026-01-10"}),
    )


class ActivityContract(InstantContract):
    """Instants that some learners do not have. An instant in the future has no days ago, so it is missing for those."""

    examples = (
        *InstantContract.examples,
        on("exists", "5 days, 10 days, midnight, 20 days, tomorrow"),
        on(">", f"midnight, 20 days, tomorrow, {WITHOUT_VALUE}", days=10, include_never=True),
        on(">", f"5 days, tomorrow, {WITHOUT_VALUE}", date="2026-01-05", include_never=True),
    )


class TestLastLogin(ActivityContract, TestCase):
    criterion_class = types.LastLogin

    def give(self, learner, value):
        learner.last_login = value
        learner.save()


class TestLastLoginOnTheWholeSite(TestLastLogin):
    scope = INSTANCE


class TestLastCourseActivity(ActivityContract, TestCase):
    criterion_class = types.LastCourseActivity

    def give(self, learner, value):
        for block, modified in (("b1", value), ("b2", value - timedelta(days=100))):
            complete(learner, block, modified=modified)


class TestAccountAge(InstantContract, TestCase):
    criterion_class = types.AccountAge
    has_missing = False

    def give(self, learner, value):
        learner.date_joined = value
        learner.save()


class TestEnrollmentDate(InstantContract, TestCase):
    criterion_class = types.EnrollmentDate

    def give(self, learner, value):
        Enrollment.objects.filter(user=learner).update(created=value)

    def give_nothing(self, learner):
        Enrollment.objects.filter(user=learner).update(created=None)


class TestEnrollmentDateInAnOrganization(InOrganization, TestEnrollmentDate):
    """The earliest of several enrollments counts, though the learner left that course."""

    def prepare(self):
        super().prepare()
        CourseOverview.objects.create(id=CourseKey.from_string(OTHER_COURSES[0]), org=KEY.org)

    def give(self, learner, value):
        super().give(learner, value + timedelta(days=300))
        EnrollmentFactory(user=learner, course=OTHER_COURSES[0], created=value, is_active=False)


# ---- Percentages -----------------------------------------------------------------------------------------------------
class PercentContract(CriterionTypeContract):
    """Fractions 0..1 in the table, percentages on the wire."""

    learners = {"none": 0.0, "below": 0.2, "at": 0.4, "above": 0.6, "all": 1.0}
    examples = (
        on("=", "at", percent=40),
        on("=", "all", percent=100),
        on("<", "none, below", percent=40),
        on("<=", "none, below, at", percent=40),
        on(">", "above, all", percent=40),
        on(">=", "at, above, all", percent=40.0),
        on(">=", "above, all", percent=40.01),
        on("between", "at, above", percent={"from": 40, "to": 60}),
        on("exists", "none, below, at, above, all"),
    )


class TestCourseGrade(PercentContract, TestCase):
    """No row counts as 0 in comparisons."""

    criterion_class = types.CourseGrade
    examples = (
        *(
            Example(example.config, {*example.matches, *([WITHOUT_VALUE] if example.operator in ("<", "<=") else [])})
            for example in PercentContract.examples
        ),
        on("=", f"none, {WITHOUT_VALUE}", percent=0),
    )

    def give(self, learner, value):
        PersistentCourseGrade.objects.create(user_id=learner.pk, course_id=KEY, percent_grade=value)


class TestCourseProgress(PercentContract, TestCase):
    criterion_class = types.CourseProgressCriterion

    def give(self, learner, value):
        types.CourseProgress.objects.create(user=learner, course_key=KEY, percent=value, as_of=NOW)


def subsection(block: str) -> str:
    return f"block-v1:{KEY.org}+{KEY.course}+{KEY.run}+type@sequential+block@{block}"


class TestSubsectionGrade(PercentContract, TestCase):
    criterion_class = types.SubsectionGrade
    learners = {
        **{name: ("exam", share) for name, share in PercentContract.learners.items()},
        "elsewhere": ("homework", 0.4),
    }
    examples = (
        *(
            Example({**example.config, "subsection": subsection("exam")}, example.matches)
            for example in PercentContract.examples
        ),
        on("=", "elsewhere", subsection=subsection("homework"), percent=40),
    )

    def prepare(self):
        self.blocks, _ = VisibleBlocks.objects.get_or_create(blocks_json="{}", hashed="h", course_id=KEY)

    def give(self, learner, value):
        block, share = value
        self._grade(learner, block, share * 5, 5.0)

    def give_nothing(self, learner):
        self._grade(learner, "exam", 0.0, 0.0)

    def _grade(self, learner, block, earned, possible):
        PersistentSubsectionGrade.objects.create(
            user_id=learner.pk,
            course_id=KEY,
            usage_key=UsageKey.from_string(subsection(block)),
            earned_all=9.0,
            possible_all=9.0,
            earned_graded=earned,
            possible_graded=possible,
            visible_blocks=self.blocks,
        )


# ---- Codes and keys --------------------------------------------------------------------------------------------------
def profile_of(learner) -> UserProfile:
    return UserProfile.objects.get_or_create(user=learner)[0]


class ProfileContract(CriterionTypeContract):
    """A code of the profile; empty text is no value, and neither is a missing profile."""

    column: str

    def give(self, learner, value):
        UserProfile.objects.create(user=learner, **{self.column: value})

    def give_nothing(self, learner):
        UserProfile.objects.create(user=learner, **{self.column: ""})


class TestCountry(ProfileContract, TestCase):
    criterion_class = types.Country
    column = "country"
    learners = {"Spain": "ES", "France": "FR", "Ireland": "IE"}
    examples = (
        on("in", "Spain", countries=["ES"]),
        on("in", "France, Ireland", countries=["IE", "FR"]),
        on("exists", "Spain, France, Ireland"),
    )


class TestCountryInAnOrganization(InOrganization, TestCountry):
    pass


class TestGender(ProfileContract, TestCase):
    criterion_class = types.Gender
    column = "gender"
    learners = {"she": "f", "he": "m", "they": "o"}
    examples = (
        on("in", "she", genders=["f"]),
        on("in", "he, they", genders=["m", "o"]),
        on("exists", "she, he, they"),
    )


class TestLevelOfEducation(ProfileContract, TestCase):
    criterion_class = types.LevelOfEducation
    column = "level_of_education"
    learners = {"doctor": "p", "bachelor": "b", "no school": "none"}
    examples = (
        on("in", "doctor", levels=["p"]),
        on("in", "bachelor, no school", levels=["b", "none"]),
        on("exists", "doctor, bachelor, no school"),
    )


class TestYearOfBirth(ProfileContract, TestCase):
    criterion_class = types.YearOfBirth
    column = "year_of_birth"
    learners = {"1989": 1989, "1990": 1990, "1991": 1991}
    examples = (
        on("=", "1990", year=1990),
        on("=", "1991", year=1991),
        on("<", "1989", year=1990),
        on("<=", "1989, 1990", year=1990),
        on(">", "1991", year=1990),
        on(">=", "1990, 1991", year=1990),
        on("between", "1989, 1990", year={"from": 1950, "to": 1990}),
        on("exists", "1989, 1990, 1991"),
    )

    def give_nothing(self, learner):
        UserProfile.objects.create(user=learner, year_of_birth=None)


class TestLanguage(CriterionTypeContract, TestCase):
    criterion_class = types.Language
    learners = {"English": "en", "Spanish": "es"}
    examples = (
        on("in", "English", languages=["en"]),
        on("in", "Spanish", languages=["es", "fr"]),
        on("exists", "English, Spanish"),
    )

    def give(self, learner, value):
        UserPreference.objects.create(user=learner, key="pref-lang", value=value)
        UserPreference.objects.create(user=learner, key="another", value="fr")

    def give_nothing(self, learner):
        UserPreference.objects.create(user=learner, key="another", value="en")


class TestSpokenLanguage(CriterionTypeContract, TestCase):
    criterion_class = types.SpokenLanguage
    learners = {"English": ["en"], "both": ["en", "es"], "Spanish": ["es"]}
    examples = (
        on("in", "English, both", languages=["en"]),
        on("in", "English, both, Spanish", languages=["es", "en"]),
        on("in", "both, Spanish", languages=["es", "fr"]),
        on("exists", "English, both, Spanish"),
    )

    def give(self, learner, value):
        for code in value:
            LanguageProficiency.objects.create(user_profile=profile_of(learner), code=code)

    def give_nothing(self, learner):
        profile_of(learner)


class TestEmailDomain(CriterionTypeContract, TestCase):
    criterion_class = types.EmailDomain
    learners = {
        "org": "a@Example.ORG",
        "mail": "b@mail.example.org",
        "like": "c@notexample.org",
        "com": "d@example.com",
    }
    examples = (
        on("in", "org", domains=["example.org"]),
        on("in", "org, mail", domains=["EXAMPLE.org"], subdomains=True),
        on("in", "com, like", domains=["example.com", "notexample.org"]),
    )

    def give(self, learner, value):
        learner.email = value
        learner.save()

    def give_nothing(self, learner):
        learner.email = ""
        learner.save()


class TestEnrollmentTrack(CriterionTypeContract, TestCase):
    criterion_class = types.EnrollmentTrack
    has_missing = False
    learners = {"audit": "audit", "verified": "verified", "old": "professional"}
    examples = (
        on("in", "audit", modes=["audit"]),
        on("in", "verified, old", modes=["verified", "professional"]),
    )

    def prepare(self):
        for mode in ("audit", "verified"):
            CourseMode.objects.create(course_id=KEY, mode_slug=mode, mode_display_name=mode.title())

    def give(self, learner, value):
        Enrollment.objects.filter(user=learner).update(mode=value)


class TestCertificate(CriterionTypeContract, TestCase):
    criterion_class = types.Certificate
    learners = {"awarded": "downloadable", "failing": "notpassing", "revoked": "unavailable"}
    examples = (
        on("in", "failing", statuses=["notpassing"]),
        on("in", "awarded, revoked", statuses=["downloadable", "unavailable"]),
        on("exists", "awarded"),
    )

    def give(self, learner, value):
        GeneratedCertificate.objects.create(user=learner, course_id=KEY, status=value)


class TestCoursePassed(CriterionTypeContract, TestCase):
    criterion_class = types.CoursePassed
    learners = {"passed": NOW}
    examples = (on("exists", "passed"),)

    def give(self, learner, value):
        PersistentCourseGrade.objects.create(
            user_id=learner.pk, course_id=KEY, percent_grade=0.3, passed_timestamp=value
        )

    def give_nothing(self, learner):
        self.give(learner, None)


def usage_key(block: str) -> str:
    return f"block-v1:{KEY.org}+{KEY.course}+{KEY.run}+type@problem+block@{block}"


def complete(learner, block: str, completion: float = 1.0, modified=NOW) -> None:
    BlockCompletion.objects.create(
        user=learner,
        context_key=KEY,
        block_key=UsageKey.from_string(usage_key(block)),
        block_type="problem",
        completion=completion,
        modified=modified,
    )


class TestCompletedBlock(CriterionTypeContract, TestCase):
    criterion_class = types.CompletedBlock
    learners = {"first": ["b1"], "both": ["b1", "b2"], "second": ["b2"]}
    examples = (
        on("exists", "first, both", blocks=[usage_key("b1")]),
        on("exists", "both", blocks=[usage_key("b1"), usage_key("b2")]),
        on("exists", "first, both, second", blocks=[usage_key("b1"), usage_key("b2")], quantifier="any"),
    )

    def give(self, learner, value):
        for block in value:
            complete(learner, block)

    def give_nothing(self, learner):
        complete(learner, "b1", completion=0.0)


class TestCohort(CriterionTypeContract, TestCase):
    """Chosen by id, which only the database gives."""

    criterion_class = types.Cohort
    learners = {"in A": "A", "in B": "B"}

    def prepare(self):
        CourseCohortsSettings.objects.create(course_id=KEY, is_cohorted=True)
        self.cohorts = {
            name: CourseUserGroup.objects.create(name=name, course_id=KEY, group_type="cohort")
            for name in ("A", "B", "C")
        }

    def get_examples(self):
        a, b, c = (str(cohort.pk) for cohort in self.cohorts.values())
        return (on("in", "in A", cohorts=[a]), on("in", "in B", cohorts=[b, c]), on("exists", "in A, in B"))

    def give(self, learner, value):
        CohortMembership.objects.create(user=learner, course_id=KEY, course_user_group=self.cohorts[value])


class TestTeam(CriterionTypeContract, TestCase):
    criterion_class = types.Team
    learners = {"red": ["red"], "both": ["red", "blue"], "blue": ["blue"]}
    examples = (
        on("in", "red, both", teams=["red"]),
        on("in", "blue, both", teams=["blue"]),
        on("exists", "red, both, blue"),
    )

    def prepare(self):
        self.teams = {
            name: CourseTeam.objects.create(
                team_id=name, discussion_topic_id=name, name=name.title(), course_id=KEY, last_activity_at=NOW
            )
            for name in ("red", "blue")
        }

    def give(self, learner, value):
        for team in value:
            CourseTeamMembership.objects.create(user=learner, team=self.teams[team], last_activity_at=NOW)


class TestCourseRole(CriterionTypeContract, TestCase):
    """Roles in the course, and those in its organization as a whole, whose course is empty."""

    criterion_class = types.CourseRole
    learners = {"staff": ("staff", KEY), "tester": ("beta_testers", KEY), "organization staff": ("staff", None)}
    examples = (
        on("in", "staff, organization staff", roles=["staff"]),
        on("in", "tester", roles=["beta_testers", "instructor"]),
        on("exists", "staff, tester, organization staff"),
    )

    def give(self, learner, value):
        role, course = value
        CourseAccessRole.objects.create(user=learner, org=KEY.org, course_id=course, role=role)

    def give_nothing(self, learner):
        other = CourseKey.from_string(OTHER_COURSES[0])
        CourseAccessRole.objects.create(user=learner, org=other.org, course_id=other, role="staff")


class TestCourseRoleInAnOrganization(InOrganization, TestCourseRole):
    pass


class OtherCoursesContract(CriterionTypeContract):
    """Types about other courses, which must exist to be chosen."""

    def prepare(self):
        for key in map(CourseKey.from_string, OTHER_COURSES):
            CourseOverview.objects.create(id=key, org=key.org, display_name=key.course)


class TestCourseEnrollment(OtherCoursesContract, TestCase):
    criterion_class = types.CourseEnrollment
    learners = {"in A": (0, True), "left A": (0, False), "in B": (1, True)}
    examples = (
        on("in", "in A", courses=[OTHER_COURSES[0]]),
        on("in", "in A, left A", courses=[OTHER_COURSES[0]], status="ever"),
        on("in", "in A, in B", courses=list(OTHER_COURSES)),
    )

    def give(self, learner, value):
        course, is_active = value
        EnrollmentFactory(user=learner, course=OTHER_COURSES[course], is_active=is_active)


class TestCourseCompletion(OtherCoursesContract, TestCase):
    criterion_class = types.CourseCompletion
    learners = {"passed A": (0, "grade"), "certified in A": (0, "certificate"), "passed B": (1, "grade")}
    examples = (
        on("in", "passed A, certified in A", courses=[OTHER_COURSES[0]]),
        on("in", "passed B", courses=[OTHER_COURSES[1]]),
    )

    def give(self, learner, value):
        key = CourseKey.from_string(OTHER_COURSES[value[0]])
        if value[1] == "grade":
            PersistentCourseGrade.objects.create(
                user_id=learner.pk, course_id=key, percent_grade=1.0, passed_timestamp=NOW
            )
        else:
            GeneratedCertificate.objects.create(user=learner, course_id=key, status="downloadable")

    def give_nothing(self, learner):
        key = CourseKey.from_string(OTHER_COURSES[0])
        PersistentCourseGrade.objects.create(user_id=learner.pk, course_id=key, percent_grade=0.1)
        GeneratedCertificate.objects.create(user=learner, course_id=key, status="notpassing")


class TestLearnerList(CriterionTypeContract, TestCase):
    criterion_class = types.LearnerList
    has_missing = False
    learners = {"Ann": "ann", "Bob": "bob", "Cid": "cid"}

    def get_examples(self):
        ann, bob = self.people["Ann"], self.people["Bob"]
        return (
            on("in", "Ann", learners=[ann.username]),
            on("in", "Ann, Bob", learners=[bob.email.upper(), ann.username]),
        )

    def give(self, learner, value):
        """Being somebody is all that it takes."""


def subclasses(cls: type) -> set[type]:
    return set(cls.__subclasses__()).union(*(subclasses(child) for child in cls.__subclasses__()))


def test_no_installed_type_is_left_out():
    tested = {cls.criterion_class for cls in subclasses(CriterionTypeContract) if issubclass(cls, TestCase)}
    assert tested == set(registry.installed())
