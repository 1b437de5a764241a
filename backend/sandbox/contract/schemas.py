"""JSON Schemas of the contract's documents, in the profile on which Ajv (strict) and python-jsonschema agree.

Bodies come from the API's OpenAPI document; definitions of rules come from the forms of the criterion types. Each
schema is complete in itself, says nothing that draft-07 and 2020-12 read differently, and so names neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from openedx_user_groups.criteria import forms, registry
from openedx_user_groups.data import Combine, Scope

from .world import SCOPES

Schema = dict[str, Any]

#: The documents that the API answers with: the component of each.
_BODIES = {
    "collection": "Collection",
    "collections": "PaginatedCollectionList",
    "copy": "Copy",
    "error": "Problem",
    "explanation": "Explanation",
    "metadata": "CriterionTypes",
    "preview": "Preview",
    "preview_over_budget": "OverBudgetPreview",
    "preview_pending": "PendingPreview",
    "refresh": "Refresh",
    "refresh_difference": "PaginatedHeldChangeList",
    "user_group": "UserGroup",
}

#: The requests that are built by hand or by the builder.
_REQUESTS = {"explanation_request": "ExplanationRequest", "preview_request": "PreviewRequest"}

#: What OpenAPI 3.0 says beyond JSON Schema, or in a way that validators do not share.
_DROPPED = {"nullable", "readOnly", "writeOnly", "allOf", "discriminator", "description"}
_NUMBER_FORMATS = {"double", "float", "int32", "int64"}

#: How drf-spectacular lists the labels of an enumeration after a description.
_ENUM_LABELS = re.compile(r"(^|\n\n)\* `.*", re.DOTALL)

_REFERENCE = "#/components/schemas/"


def schemas() -> dict[str, Schema]:
    """Every schema by the name of its file."""
    components = SchemaGenerator().get_schema(public=True)["components"]["schemas"]
    found = {f"{name}.json": _body(component, components) for name, component in _BODIES.items()}
    for name, component in _REQUESTS.items():
        found[f"{name}.json"] = _request(component, components)
    found["definition.json"] = _definition("The rule of a user group, of criteria of any type.", _any_criterion())
    for scope in SCOPES:
        title = f"A rule of the scope “{scope.type}”, with the configurations of its criterion types."
        found[f"definition.{scope.type}.json"] = _definition(title, _criterion_of(scope))
    return found


# ---- Bodies, from the OpenAPI document -------------------------------------------------------------------------------
def _body(component: str, components: Schema) -> Schema:
    """The schema of one component, with those that it refers to. Unknown keys are allowed: clients ignore them."""
    body = _converted(components[component], components)
    needed: dict[str, Schema] = {}
    pending = list(_referred(body))
    while pending:
        name = pending.pop()
        if name not in needed:
            needed[name] = _converted(components[name], components)
            pending.extend(_referred(needed[name]))
    return {"title": component, **body, **({"$defs": dict(sorted(needed.items()))} if needed else {})}


def _referred(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix("#/$defs/")
        for value in schema.values():
            yield from _referred(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _referred(value)


def _converted(schema: Schema, components: Schema) -> Schema:
    """One OpenAPI schema as JSON Schema."""
    target = _target(schema)
    if target is not None:
        return _converted_reference(schema, target, components)
    if "oneOf" in schema and "discriminator" not in schema:
        return _nullable_choice(schema, components)
    found = {key: value for key, value in schema.items() if key not in _DROPPED}
    if found.get("format") in _NUMBER_FORMATS:
        del found["format"]
    if schema.get("description"):
        found["description"] = schema["description"]
    if "properties" in found:
        found["properties"] = {name: _converted(value, components) for name, value in found["properties"].items()}
    if "items" in found:
        found["items"] = _converted(found["items"], components)
    if isinstance(found.get("additionalProperties"), dict):
        # Of values of any kind: true, because Ajv's strict mode finds an empty schema suspicious nowhere but in logs.
        found["additionalProperties"] = _converted(found["additionalProperties"], components) or True
    if "oneOf" in found:
        # Ajv reads the tag beside the branches, and knows no mapping.
        tag = schema["discriminator"]["propertyName"]
        found |= {
            "type": "object",
            "properties": {tag: {"type": "string"}},
            "required": [tag],
            "discriminator": {"propertyName": tag},
            "oneOf": [_converted(branch, components) for branch in found["oneOf"]],
        }
    if schema.get("nullable") and "type" in found:
        found["type"] = [found["type"], "null"]
    return found


def _nullable_choice(schema: Schema, components: Schema) -> Schema:
    """How drf-spectacular writes a choice that may be null: one of two enumerations, of which the other is null."""
    choice = {**schema, "allOf": schema["oneOf"][:1]}
    target = schema["oneOf"][0]["$ref"].removeprefix(_REFERENCE)
    return _converted_reference(choice, target, components)


def _target(schema: Schema) -> str | None:
    """The component that a schema refers to, alone or with a description beside."""
    references = [schema, *schema.get("allOf", [])]
    return next((part["$ref"].removeprefix(_REFERENCE) for part in references if "$ref" in part), None)


def _converted_reference(schema: Schema, target: str, components: Schema) -> Schema:
    component = components[target]
    if "enum" not in component:
        # Nothing may stand beside a reference in draft-07.
        reference = {"$ref": f"#/$defs/{target}"}
        return {"oneOf": [reference, {"type": "null"}]} if schema.get("nullable") else reference
    values = [*component["enum"], *([None] if schema.get("nullable") else [])]
    found: Schema = {"type": [component["type"], "null"] if schema.get("nullable") else component["type"]}
    description = _ENUM_LABELS.sub("", schema.get("description", ""))
    return {**found, "enum": values, **({"description": description} if description else {})}


def _request(component: str, components: Schema) -> Schema:
    """The server takes no key that it does not know, in the body, what is in it, and its rule."""
    body = _body(component, components)
    definition = _definition("", _any_criterion())
    of_rules = {"CriterionNode", "NestedRule", "Rule", "RuleNode"}
    parts = {name: part for name, part in body["$defs"].items() if name not in of_rules}
    body["$defs"] = {
        **{name: {**part, "additionalProperties": False} for name, part in parts.items()},
        "Rule": {key: value for key, value in definition.items() if key not in ("title", "$defs")},
        **definition["$defs"],
    }
    return {**body, "additionalProperties": False}


# ---- Rules -----------------------------------------------------------------------------------------------------------
_ID: Schema = {"type": "string", "format": "uuid"}


def _definition(title: str, criterion: Schema) -> Schema:
    """A tree whose leaves are ``criterion``. The outermost node need not say that it is a rule."""
    return {
        "title": title,
        **_rule(["combine", "nodes"]),
        "$defs": {"node": _node(), "rule": _rule(["kind", "combine", "nodes"]), "criterion": criterion},
    }


def _rule(required: list[str]) -> Schema:
    return {
        "type": "object",
        "properties": {
            "id": _ID,
            "kind": {"type": "string", "const": "rule"},
            "combine": {"type": "string", "enum": list(Combine.values)},
            "negated": {"type": "boolean"},
            "nodes": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/node"}},
        },
        "required": required,
        "additionalProperties": False,
    }


def _node() -> Schema:
    return _tagged("kind", [{"$ref": "#/$defs/rule"}, {"$ref": "#/$defs/criterion"}])


def _any_criterion() -> Schema:
    return _criterion({"type": "string", "minLength": 1}, {"type": "object"})


def _criterion_of(scope: Scope) -> Schema:
    branches = [
        {
            "title": str(criterion_class.label),
            **_criterion(
                {"type": "string", "const": criterion_class.criterion_type}, forms.schema(criterion_class, scope)
            ),
        }
        for criterion_class in registry.installed()
        if scope.type in criterion_class.scopes
    ]
    tagged = _tagged("type", branches)
    # The node that refers here tells kinds apart by this property.
    return {**tagged, "properties": {"kind": _KIND, **tagged["properties"]}, "required": ["kind", "type"]}


_KIND: Schema = {"type": "string", "const": "criterion"}


def _criterion(type_: Schema, config: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"id": _ID, "kind": _KIND, "type": type_, "config": config},
        "required": ["kind", "type", "config"],
        "additionalProperties": False,
    }


def _tagged(tag: str, branches: list[Schema]) -> Schema:
    return {
        "type": "object",
        "properties": {tag: {"type": "string"}},
        "required": [tag],
        "discriminator": {"propertyName": tag},
        "oneOf": branches,
    }
