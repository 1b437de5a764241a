"""The contract document: which criterion types a scope offers, with their fields, operators, choices and forms.

A client that reads it can draw the builder without knowing any type. It is generated from the models' declarations;
nothing here knows a particular type. Keys are snake_case words and collections are lists of objects with an ``id``,
because clients convert keys. Who may read the document, and HTTP, are not decided here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings as site_settings
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from openedx_user_groups import codes, exceptions, settings
from openedx_user_groups.data import CONTRACT_VERSION, Combine, Scope, ScopeType
from openedx_user_groups.sources import Availability, DataSource

from . import categories, forms, registry
from .categories import Category
from .forms import ValueField
from .models import Criterion
from .operators import Arity, Operator
from .storage import TYPE_MISSING, TYPE_UNREADABLE

log = logging.getLogger(__name__)

#: Choices in one page of a search.
CHOICES_PAGE_SIZE = 25

#: What a preview can do beside counting: a client offers what is listed. More may come.
PREVIEW_CAPABILITIES = (
    "count_only",  # Nothing but the number, sooner.
    "funnel",  # The numbers from node to node of the rule, and without each criterion.
    "difference",  # Who would join and leave the group that is edited, and why.
    "overlap",  # Other groups with the same learners.
    "explanation",  # Why one learner matches or does not.
    "as_of",  # Another instant than now.
    "token",  # Saving exactly the learners that were seen.
    "estimate",  # A number from a sample where the exact one takes too long.
)

#: The numbers that a client has to know, by the settings that they come from.
_LIMITS = {
    "criteria": "MAX_CRITERIA",
    "depth": "MAX_DEPTH",
    "sample_size": "MAX_SAMPLE_SIZE",
    "list_items": "MAX_LIST_ITEMS",
    "overlap_groups": "MAX_OVERLAP_GROUPS",
    "pinned_examples": "MAX_PINNED_EXAMPLES",
    "as_of_days_back": "MAX_AS_OF_DAYS_BACK",
    "as_of_days_ahead": "MAX_AS_OF_DAYS_AHEAD",
    "preview_seconds": "PREVIEW_BUDGET_SECONDS",
    "preview_job_seconds": "PREVIEW_JOB_SECONDS",
    "preview_token_seconds": "PREVIEW_TOKEN_SECONDS",
}

TYPE_FAILED = "criterion_type_failed"


def document(
    scope: Scope,
    *,
    locale: str | None = None,
    audience: str = "",
    missing_types: Collection[str] = (),
    unreadable_types: Collection[str] = (),
) -> dict[str, Any]:
    """The contract document of a scope as plain JSON.

    Args:
        locale: language of its texts; the active one unless told.
        audience: what of the reader's permissions the document depends on; mixed into ``revision``.
        missing_types: slugs of saved criteria; those that are not installed are listed as unavailable.
        unreadable_types: slugs of types whose table cannot be read: nothing can be saved with them.
    """
    locale = locale or translation.get_language() or site_settings.LANGUAGE_CODE
    with translation.override(locale):
        body = {
            "contract_version": CONTRACT_VERSION,
            "locale": locale,
            "scope": {"type": scope.type.value, "key": scope.key},
            "limits": _limits(),
            "capabilities": [{"id": id_} for id_ in PREVIEW_CAPABILITIES],
            "combinators": [{"id": combine.value, "label": str(combine.label)} for combine in Combine],
            "error_codes": _error_codes(),
            "criterion_types": _types(scope, missing_types, unreadable_types),
        }
    return {**body, "revision": _revision(body, audience)}


@dataclass(frozen=True)
class SourceStatus:
    """What a source says of a scope: whether it answers, and how old its copy of the data is."""

    availability: Availability
    as_of: datetime | None = None


def describe_type(criterion_class: type[Criterion], scope: Scope, status: SourceStatus | None = None) -> dict[str, Any]:
    """One type, in the active language. ``status`` spares asking its source again."""
    fields = forms.value_fields(criterion_class, scope)
    operators = [_operator(operator) for operator in criterion_class.operators]
    return {
        **_head(criterion_class, status or check(criterion_class.data_source, scope)),
        "capabilities": _capabilities(criterion_class),
        "fields": [_field(criterion_class, field) for field in fields.values()],
        "operators": operators,
        "default_operator": operators[0]["id"] if operators else None,
        "cross_field_rules": list(_cross_field_rules(criterion_class)),
        "form": {
            "schema": forms.schema(criterion_class, scope, fields),
            "ui_schema": forms.ui_schema(criterion_class, scope, fields),
        },
    }


def unreadable() -> SourceStatus:
    """Of a type whose app is installed but not migrated."""
    return SourceStatus(Availability("unavailable", TYPE_UNREADABLE, codes.MESSAGES[TYPE_UNREADABLE]))


def check(source: DataSource, scope: Scope) -> SourceStatus:
    """What a source says of a scope. A source that cannot even say so is unavailable."""
    try:
        return SourceStatus(source.check(scope), source.as_of(scope))
    except exceptions.SourceUnavailable as error:
        return SourceStatus(Availability("unavailable", error.code, error.message))


def _revision(body: Mapping[str, Any], audience: str) -> str:
    """Of everything that a form is made from. When data was last copied is no part of that."""
    types = [{**type_, "freshness": {**type_["freshness"], "as_of": None}} for type_ in body["criterion_types"]]
    body = {**body, "criterion_types": types}
    canonical = json.dumps([body, audience], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _limits() -> dict[str, Any]:
    return {id_: settings.get(name) for id_, name in _LIMITS.items()}


def _error_codes() -> list[dict[str, str]]:
    return [{"id": code, "message": str(message)} for code, message in codes.all_messages().items()]


# ---- Types -----------------------------------------------------------------------------------------------------------
def _types(scope: Scope, missing_types: Collection[str], unreadable_types: Collection[str]) -> list[dict[str, Any]]:
    checked: dict[str, SourceStatus] = {}  # Types share sources, and asking one may be a request over the network.
    found = []
    for criterion_class in registry.installed():
        try:
            if scope.type in criterion_class.scopes:
                refused = criterion_class.criterion_type in unreadable_types
                status = unreadable() if refused else _status(criterion_class.data_source, scope, checked)
                described = describe_type(criterion_class, scope, status)
                json.dumps(described)  # Here, where it is known whose fault it is if that cannot be done.
                found.append(described)
        except Exception:
            # A mistake in one plugin must not take the builder away from everybody.
            log.exception("The criterion type %s cannot be described.", criterion_class.criterion_type)
            found.append(_failed(criterion_class))
    missing = [slug for slug in sorted(set(missing_types)) if registry.find(slug) is None]
    found += [_known_by_its_slug(slug, TYPE_MISSING) for slug in missing]
    return sorted(found, key=lambda described: (described["category"], described["label"].casefold(), described["id"]))


def _status(source: DataSource, scope: Scope, checked: dict[str, SourceStatus]) -> SourceStatus:
    if source.id not in checked:
        checked[source.id] = check(source, scope)
    return checked[source.id]


def _failed(criterion_class: type[Criterion]) -> dict[str, Any]:
    """A type that cannot be described. Nothing of its class is used but the slug and, if it is one, the label."""
    described = _known_by_its_slug(criterion_class.criterion_type, TYPE_FAILED)
    with contextlib.suppress(Exception):
        described["label"] = str(criterion_class.label)
    return described


def _head(criterion_class: type[Criterion], status: SourceStatus) -> dict[str, Any]:
    source = criterion_class.data_source
    return {
        "id": criterion_class.criterion_type,
        "version": criterion_class.version,
        "label": str(criterion_class.label),
        "help_text": str(criterion_class.help_text),
        "category": criterion_class.category,
        "category_label": categories.label(criterion_class.category, criterion_class.category_label),
        "scopes": [ScopeType(scope_type).value for scope_type in criterion_class.scopes],
        "availability": _availability(status.availability),
        "data_source": {"id": source.id, "label": str(source.label)},
        "freshness": {
            "mode": source.mode,
            "as_of": status.as_of.astimezone(UTC).isoformat() if status.as_of else None,
            "refresh_interval": source.refresh_interval,
        },
        "time_sensitive": criterion_class.time_sensitive,
    }


def _known_by_its_slug(slug: str, reason_code: str) -> dict[str, Any]:
    """A type that only saved criteria remember, or whose class is of no use, with the keys of any other: clients need
    no special case."""
    return {
        "id": slug,
        "version": 1,
        "label": slug,
        "help_text": "",
        "category": Category.OTHER.value,
        "category_label": str(Category.OTHER.label),
        "scopes": [],
        "availability": _availability(Availability("unavailable", reason_code, codes.MESSAGES[reason_code])),
        "data_source": {"id": "unknown", "label": str(_("Unknown"))},
        "freshness": {"mode": "live", "as_of": None, "refresh_interval": None},
        "time_sensitive": False,
        **_empty_body(),
    }


def _empty_body() -> dict[str, Any]:
    return {
        "capabilities": [],
        "fields": [],
        "operators": [],
        "default_operator": None,
        "cross_field_rules": [],
        "form": {"schema": {"type": "object"}, "ui_schema": {}},
    }


def _availability(availability: Availability) -> dict[str, Any]:
    message = availability.message
    return {
        "status": availability.status,
        "reason_code": availability.reason_code,
        "message": None if message is None else str(message),
    }


def _capabilities(criterion_class: type[Criterion]) -> list[dict[str, str]]:
    """What can be done with a type. Why a learner matches can be told in values only where there is a fact."""
    offered = {
        "preview": True,
        "explain": criterion_class.fact is not Criterion.fact,
        "as_of": criterion_class.time_sensitive,
        "answer_learners": criterion_class.answers_learners,
        "predict_change": criterion_class().is_predictable,
    }
    return [{"id": id_} for id_, is_offered in offered.items() if is_offered]


# ---- Fields and operators --------------------------------------------------------------------------------------------
def _field(criterion_class: type[Criterion], field: ValueField) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "help_text": field.help_text,
        "value_type": field.value_type,
        "multiple": field.multiple,
        "unit": field.unit,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "step": None if field.scale is None else round(10**-field.scale, field.scale),
        "scale": field.scale,
        "default": field.default,
        "time_zone": site_settings.TIME_ZONE if field.value_type in ("date", "datetime") else None,
        "missing_meaning": str(criterion_class.missing_meaning),
        "choices": _choices(criterion_class, field),
    }


def _choices(criterion_class: type[Criterion], field: ValueField) -> dict[str, Any]:
    """``closed`` says that only these values are valid; otherwise they are suggestions."""
    if field.source is None:
        return {"mode": "none"}
    if field.choices is not None:
        results = [{"value": value, "label": label} for value, label in field.choices]
        return {"mode": "inline", "closed": field.source.closed, "results": results}
    return {
        "mode": "remote",
        "closed": field.source.closed,
        "url": forms.choices_url(criterion_class.criterion_type, field.name),
        "search_param": "search",
        "page_size": CHOICES_PAGE_SIZE,
        "resolve_param": "value",
    }


def _operator(operator: Operator) -> dict[str, Any]:
    return {
        "id": operator.id,
        "label": str(operator.label),
        "arity": operator.arity.value,
        "fields": list(operator.fields),
        "requires": list(operator.requires),
        "options": list(operator.options),
        "includes_missing": operator.includes_missing,
        "complement_of": operator.complement_of,
    }


def _cross_field_rules(criterion_class: type[Criterion]) -> Iterator[dict[str, Any]]:
    """What a configuration must fulfil beyond its fields; each ``id`` is explained by the error code of like name."""
    alternatives: dict[tuple[str, ...], list[str]] = {}
    for operator in criterion_class.operators:
        if operator.arity == Arity.TWO:
            for name in operator.fields:
                yield {"id": "range_inverted", "field": name, "operator": operator.id}
        if len(operator.fields) > 1:
            alternatives.setdefault(operator.fields, []).append(operator.id)
    for names, operators in alternatives.items():
        yield {"id": "exactly_one", "fields": list(names), "operators": operators}
