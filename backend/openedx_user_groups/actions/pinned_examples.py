"""Pinned examples: learners who must be in a group, or must not be, and the warnings where a rule says otherwise."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import settings
from openedx_user_groups.criteria.configuration import find_learners
from openedx_user_groups.criteria.definitions import ROOT
from openedx_user_groups.data import PinnedMiss, PrecedingGroup, RuleWarning, Violation
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.learners import matching
from openedx_user_groups.exceptions import InvalidInput
from openedx_user_groups.groups.models import UserGroup
from openedx_user_groups.membership.examples import examples_of, missed, pinned_learners
from openedx_user_groups.membership.models import PinnedExample
from openedx_user_groups.monitoring import context
from openedx_user_groups.refresh.companions import preceding
from openedx_user_groups.sets import IdSet

log = logging.getLogger(__name__)


def pinned_examples(group: UserGroup) -> Any:
    """The pinned examples of ``group``, oldest first; ``is_member`` says where each learner is now."""
    return examples_of(group)


def pin_learner(group: UserGroup, learner: str, *, expected: bool, note: str = "", acting_user: Any) -> PinnedExample:
    """Say that ``learner`` (user name or e-mail address) must be in the group, or must not be (``expected``).

    Replaces what was said of the learner before. By user name anybody may be pinned, also who is not in the scope; by
    e-mail address, who has or had to do with it. Raises ``InvalidInput`` for anybody else, and above the setting
    ``MAX_PINNED_EXAMPLES``.
    """
    user_id = find_learners([learner], group.scope).get(learner)
    if user_id is None:
        message = _("There is no such learner.")
        raise InvalidInput([Violation("/learner", "unknown_learner", message, {"value": learner})])
    limit = settings.get("MAX_PINNED_EXAMPLES")
    with transaction.atomic():
        UserGroup.objects.select_for_update().get(pk=group.pk)  # So that two at once do not go past the limit.
        others = PinnedExample.objects.filter(user_group=group).exclude(user_id=user_id)
        if others.count() >= limit:
            too_many = _("At most %(limit)s learners can be pinned.") % {"limit": limit}
            raise InvalidInput([Violation("/learner", "too_many_items", too_many, {"limit": limit})])
        PinnedExample.objects.update_or_create(
            user_group=group,
            user_id=user_id,
            defaults={"expected": expected, "note": note, "created_by": acting_user},
        )
    # Not whom: logs outlive the retirement of a learner.
    log.info(
        "User %s pinned a learner to user group %s, expected in it: %s.", acting_user.pk, group.uuid, expected,
        extra=context(group=group),
    )  # fmt: skip
    pinned: PinnedExample = examples_of(group).get(user_id=user_id)
    return pinned


def unpin_learners(group: UserGroup, learners: Collection[str]) -> None:
    """Take back what was said of these learners. Raises ``InvalidInput`` for anybody who is not pinned."""
    # As when pinning: otherwise pinning a name and unpinning an address would tell whether they are one person.
    found = find_learners(learners, group.scope)
    pinned = PinnedExample.objects.filter(user_group=group, user_id__in=set(found.values()))
    known = set(pinned.values_list("user_id", flat=True))
    violations = [
        Violation(f"/learners/{index}", "not_pinned", _("This person is not pinned."), {"value": learner})
        for index, learner in enumerate(learners)
        if found.get(learner) not in known
    ]
    if violations:
        raise InvalidInput(violations)
    pinned.delete()


def pinned_warnings(group: UserGroup | None, evaluation: Evaluation) -> tuple[RuleWarning, ...]:
    """A warning for each pinned learner of ``group`` who would not be where they are expected."""
    pinned = pinned_learners(group) if group is not None else []
    if group is None or not pinned:
        return ()
    few = IdSet([example.user_id for example in pinned])
    would_match = matching({"rule": evaluation}, few)["rule"]
    elsewhere = preceding(group, would_match, evaluation.context.as_of, asked_at=evaluation.asked_at)
    first = {example.username: elsewhere.get(example.user_id) for example in pinned}
    missing = missed(pinned, would_match - IdSet(list(elsewhere)))
    return tuple(_warning(miss, first[miss.username]) for miss in missing)


def _warning(miss: PinnedMiss, first: PrecedingGroup | None) -> RuleWarning:
    params: dict[str, Any] = {"username": miss.username, "expected": miss.expected}
    text = _EXPECTED_IN if miss.expected else _EXPECTED_OUT
    if miss.expected and first is not None:
        params |= {"preceding_group": first.name, "collection": first.collection}
        text = _EXPECTED_BUT_ELSEWHERE
    return RuleWarning(ROOT, "pinned_example_missed", text % params, params=params)


_EXPECTED_IN = _("%(username)s must be in this user group but does not match.")
_EXPECTED_BUT_ELSEWHERE = _(
    "%(username)s must be in this user group and matches, but the user group “%(preceding_group)s” of the collection"
    " “%(collection)s” comes first."
)
_EXPECTED_OUT = _("%(username)s must not be in this user group but matches.")
