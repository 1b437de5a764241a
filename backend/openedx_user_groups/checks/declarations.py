"""What a type says of itself as a whole: its link, slug, words and scopes, and where its answers come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.core import checks
from django.db import models

from openedx_user_groups.criteria.fields import value_field
from openedx_user_groups.criteria.models import Criterion
from openedx_user_groups.data import ScopeType
from openedx_user_groups.groups.changes import Change

from .messages import error
from .values import has_field

_SLUG = re.compile(r"[a-z0-9_]{1,64}")


def check_declaration(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    """Everything but the operators."""
    if not _is_linked(criterion_class):
        hint = "Write: criterion = criterion_link(). Where an abstract base inherits from Criterion, write it there."
        yield error(1, criterion_class, "has no primary key named “criterion” that is its only link to the base", hint)
    if not criterion_class.label:
        yield error(2, criterion_class, "has no label", "Set label to a translatable text; staff read it.")
    if not _are_scopes(criterion_class.scopes):
        yield error(4, criterion_class, "can be used in no scope", "Set scopes, for instance (ScopeType.COURSE,).")
    if criterion_class.fact is Criterion.fact and criterion_class.learner_set is Criterion.learner_set:
        yield error(5, criterion_class, "says nowhere who matches", "Define fact(), or override learner_set().")
    if not _SLUG.fullmatch(str(criterion_class.criterion_type)):
        hint = "Use up to 64 lower-case letters of ASCII, digits and underscores: it stands in addresses and in rows."
        yield error(14, criterion_class, f"has the slug “{criterion_class.criterion_type}”", hint)
    if not all_of(criterion_class.changes, Change):
        hint = "Set changes to a tuple of Change(...), openedx_event(...) or the like; row_changes(...) is a tuple."
        yield error(15, criterion_class, "has changes that are none", hint)
    yield from _check_named_fields(criterion_class)


def all_of(entries: object, kind: type) -> bool:
    """Whether these are any number of entries of a kind."""
    return isinstance(entries, tuple | list) and all(isinstance(entry, kind) for entry in entries)


def _is_linked(criterion_class: type[Criterion]) -> bool:
    options = (criterion_class._meta.concrete_model or criterion_class)._meta
    links = [field for field in options.local_fields if field.remote_field and field.remote_field.parent_link]
    return links == [options.pk] and options.pk.name == "criterion"


def _are_scopes(scopes: object) -> bool:
    return isinstance(scopes, tuple | list) and bool(scopes) and all(scope in ScopeType.values for scope in scopes)


def _check_named_fields(criterion_class: type[Criterion]) -> Iterator[checks.CheckMessage]:
    parameters, option = criterion_class.fact_parameters, criterion_class.missing_option
    if not all_of(parameters, str) or not all(has_field(criterion_class, name) for name in parameters):
        hint = "Set fact_parameters to a tuple of names of fields, for instance ('survey',)."
        yield error(16, criterion_class, f"has fact_parameters = {parameters!r}, of which not each is a field", hint)
    if option and not _is_boolean(criterion_class, option):
        hint = "Name a BooleanField of the type, and add it to the options of operators."
        yield error(17, criterion_class, f"has missing_option = {option!r}, which is no boolean field", hint)


def _is_boolean(criterion_class: type[Criterion], name: str) -> bool:
    return has_field(criterion_class, name) and isinstance(value_field(criterion_class, name), models.BooleanField)
