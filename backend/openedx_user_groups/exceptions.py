"""Domain errors: what can go wrong, each with a stable code.

An error says *what* happened; the API layer alone decides which HTTP status that is. Nothing here knows about HTTP,
Django models or translations of a particular request (messages may be lazy strings).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _


class UserGroupsError(Exception):
    """Base of every error that crosses a door of this app. ``code`` is part of the contract."""

    code = "error"
    message: Any = _("The request could not be carried out.")

    def __init__(self, message: Any = None, **params: Any) -> None:
        self.params = params
        if message is not None:
            self.message = message
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class InvalidInput(UserGroupsError):
    """The input breaks one or more rules; ``violations`` lists each with a JSON pointer to its place."""

    code = "validation_failed"
    message = _("The request is not valid. See the list of violations.")

    def __init__(self, violations: Iterable[Any], message: Any = None) -> None:
        super().__init__(message)
        self.violations = tuple(violations)


class NotFound(UserGroupsError):
    """The thing named does not exist, or is not for the one who asks."""

    code = "not_found"
    message = _("There is no such object here.")


class Forbidden(UserGroupsError):
    """The person who asks may not do this."""

    code = "permission_denied"
    message = _("You do not have permission to do this.")


class Conflict(UserGroupsError):
    """The request is well formed but does not fit the present state."""

    code = "conflict"
    message = _("The request conflicts with the present state.")


class RuleVersionConflict(Conflict):
    """Someone else changed the rule since the version that the writer read."""

    code = "rule_version_conflict"
    message = _(
        "The user group was changed by someone else since you opened it. Reload it and apply your change again."
    )


class NameTaken(Conflict):
    """Another live group of the scope has this name."""

    code = "name_taken"
    message = _("A user group with this name already exists in this scope.")


class WrongMembershipSource(Conflict):
    """A criteria group has no manual members; a manual group has no rule to refresh."""

    code = "wrong_membership_source"
    message = _("This is not possible for a user group with this source of members.")


class NotRefreshable(Conflict):
    """The group is disabled, frozen or archived, so it is not refreshed."""

    code = "not_refreshable"
    message = _("This user group is not refreshed in its present state.")


class ContractStale(Conflict):
    """The client built its request from another revision of the criterion types, and the difference matters."""

    code = "contract_stale"
    message = _("The criterion types have changed since this page was loaded. Reload the page and try again.")


class Unevaluable(UserGroupsError):
    """A rule has no answer now. Nobody is added or removed; ``pointer`` names the criterion that has none."""

    code = "unevaluable"
    message = _("This rule cannot be evaluated now.")

    def __init__(self, code: str, message: Any, pointer: str = "/rule", **params: Any) -> None:
        super().__init__(message, **params)
        self.code = code
        self.pointer = pointer


class SourceUnavailable(UserGroupsError):
    """Raised by a criterion type or a data source that cannot answer now (down, timed out, not configured)."""

    code = "source_unavailable"
    message = _("The source of this criterion's data does not answer.")
