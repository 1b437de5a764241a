"""Every stable code that a client can meet, with a message for a client that has none of its own.

A code stands in the body of an error, a violation, a warning of a preview, the reason of a group's state or of a type's
availability. To add one, add a line to :data:`MESSAGES`; a domain error needs none, it brings code and message along
(:mod:`.exceptions`). Where a code is raised there may be a message of more detail, with numbers or names. A plugin's
own codes are no business of the core's: they always come with their message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from . import exceptions

MESSAGES: dict[str, Any] = {
    # ---- Requests as a whole ----
    "authentication_failed": _("The credentials of this request are not valid."),
    "internal_error": _("An unexpected error occurred. Please try again later."),
    "malformed_json": _("The body is not valid JSON in UTF-8."),
    "malformed_request": _("This request cannot be read."),
    "method_not_allowed": _("This cannot be done at this address."),
    "not_authenticated": _("Log in first."),
    "payload_too_large": _("The body of this request is too large."),
    "throttled": _("These are too many requests. Try again later."),
    "unsupported_media_type": _("A body of this kind is not taken here."),
    # ---- Values of a request ----
    "as_of_out_of_range": _("This point in time is too far away."),
    "duplicate_field": _("This field is given twice."),
    "duplicate_item": _("This is listed twice."),
    "duplicate_items": _("The list names a value twice."),
    "empty_list": _("Choose at least one."),
    "in_other_collection": _("This user group is in another collection already."),
    "invalid": _("This value is not valid."),
    "invalid_choice": _("This is not one of the choices."),
    "invalid_item": _("An item of the list is not valid."),
    "invalid_key": _("This is not a key of this kind."),
    "invalid_text": _("This text is empty or contains characters that are not allowed."),
    "invalid_token": _("This is not a token of a preview."),
    "max_decimal_places": _("This number has too many decimal places."),
    "max_digits": _("This number has too many digits."),
    "max_length": _("This text is too long."),
    "max_value": _("This value is too large."),
    "max_whole_digits": _("This number has too many digits before the decimal point."),
    "min_value": _("This value is too small."),
    "missing_field": _("Fill in this field."),
    "no_members_to_compare": _("Name the user group with criteria whose members are compared."),
    "other_preview": _("This token is of a preview of another rule, scope or person."),
    "other_scope": _("This user group belongs to another scope."),
    "range_inverted": _("The start of the range must not be above its end."),
    "read_only_field": _("This field cannot be changed."),
    "too_deep": _("The rule is nested too deep."),
    "too_many_items": _("This list is too long."),
    "unknown_field": _("There is no such field here."),
    "unknown_user_group": _("There is no such user group."),
    "wrong_type": _("This value has the wrong type."),
    # ---- Rules ----
    "duplicate_node": _("This node stands in the rule twice."),
    "empty_node": _("Add at least one criterion."),
    "exactly_one": _("Fill in only one of these fields."),
    "rule_not_allowed": _("A user group with a list of learners has no rule."),
    "too_many_criteria": _("The rule has too many criteria."),
    "type_not_in_scope": _("This criterion cannot be used in this scope."),
    "unknown_kind": _("A node is a “rule” or a “criterion”."),
    "unknown_node": _("The saved rule has no such node. Leave out ids of new nodes."),
    "unknown_operator": _("This criterion does not offer that operator."),
    "unknown_type": _("There is no such criterion type."),
    # ---- Learners, and files that name them ----
    "empty_file": _("The file is empty."),
    "file_too_large": _("This file is too large. Split it into several files."),
    "malformed_csv": _("A quotation mark in the file is not closed, or a cell is longer than any name."),
    "no_identifier_column": _("The file has no such column."),
    "not_in_scope": _("This person is not an active learner here."),
    "not_pinned": _("This person is not pinned."),
    "not_text": _("The file is not a text file. Save your spreadsheet as CSV and upload that file."),
    "nothing_found": _("No row of the file names a learner here. The members stay as they are."),
    "too_many_rows": _("The file has too many rows."),
    "unknown_learner": _("There is no such learner."),
    # ---- Warnings of previews ----
    "always_true_node": _("This part of the rule excludes nobody: every learner matches it."),
    "always_true_rule": _("This rule excludes nobody: every learner matches it, whatever the data."),
    "decisive_criterion": _("Without this criterion somebody would match."),
    "duplicate_criterion": _("This criterion says the same as another one."),
    "empty_universe": _("There are no active learners here."),
    "impossible_node": _("This part of the rule contradicts itself: nobody can ever match it."),
    "matches_everybody": _("Every active learner matches this rule."),
    "matches_nobody": _("Nobody matches this rule."),
    "node_matches_everybody": _("Everybody matches this part of the rule."),
    "node_matches_nobody": _("Nobody matches this part of the rule."),
    "pinned_example_missed": _("A pinned learner is not where they are expected."),
    "redundant_criterion": _("Without this criterion the same learners match."),
    "subsumed_criterion": _("This criterion changes nothing: the other criteria already decide."),
    # ---- Why a group is in its state: a rule without an answer, a refresh that waits; why a type cannot be used ----
    "abandoned": _("The refresh stopped several times and was given up."),
    "awaiting_refresh": _("Waiting for the next refresh."),
    "configuration_invalid": _("The saved configuration of this criterion is no longer valid."),
    "criterion_failed": _("A criterion failed. Its owner can find the error in the log."),
    "criterion_type_failed": _("This criterion type cannot be offered now because of an error."),
    "criterion_type_missing": _("The app of this criterion type is not installed."),
    "criterion_type_unreadable": _("The table of this criterion type cannot be read."),
    "difference_discarded": _("The last refresh was discarded. The members are those from before."),
    "evaluation_failed": _("The database could not evaluate this rule."),
    "no_rule": _("This user group has no rule yet."),
    "not_computed": _("The data of this criterion type has not been computed yet."),
    "removes_too_many": _("A refresh would remove many members. Confirm or discard it."),
    "unresolved_reference": _("A criterion was copied and refers to something that does not exist here. Edit it."),
}


def all_messages() -> dict[str, Any]:
    """Every code with its message, by code."""
    return dict(sorted({**dict(_raised()), **MESSAGES}.items()))


def _raised() -> Iterator[tuple[str, Any]]:
    for error in vars(exceptions).values():
        if isinstance(error, type) and issubclass(error, exceptions.UserGroupsError):
            yield error.code, error.message
