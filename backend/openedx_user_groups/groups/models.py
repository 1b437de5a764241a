"""The user group, collections of them, and the row by which the writers of a scope wait for each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from openedx_user_groups.data import MAX_REFRESH_INTERVAL, GroupState, MembershipSource, Scope, ScopeType

from .names import NameKeyField

_BYTES: models.BinaryField[Any, Any] = models.BinaryField()


def _bytes_of(field: str) -> models.Func:
    return models.Func(field, template="CAST(%(expressions)s AS BINARY)", output_field=_BYTES)


def scopes_with(rows: models.QuerySet[Any], *columns: str, prefix: str = "") -> Iterator[tuple[Any, ...]]:
    """The scopes of ``rows``, whose fields have names with this prefix, each once with each combination of the values
    in ``columns``: tuples of a scope and those. One query."""
    key = f"{prefix}scope_key"
    wanted = [f"{prefix}scope_type", key, *columns]
    if connection.vendor == "mysql":  # DISTINCT goes by the collation, too.
        rows, wanted = rows.annotate(scope_key_bytes=_bytes_of(key)), [*wanted, "scope_key_bytes"]
    for scope_type, scope_key, *others in rows.order_by().values_list(*wanted).distinct():
        yield Scope(ScopeType(scope_type), scope_key), *others[: len(columns)]


class ScopedQuerySet(models.QuerySet[Any]):
    """Queries over what belongs to a scope."""

    def in_scope(self, scope: Scope) -> Self:
        """What belongs to exactly this scope. Serves the unique index that begins with (scope_type, scope_key)."""
        found = self.filter(scope_type=scope.type, scope_key=scope.key)
        if connection.vendor == "mysql":
            # Text compares without regard to case there: the index finds, the bytes decide.
            found = found.alias(scope_key_bytes=_bytes_of("scope_key")).filter(scope_key_bytes=scope.key.encode())
        return found

    def scopes(self) -> set[Scope]:
        """The scopes to which this belongs. One query."""
        return {scope for (scope,) in scopes_with(self)}


class UserGroupQuerySet(ScopedQuerySet):
    """Queries over groups."""

    def live(self) -> Self:
        """Groups that are in use, without the archived ones."""
        return self.filter(live=True)


class Collection(models.Model):
    """A set of groups of one scope, in an order. In an exclusive one a learner is in at most one of them.

    .. no_pii:
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    scope_type = models.CharField(_("scope"), max_length=16, choices=ScopeType.choices)
    scope_key = models.CharField(_("scope key"), max_length=255, blank=True)
    name = models.CharField(_("name"), max_length=255)
    name_key = NameKeyField()
    description = models.TextField(_("description"), blank=True)
    is_exclusive = models.BooleanField(
        _("exclusive"), default=True, help_text=_("A learner is in the first group of the collection that matches.")
    )
    created = models.DateTimeField(_("created"), auto_now_add=True)
    modified = models.DateTimeField(_("modified"), auto_now=True)

    objects: ClassVar[models.Manager[Any]] = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("collection")
        verbose_name_plural = _("collections")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_type", "scope_key", "name_key"], name="user_groups_unique_collection_in_scope"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.scope})"

    @property
    def scope(self) -> Scope:
        """The collection's scope as a value."""
        return Scope(ScopeType(self.scope_type), self.scope_key)


class UserGroup(models.Model):
    """A named set of learners of one scope, described by a rule or listed by hand.

    .. no_pii:
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    scope_type = models.CharField(_("scope"), max_length=16, choices=ScopeType.choices)
    scope_key = models.CharField(
        _("scope key"), max_length=255, blank=True, help_text=_("Course key or organization; empty for the whole site.")
    )
    name = models.CharField(_("name"), max_length=255)
    name_key = NameKeyField()
    description = models.TextField(_("description"), blank=True)
    # NULL once archived: NULLs are distinct in a unique index on every database, so the name becomes free again.
    # A conditional constraint would say it better, but MySQL and MariaDB have none.
    live = models.BooleanField(_("in use"), null=True, default=True, editable=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    membership_source = models.CharField(
        _("source of members"), max_length=16, choices=MembershipSource.choices, default=MembershipSource.CRITERIA
    )
    is_enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("A disabled group keeps its members but is not refreshed or used.")
    )
    is_frozen = models.BooleanField(
        _("frozen"), default=False, help_text=_("A frozen group keeps its members as they are until it is thawed.")
    )
    rule_version = models.PositiveIntegerField(_("rule version"), default=1, editable=False)
    collection = models.ForeignKey(
        Collection, models.SET_NULL, null=True, blank=True, editable=False, related_name="groups"
    )
    collection_position = models.PositiveSmallIntegerField(_("place in the collection"), default=0, editable=False)

    state = models.CharField(_("state"), max_length=16, choices=GroupState.choices, default=GroupState.STALE)
    state_code = models.CharField(_("reason code"), max_length=64, blank=True)
    state_message = models.TextField(_("reason"), blank=True)
    state_since = models.DateTimeField(_("in this state since"), null=True, blank=True, editable=False)
    member_count = models.PositiveIntegerField(_("members"), default=0, editable=False)
    members_as_of = models.DateTimeField(_("members as of"), null=True, blank=True, editable=False)
    # Differs from rule_version between an edit of the rule and the refresh after it: events change nobody until then.
    members_rule_version = models.PositiveIntegerField(
        _("rule version of the members"), null=True, blank=True, editable=False
    )

    refresh_interval = models.PositiveIntegerField(
        _("refresh interval"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_REFRESH_INTERVAL)],
        help_text=_("Minutes between refreshes by the schedule; empty for as often as the criteria need."),
    )
    max_removal_percent = models.PositiveSmallIntegerField(
        _("largest removal"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_(
            "Percent of the members that a refresh may remove unasked; empty for the site's limit. Without effect "
            "while fewer learners leave than the site's least number (setting BRAKE_MINIMUM, 20 by default)."
        ),
    )
    failure_count = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    next_refresh_at = models.DateTimeField(_("next refresh"), null=True, blank=True, editable=False)

    # Whose history before this instant was deleted: nobody can say any more who was in the group then.
    history_from = models.DateTimeField(_("history from"), null=True, blank=True, editable=False)
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="copies", verbose_name=_("copy of")
    )

    created = models.DateTimeField(_("created"), auto_now_add=True)
    modified = models.DateTimeField(_("modified"), auto_now=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    modified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Any]] = UserGroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("user group")
        verbose_name_plural = _("user groups")
        constraints = [
            models.UniqueConstraint(
                fields=["scope_type", "scope_key", "name_key", "live"], name="user_groups_unique_name_in_scope"
            ),
        ]
        indexes = [
            # The instance-wide list and the clean-up of a state: "every stale group, longest first".
            models.Index(fields=["state", "state_since"], name="user_groups_by_state"),
            # The schedule: which groups are due, those that wait longest first.
            models.Index(fields=["next_refresh_at"], name="user_groups_due"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.scope})"

    @property
    def scope(self) -> Scope:
        """The group's scope as a value."""
        return Scope(ScopeType(self.scope_type), self.scope_key)

    @scope.setter
    def scope(self, scope: Scope) -> None:
        self.scope_type, self.scope_key = scope.type, scope.key

    @property
    def exclusive_collection_id(self) -> int | None:
        """The collection in which this group shares no learner with another, if it is in such a one."""
        return self.collection_id if self.collection is not None and self.collection.is_exclusive else None

    @property
    def is_manual(self) -> bool:
        """Whether members are listed by hand."""
        return self.membership_source == MembershipSource.MANUAL

    @property
    def is_in_use(self) -> bool:
        """Whether its members may change: neither archived nor disabled nor frozen."""
        return bool(self.live and self.is_enabled and not self.is_frozen)

    @property
    def has_fixed_members(self) -> bool:
        """Whether no rule decides about the members now: listed by hand, frozen, disabled or archived."""
        return self.is_manual or not self.is_in_use


class ScopeLock(models.Model):
    """One row for each scope that has groups: held by whoever writes members (``locks.lock_scope``).

    .. no_pii:
    """

    scope_type = models.CharField(max_length=16, choices=ScopeType.choices)
    scope_key = models.CharField(max_length=255, blank=True)
    # When a sample of its learners was last compared with the rules.
    reconciled_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_type", "scope_key"], name="user_groups_one_lock_a_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.scope_type}:{self.scope_key}"
