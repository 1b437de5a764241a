"""Who of a learner's candidates gets the learner, in an exclusive collection.

The one place that decides it: full refreshes, single learners and a change of the collection itself all come here.
"""

from __future__ import annotations

from collections.abc import Iterable

from openedx_user_groups.groups.models import Collection, UserGroup
from openedx_user_groups.sets import IdSet

from .models import Membership


def assign(candidates: Iterable[tuple[UserGroup, IdSet]], taken: IdSet) -> dict[int, IdSet]:
    """Each group's members, by primary key: its candidates without ``taken`` and without those of groups before it.

    Args:
        candidates: groups in the order of the collection, each with the learners that its rule matches.
        taken: learners of groups that keep their members as they are (listed by hand, frozen, without an answer).
    """
    gone = IdSet(taken)
    assigned: dict[int, IdSet] = {}
    for group, learners in candidates:
        assigned[group.pk] = learners - gone
        gone |= learners
    return assigned


def groups_in_order(collection: Collection) -> list[UserGroup]:
    """The live groups of a collection, first come first served."""
    groups = UserGroup.objects.live().filter(collection=collection)
    return list(groups.select_related("collection").order_by("collection_position", "pk"))


def elsewhere(group: UserGroup, user_ids: IdSet) -> dict[int, str]:
    """Which of these learners are in another group of the group's exclusive collection: its name by user id."""
    if group.exclusive_collection_id is None:
        return {}
    found = Membership.objects.filter(exclusive_collection=group.exclusive_collection_id, user_id__in=list(user_ids))
    return dict(found.exclude(user_group=group).values_list("user_id", "user_group__name"))
