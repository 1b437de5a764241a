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
    #: The place of the request that the error is about, where it is about one.
    pointer: str | None = None
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
    pointer = "/name"
    message = _("A user group with this name already exists in this scope.")


class WrongMembershipSource(Conflict):
    """A criteria group has no manual members; a manual group has no rule to refresh."""

    code = "wrong_membership_source"
    message = _("This is not possible for a user group with this source of members.")


class NotRefreshable(Conflict):
    """The group is disabled, frozen or archived, so it is not refreshed."""

    code = "not_refreshable"
    message = _("This user group is not refreshed in its present state.")


class CollectionNotExclusive(Conflict):
    """Learners of groups whose members are fixed would be in two groups of an exclusive collection."""

    code = "collection_not_exclusive"
    message = _("In an exclusive collection a learner can be in one user group only.")


class InOtherGroup(Conflict):
    """Somebody who is to be put on a list is in another group of the list's exclusive collection."""

    code = "in_other_group"
    message = _("A learner is in another user group of this collection, and may be in one of them only.")

    def __init__(self, violations: Iterable[Any], message: Any = None) -> None:
        super().__init__(message)
        self.violations = tuple(violations)


class NotHeld(Conflict):
    """The refresh does not wait for a confirmation: it was confirmed or discarded, or a later one took its place."""

    code = "not_held"
    message = _("This refresh does not wait for a confirmation any more.")


class DatabaseBusy(Conflict):
    """Others hold what the request needs for longer than it can wait, or the connection was lost. Nothing was done."""

    code = "database_busy"
    message = _("The database is busy. Nothing was changed; please try again.")


class InstantOutOfHistory(UserGroupsError):
    """Who was in a group then is not known: the instant lies in the future, or before what history still holds."""

    code = "outside_history"
    message = _("Who was in the user group at this point in time is not known.")


class ContractStale(Conflict):
    """The client built its request from another revision of the criterion types, and the difference matters."""

    code = "contract_stale"
    message = _("The criterion types have changed since this page was loaded. Reload the page and try again.")


class ImpossibleRule(Conflict):
    """The rule contradicts itself: whatever the data, it matches nobody. Saving it asks for a confirmation."""

    code = "impossible_rule"
    message = _("This rule contradicts itself and can never match anybody. Confirm that you want to save it.")

    def __init__(self, violations: Iterable[Any]) -> None:
        super().__init__()
        self.violations = tuple(violations)


class BudgetExceeded(Conflict):
    """An evaluation would take longer than the time that it was given; the database stopped it."""

    code = "budget_exceeded"
    message = _("This takes longer than the time that is allowed for it.")


class PreviewCancelled(Conflict):
    """The preview was cancelled, or a newer one of the same editor took its place."""

    code = "preview_cancelled"
    message = _("This preview was cancelled.")


class PreviewLost(Conflict):
    """No worker has finished the preview in time: it stopped, or there is none."""

    code = "preview_lost"
    message = _("This preview was not finished. Ask for it again.")


class PreviewExpired(Conflict):
    """The learners of the preview that a token names are no longer kept."""

    code = "preview_expired"
    message = _("The preview is too old to be saved as it was seen. Preview the rule again.")


class PreviewMoved(Conflict):
    """Saving now would give other members than the preview showed; the one violation says who moved and why."""

    code = "preview_moved"
    message = _("Learners have moved since the preview. Nothing was saved: look at the preview again.")

    def __init__(self, violations: Iterable[Any]) -> None:
        super().__init__()
        self.violations = tuple(violations)


class TooManyPreviews(UserGroupsError):
    """The person or the scope has as many previews at work as are allowed; ``wait`` is when to ask again (seconds)."""

    code = "too_many_previews"
    message = _("Too many previews are being computed at the moment. Try again in a moment.")

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


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
