"""Pieces that several resources share: scopes, errors, accounts."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from openedx_user_groups.data import Scope, ScopeType

from ..access import parse_scope
from ..fields import StrictCharField, StrictChoiceField, StrictSerializer

_KEY_HELP = "Course key or short name of the organization; empty for the whole site."


class ScopeSerializer(serializers.Serializer[Any]):
    """Where a group belongs."""

    type = serializers.ChoiceField(choices=ScopeType.choices, help_text="Kind of scope.")
    key = serializers.CharField(allow_blank=True, help_text=_KEY_HELP)


class ScopeRequestSerializer(StrictSerializer):
    """A scope in a request."""

    type = StrictChoiceField(choices=ScopeType.choices, help_text="Kind of scope.")
    key = StrictCharField(required=False, default="", allow_blank=True, trim_whitespace=False, help_text=_KEY_HELP)


def scope_of(data: dict[str, str]) -> Scope:
    """The scope of a validated body. Raises ``InvalidInput``."""
    return parse_scope(data["type"], data["key"], ("/scope/type", "/scope/key"))


class ViolationSerializer(serializers.Serializer[Any]):
    """One mistake in the request."""

    pointer = serializers.CharField(
        allow_blank=True, help_text="JSON pointer into the body; for a query parameter, a slash and its name."
    )
    code = serializers.CharField(help_text="Stable code, to be translated or handled by the client.")
    message = serializers.CharField(help_text="The mistake in words, in the language of the request.")
    params = serializers.DictField(help_text="Numbers and names that occur in the message.")


class ProblemSerializer(serializers.Serializer[Any]):
    """Every error has this body (OEP-69, RFC 9457)."""

    type = serializers.CharField(help_text="URI of the kind of error.")
    title = serializers.CharField(help_text="The kind of error in words.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="What went wrong.")
    instance = serializers.CharField(help_text="Path of the request.")
    code = serializers.CharField(help_text="Stable code of what went wrong.")
    error = serializers.CharField(help_text="The same as detail, where the MFE's alerts look for it.")
    user_message = serializers.CharField(required=False, help_text="What to show to the person.")
    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Messages by JSON pointer.",
    )
    violations = ViolationSerializer(many=True, required=False, help_text="Each mistake with its place and code.")


class UnresolvedReferenceSerializer(serializers.Serializer[Any]):
    """Something that a copied rule refers to and that does not exist in its scope."""

    pointer = serializers.CharField(help_text="The criterion: a JSON pointer into the group.")
    field = serializers.CharField(
        allow_blank=True, help_text="The field of the configuration; empty where the criterion as a whole has no place."
    )
    value = serializers.CharField(help_text="What the configuration holds.")
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="How it was called in the scope that the rule was copied from."
    )


class ReasonSerializer(serializers.Serializer[Any]):
    """Why a group is in its state."""

    code = serializers.CharField(help_text="Stable code.")
    message = serializers.CharField(allow_blank=True, help_text="The reason in words.")
    pointer = serializers.CharField(required=False, help_text="The node of the rule that is the reason.")
    references = UnresolvedReferenceSerializer(
        many=True, required=False, help_text="With the code unresolved_reference: everything that is missing."
    )


class PrecedingGroupSerializer(serializers.Serializer[Any]):
    """The group that has or gets a learner before another one of the same exclusive collection."""

    uuid = serializers.UUIDField()
    name = serializers.CharField()
    collection = serializers.CharField(help_text="Name of the collection.")


def username_of(user: Any) -> str | None:
    """How a person is named on the wire. Accounts' primary keys never leave the server."""
    return user.username if user is not None else None
