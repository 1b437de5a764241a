"""Imports of lists of learners on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from openedx_user_groups.api import Identifier, ImportMode, ImportOutcome

from ..fields import StrictChoiceField, StrictSerializer


class MemberImportRequestSerializer(StrictSerializer):
    """A file, and what to do with it."""

    file = serializers.FileField(
        allow_empty_file=True,
        help_text="CSV, with or without a header. One learner a row; columns of no use are ignored.",
    )
    mode = StrictChoiceField(choices=ImportMode.choices, help_text="What the list does to the group.")
    identifier = StrictChoiceField(
        choices=Identifier.choices, required=False, help_text="What learners are named by; found out if left out."
    )


class ImportRowSerializer(serializers.Serializer[Any]):
    """One row of the file."""

    line = serializers.IntegerField(help_text="The line of the file where it starts, from 1.")
    value = serializers.CharField(allow_blank=True, help_text="The text that was read.")
    outcome = serializers.ChoiceField(choices=ImportOutcome.choices, help_text="What became of it.")


class ImportCountSerializer(serializers.Serializer[Any]):
    """How many rows had an outcome."""

    outcome = serializers.ChoiceField(choices=ImportOutcome.choices)
    count = serializers.IntegerField()


class ImportReportSerializer(serializers.Serializer[Any]):
    """What an import did."""

    mode = serializers.ChoiceField(choices=ImportMode.choices)
    total = serializers.IntegerField(help_text="Rows of the file: the sum of the counts.")
    counts = ImportCountSerializer(many=True, help_text="Every outcome.")
    removed_count = serializers.IntegerField(help_text="Members who left; a replacement's rows do not tell of them.")
    changed = serializers.BooleanField(help_text="Whether anybody joined or left.")
    rows = ImportRowSerializer(many=True)
