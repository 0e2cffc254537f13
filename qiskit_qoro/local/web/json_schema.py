"""Builders and common pieces of JSON Schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "FLAG",
    "NULL",
    "NUMBER",
    "TEXT",
    "Schema",
    "array_of",
    "integer",
    "object_with",
    "only_one",
    "or_null",
    "reference",
    "strict_object_with",
]

Schema = Mapping[str, Any]

NULL: Schema = {"type": "null"}
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}


def object_with(required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """An object with these properties.

    Args:
        required: The names of the properties that must be present, separated by spaces.
        properties: Name to schema.
    """
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    return schema | ({"required": required.split()} if required else {})


def strict_object_with(required: str = "", /, **properties: Schema) -> dict[str, Any]:
    """An object with these properties and no others, for requests: an unknown key is an error."""
    return object_with(required, **properties) | {"additionalProperties": False}


def array_of(items: Schema, **bounds: int) -> dict[str, Any]:
    """An array, with ``minItems`` and ``maxItems`` as bounds."""
    return {"type": "array", "items": items, **bounds}


def integer(minimum: int = 0, **keywords: int) -> dict[str, Any]:
    """An integer that is at least ``minimum``; ``maximum`` and ``default`` as keywords."""
    return {"type": "integer", "minimum": minimum, **keywords}


def or_null(schema: Schema) -> dict[str, Any]:
    """A value that ``schema`` describes, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, NULL]}
    changed = dict(schema)
    changed["type"] = [schema["type"], "null"]
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


def only_one(*names: str) -> list[dict[str, Any]]:
    """The alternatives for ``oneOf``: one of these properties is present, the others are absent or null."""
    return [_only(name, [other for other in names if other != name]) for name in names]


def _only(name: str, others: list[str]) -> dict[str, Any]:
    present: dict[str, Any] = {name: {"not": NULL}}
    return {"required": [name], "properties": present | dict.fromkeys(others, NULL)}


def reference(name: str) -> dict[str, str]:
    """A reference to the named schema of an OpenAPI document."""
    return {"$ref": f"#/components/schemas/{name}"}
