"""The product's side: the same questions through the calls that the REST API and the workers make."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from openedx_user_groups import api
from openedx_user_groups.criteria.definitions import parse_rule
from openedx_user_groups.data import Preview, RefreshState, Scope
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.models import Membership, MembershipChange
from openedx_user_groups.refresh.models import Refresh
from openedx_user_groups.sets import IdSet

from .cases import Case
from .world import instant


class Product:
    """One rule in one course, and the group that has it."""

    def __init__(self, case: Case, scope: Scope, group: UserGroup) -> None:
        self.case, self.scope, self.group = case, scope, group
        self.plan = ""

    @classmethod
    def with_new_group(cls, case: Case, scope: Scope, name: str) -> Product:
        """Save a group with the rule. It has no members yet."""
        staff, _ = User.objects.get_or_create(username="benchmark", defaults={"is_staff": True})
        group = api.create_user_group(
            scope=scope, name=name, rule=case.definition, is_enabled=False, acting_user=staff
        )  # fmt: skip
        UserGroup.objects.filter(pk=group.pk).update(is_enabled=True)
        return cls(case, scope, UserGroup.objects.get(pk=group.pk))

    def evaluation(self) -> Evaluation:
        """The rule, from its definition."""
        return Evaluation(parse_rule(self.case.definition, self.scope), self.scope, instant())

    def count(self) -> int:
        """How many match."""
        evaluation = self.evaluation()
        count = evaluation.count()
        self.plan = evaluation.plan
        return count

    def ids(self) -> IdSet:
        """Who matches, as a bitmap."""
        evaluation = self.evaluation()
        ids = evaluation.ids()
        self.plan = evaluation.plan
        return ids

    def preview(self) -> Preview:
        """What staff see while they write the rule."""
        preview = api.preview(self.scope, self.case.definition, as_of=instant())
        self.plan = preview.plan
        return preview

    def refresh(self) -> Refresh:
        """Bring the members up to date, through the whole of the path that a request by staff takes."""
        refresh = api.refresh_now(self.group, acting_user=self.group.created_by)
        if refresh.state != RefreshState.SUCCEEDED:
            raise RuntimeError(f"The refresh {refresh.state}: {refresh.error_code} {refresh.error_message}")
        self.plan = refresh.plan
        return refresh

    def empty(self) -> None:
        """Take everybody out of the group, and its history away."""
        Membership.objects.filter(user_group=self.group).delete()
        MembershipChange.objects.filter(user_group=self.group).delete()

    @transaction.atomic
    def replace_all(self, ids: Any) -> None:
        """What the product does not do: delete every member, then create all of them again, one object each."""
        Membership.objects.filter(user_group=self.group).delete()
        Membership.objects.bulk_create(
            [Membership(user_group=self.group, user_id=pk, joined_at=instant(), origin="manual") for pk in ids],
            batch_size=5_000,
        )
