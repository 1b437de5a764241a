"""The documentation of the metadata document.

The core generates the document as plain JSON: these serializers never run, they describe. They are put together by
name, because some of the names (``label``, ``fields`` ...) mean something else in the body of a serializer class.
Clients ignore keys that they do not know, so new ones may appear within the same major version.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    DictField,
    FloatField,
    IntegerField,
    JSONField,
    ListField,
)

from openedx_user_groups.data import ScopeType

from .common import ScopeSerializer


def _describe(name: str, about: str, /, **fields: Any) -> type[serializers.Serializer[Any]]:
    return type(f"{name}Serializer", (serializers.Serializer,), {"__doc__": about, "__module__": __name__, **fields})


def _texts(**options: Any) -> ListField:
    return ListField(child=CharField(), **options)


ChoiceSerializer = _describe("Choice", "One value that may be chosen.", value=CharField(), label=CharField())

_Limits = _describe(
    "Limits",
    "How large a rule may be, and how far previews go.",
    criteria=IntegerField(help_text="Criteria in a rule."),
    depth=IntegerField(help_text="Levels of a rule; 1 is a flat list."),
    sample_size=IntegerField(help_text="Learners in the sample of a preview."),
    list_items=IntegerField(help_text="Values in a list."),
    overlap_groups=IntegerField(help_text="Groups with which a preview is compared."),
    pinned_examples=IntegerField(help_text="Pinned learners of a group."),
    as_of_days_back=IntegerField(help_text="How many days ago a preview or an explanation may be of."),
    as_of_days_ahead=IntegerField(help_text="How many days ahead."),
    preview_seconds=FloatField(help_text="How long a preview may take before a worker takes over or it is estimated."),
    preview_job_seconds=FloatField(help_text="How long it may take in a worker."),
    preview_token_seconds=FloatField(help_text="For how long the learners of a preview can be saved as seen."),
)
_Combinator = _describe("Combinator", "A way to combine nodes.", id=CharField(), label=CharField())
_ErrorCode = _describe(
    "ErrorCode",
    "A code of an error, a violation, a warning or a state, with a message for a client that has none of its own.",
    id=CharField(),
    message=CharField(),
)
_Availability = _describe(
    "Availability",
    "Whether a type can be used now, and why not.",
    status=ChoiceField(choices=["available", "degraded", "unavailable"]),
    reason_code=CharField(allow_null=True),
    message=CharField(allow_null=True),
)
_DataSource = _describe("DataSource", "Where a type's data comes from.", id=CharField(), label=CharField())
_Freshness = _describe(
    "Freshness",
    "How fresh a type's data is.",
    mode=ChoiceField(choices=["live", "event", "scheduled"]),
    as_of=DateTimeField(allow_null=True),
    refresh_interval=IntegerField(allow_null=True, help_text="Seconds."),
)
_Capability = _describe(
    "Capability",
    "Something that can be done with a type.",
    id=CharField(
        help_text=(
            "preview; explain: a learner's value can be shown; as_of: it answers for other instants than now; "
            "answer_learners: a few learners can be answered after an event; predict_change: it is known when the "
            "answer changes by time alone. More may be added."
        )
    ),
)
_PreviewCapability = _describe(
    "PreviewCapability",
    "Something that previews can do.",
    id=CharField(
        help_text=("count_only, funnel, difference, overlap, explanation, as_of, token, estimate. More may be added.")
    ),
)
_FieldChoices = _describe(
    "FieldChoices",
    "Where the choices of a field come from.",
    mode=ChoiceField(choices=["none", "inline", "remote"]),
    closed=BooleanField(required=False, help_text="Whether only these values are valid."),
    results=ChoiceSerializer(many=True, required=False, help_text="Inline: all of them."),
    url=CharField(required=False, help_text="Remote: where to search, relative to the root of the API."),
    search_param=CharField(required=False),
    page_size=IntegerField(required=False),
    resolve_param=CharField(required=False),
)
_ValueField = _describe(
    "ValueField",
    "A field of a type's configuration.",
    name=CharField(),
    label=CharField(),
    help_text=CharField(allow_blank=True),
    value_type=CharField(help_text="What a value is: integer, percent, date, enum, course_key ..."),
    multiple=BooleanField(help_text="Whether it is a list of values."),
    unit=CharField(allow_null=True),
    minimum=FloatField(allow_null=True),
    maximum=FloatField(allow_null=True),
    step=FloatField(allow_null=True),
    scale=IntegerField(allow_null=True, help_text="Decimal places."),
    default=JSONField(),
    time_zone=CharField(allow_null=True),
    missing_meaning=CharField(allow_blank=True, help_text="What a learner without a value means."),
    choices=_FieldChoices(),
)
_Operator = _describe(
    "Operator",
    "An operator as a type offers it.",
    id=CharField(),
    label=CharField(help_text="A readable phrase of that type."),
    arity=ChoiceField(choices=["none", "one", "two", "list"], help_text="How many values it takes."),
    fields=_texts(help_text="The fields that it compares with; exactly one of them is filled in."),
    requires=_texts(help_text="Fields that must stand beside it."),
    options=_texts(help_text="Fields that may stand beside it."),
    includes_missing=BooleanField(help_text="Whether learners without a value match."),
    complement_of=CharField(allow_null=True),
)
_CrossFieldRule = _describe(
    "CrossFieldRule",
    "What a configuration must fulfil beyond its fields.",
    id=CharField(help_text="The error code of like name explains it."),
    field=CharField(required=False),
    operator=CharField(required=False),
    fields=_texts(required=False),
    operators=_texts(required=False),
)
_Form = _describe(
    "Form",
    "JSON Schema and hints for drawing it. Opaque: never convert the case of their keys.",
    schema=DictField(),
    ui_schema=DictField(),
)

CriterionTypeSerializer = _describe(
    "CriterionType",
    "A criterion type: everything that is needed to draw its form without knowing it.",
    id=CharField(),
    version=IntegerField(),
    label=CharField(),
    help_text=CharField(allow_blank=True),
    category=CharField(),
    category_label=CharField(help_text="The heading under which to list the type."),
    scopes=ListField(child=ChoiceField(choices=ScopeType.choices)),
    availability=_Availability(),
    data_source=_DataSource(),
    freshness=_Freshness(),
    time_sensitive=BooleanField(help_text="Whether the answer changes as time passes."),
    capabilities=_Capability(many=True),
    fields=_ValueField(many=True),
    operators=_Operator(many=True),
    default_operator=CharField(allow_null=True),
    cross_field_rules=_CrossFieldRule(many=True),
    form=_Form(),
)

CriterionTypesSerializer = _describe(
    "CriterionTypes",
    "The contract for forms: which criterion types a scope offers.",
    contract_version=CharField(help_text="Major and minor. Clients refuse another major version."),
    revision=CharField(help_text="Changes whenever anything in the document does; also the ETag."),
    locale=CharField(),
    scope=ScopeSerializer(),
    limits=_Limits(),
    capabilities=_PreviewCapability(many=True),
    combinators=_Combinator(many=True),
    error_codes=_ErrorCode(many=True),
    criterion_types=CriterionTypeSerializer(many=True),
)
