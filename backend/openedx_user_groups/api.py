"""The door for code of the platform and for the REST API: everything that may be asked of user groups.

Functions raise the errors of ``exceptions`` and return frozen values of ``data`` or querysets that the caller may
narrow, order and page. Nothing here checks permissions: whoever calls has done so.
"""

from .actions.criterion_types import criterion_type_document, criterion_types_document, resolve_choices, search_choices
from .actions.imports import (
    ImportMode,
    ImportOutcome,
    ImportReport,
    ImportRow,
    export_members,
    import_members,
)
from .actions.members import (
    MembersChanged,
    add_members,
    members,
    membership_changes,
    memberships_of,
    refreshes,
    remove_members,
)
from .actions.previews import preview
from .actions.refreshes import refresh_now
from .actions.user_groups import (
    UserGroupDetail,
    archive_user_group,
    create_user_group,
    describe,
    get_user_group,
    update_user_group,
    user_groups,
)
from .membership.csv_files import Identifier

__all__ = [
    "Identifier",
    "ImportMode",
    "ImportOutcome",
    "ImportReport",
    "ImportRow",
    "MembersChanged",
    "UserGroupDetail",
    "add_members",
    "archive_user_group",
    "create_user_group",
    "criterion_type_document",
    "criterion_types_document",
    "describe",
    "export_members",
    "get_user_group",
    "import_members",
    "members",
    "membership_changes",
    "memberships_of",
    "preview",
    "refresh_now",
    "refreshes",
    "remove_members",
    "resolve_choices",
    "search_choices",
    "update_user_group",
    "user_groups",
]
