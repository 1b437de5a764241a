"""Puts a share of a course's learners into legacy cohorts and teams."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from sandbox import tables
from sandbox.bulk import Row, insert_rows
from sandbox.platform.course_groups.models import CourseCohortsSettings, CourseUserGroup
from sandbox.platform.teams.models import CourseTeam
from sandbox.synthetic.plan import CourseSpec, Plan

COHORTS = ("Campus", "Evening", "Partners")
IN_COHORT = 0.3
TEAMS = ("Red", "Green", "Blue")
IN_TEAM = 0.05


def write_cohorts(plan: Plan, course: CourseSpec, user_ids: Sequence[int], cohorted: bool) -> None:
    """Write the cohorts of a course. Where it is not `cohorted`, they are leftovers that count for nothing."""
    rng = Random(f"{plan.seed}:{course.key}:cohorts")
    CourseCohortsSettings.objects.create(course_id=course.key, is_cohorted=cohorted)
    cohorts = [
        CourseUserGroup.objects.create(name=name, course_id=course.key, group_type="cohort").pk for name in COHORTS
    ]
    chosen = [(rng.choice(cohorts), user_id) for user_id in user_ids if rng.random() < IN_COHORT]
    insert_rows(tables.COHORT_USERS, chosen)
    insert_rows(tables.COHORT_MEMBERSHIPS, ((cohort, user_id, course.key) for cohort, user_id in chosen))


def write_teams(plan: Plan, course: CourseSpec, user_ids: Sequence[int]) -> None:
    """Write the teams of a course, all of one team set."""
    rng = Random(f"{plan.seed}:{course.key}:teams")
    slug = course.key.removeprefix("course-v1:").replace("+", "-").lower()
    teams = []
    for name in TEAMS:
        team_id = f"{slug}-{name.lower()}"
        team = CourseTeam.objects.create(
            team_id=team_id,
            discussion_topic_id=team_id,
            name=name,
            course_id=course.key,
            topic_id="projects",
            last_activity_at=plan.now,
        )
        CourseTeam.objects.filter(pk=team.pk).update(date_created=plan.now)
        teams.append(team.pk)
    rows: list[Row] = [
        (user_id, rng.choice(teams), plan.now, plan.now) for user_id in user_ids if rng.random() < IN_TEAM
    ]
    insert_rows(tables.TEAM_MEMBERSHIPS, rows)
