"""The door for code of the platform and for the REST API: everything that may be asked of user groups.

Functions raise the errors of ``exceptions`` and return frozen values of ``data`` or querysets that the caller may
narrow, order and page. Nothing here checks permissions: whoever calls has done so.
"""

from .actions.collections import (
    collections,
    create_collection,
    delete_collection,
    get_collection,
    possible_overlaps,
    update_collection,
)
from .actions.copies import Copy, RerunReport, copy_user_group, copy_user_groups_to_rerun
from .actions.criterion_types import criterion_type_document, criterion_types_document, resolve_choices, search_choices
from .actions.definition_changes import (
    DefinitionChangeDetail,
    definition_changes,
    describe_definition_changes,
)
from .actions.descriptions import UserGroupDetail, describe, get_user_group, user_groups
from .actions.explanations import explain
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
    members_at,
    membership_changes,
    memberships_of,
    remove_members,
    user_id_of,
)
from .actions.pinned_examples import pin_learner, pinned_examples, unpin_learners
from .actions.preview_jobs import cancel_preview, get_preview_job, preview_answer, run_preview
from .actions.previews import preview
from .actions.refreshes import (
    HeldChanges,
    confirm_refresh,
    discard_refresh,
    get_refresh,
    held_changes,
    refresh_now,
    refreshes,
)
from .actions.retirement import Forgotten, forget_learner, learners_to_forget
from .actions.supervision import Trouble, groups_in_trouble, health
from .actions.user_groups import archive_user_group, check_scope_key, create_user_group, update_user_group
from .evaluation.preview_entrance import through_entrance
from .membership.csv_files import Identifier
from .refresh.retries import is_transient

__all__ = [
    "Copy",
    "DefinitionChangeDetail",
    "Forgotten",
    "HeldChanges",
    "Identifier",
    "ImportMode",
    "ImportOutcome",
    "ImportReport",
    "ImportRow",
    "MembersChanged",
    "RerunReport",
    "Trouble",
    "UserGroupDetail",
    "add_members",
    "archive_user_group",
    "cancel_preview",
    "check_scope_key",
    "collections",
    "confirm_refresh",
    "copy_user_group",
    "copy_user_groups_to_rerun",
    "create_collection",
    "create_user_group",
    "criterion_type_document",
    "criterion_types_document",
    "definition_changes",
    "delete_collection",
    "describe",
    "describe_definition_changes",
    "discard_refresh",
    "explain",
    "export_members",
    "forget_learner",
    "get_collection",
    "get_preview_job",
    "get_refresh",
    "get_user_group",
    "groups_in_trouble",
    "health",
    "held_changes",
    "import_members",
    "is_transient",
    "learners_to_forget",
    "members",
    "members_at",
    "membership_changes",
    "memberships_of",
    "pin_learner",
    "pinned_examples",
    "possible_overlaps",
    "preview",
    "preview_answer",
    "refresh_now",
    "refreshes",
    "remove_members",
    "resolve_choices",
    "run_preview",
    "search_choices",
    "through_entrance",
    "unpin_learners",
    "update_collection",
    "update_user_group",
    "user_groups",
    "user_id_of",
]
