"""The events that other apps connect to. They are Django signals that the platform's event bus can carry too.

A receiver is called as ``receiver(signal, sender, <data>, metadata, **kwargs)``. Each event may come more than once;
those of one group come in the order in which things happened.
"""

from __future__ import annotations

from openedx_events.tooling import OpenEdxPublicSignal

from .data import UserGroupChangeData, UserGroupLearnersData

# .. event_type: org.openedx.learning.user_group.created.v1
# .. event_name: USER_GROUP_CREATED
# .. event_description: emitted after a user group was created, also as a copy.
# .. event_data: UserGroupChangeData
USER_GROUP_CREATED = OpenEdxPublicSignal(
    event_type="org.openedx.learning.user_group.created.v1", data={"change": UserGroupChangeData}
)

# .. event_type: org.openedx.learning.user_group.changed.v1
# .. event_name: USER_GROUP_CHANGED
# .. event_description: emitted after name, description, rule or switches of a user group changed.
# .. event_data: UserGroupChangeData
USER_GROUP_CHANGED = OpenEdxPublicSignal(
    event_type="org.openedx.learning.user_group.changed.v1", data={"change": UserGroupChangeData}
)

# .. event_type: org.openedx.learning.user_group.archived.v1
# .. event_name: USER_GROUP_ARCHIVED
# .. event_description: emitted after a user group was taken out of use. Its members are kept; use the group no longer.
# .. event_data: UserGroupChangeData
USER_GROUP_ARCHIVED = OpenEdxPublicSignal(
    event_type="org.openedx.learning.user_group.archived.v1", data={"change": UserGroupChangeData}
)

# .. event_type: org.openedx.learning.user_group.learners_added.v1
# .. event_name: USER_GROUP_LEARNERS_ADDED
# .. event_description: emitted after learners joined a user group, in batches.
# .. event_data: UserGroupLearnersData
USER_GROUP_LEARNERS_ADDED = OpenEdxPublicSignal(
    event_type="org.openedx.learning.user_group.learners_added.v1", data={"learners": UserGroupLearnersData}
)

# .. event_type: org.openedx.learning.user_group.learners_removed.v1
# .. event_name: USER_GROUP_LEARNERS_REMOVED
# .. event_description: emitted after learners left a user group, in batches. Not emitted for retired learners: the
#   platform tells of them itself.
# .. event_data: UserGroupLearnersData
USER_GROUP_LEARNERS_REMOVED = OpenEdxPublicSignal(
    event_type="org.openedx.learning.user_group.learners_removed.v1", data={"learners": UserGroupLearnersData}
)
