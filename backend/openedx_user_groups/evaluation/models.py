"""Previews at work: who has one running, where, and what came of those that a worker has taken over."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from openedx_user_groups.data import PreviewState, Scope, ScopeType


class PreviewJob(models.Model):
    """One preview, from its start until nobody needs it any more. No state of the domain: the table may be emptied.

    A table and not the cache, because the number of previews has to hold across processes: each of the three slots is
    unique as long as the preview is at work and empty afterwards. A preview that is answered at once costs one insert
    and one delete.

    .. pii: The user names of a preview's sample and the ids of who matches, until ``expires_at``.
    .. pii_types: username, id
    .. pii_retirement: local_api
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    # Without a constraint in the database: checking it would lock the account's row.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_constraint=False)
    scope_type = models.CharField(max_length=16, choices=ScopeType.choices)
    scope_key = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=16, choices=PreviewState.choices)

    #: What is taken of the user's and of the scope's allowance, and the one place of an editor.
    user_slot = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    scope_slot = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    editor_slot = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001
    #: By what the database knows the connection that evaluates, while it does.
    connection_id = models.BigIntegerField(null=True)

    created = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    #: When the work must be over.
    deadline = models.DateTimeField()
    #: When the row may go, unless somebody asks after the preview before.
    expires_at = models.DateTimeField(db_index=True)

    as_of = models.DateTimeField(null=True)
    language = models.CharField(max_length=16, blank=True)
    request = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    estimate = models.JSONField(null=True)
    result = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    error = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    token = models.TextField(blank=True)
    #: The learners that a token stands for, compressed.
    ids = models.BinaryField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.uuid} {self.state}"

    @property
    def scope(self) -> Scope:
        """The scope as a value."""
        return Scope(ScopeType(self.scope_type), self.scope_key)
