"""The JSON body that describes the options and credentials of QPU vendors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qiskit_qoro.errors import WireError
from qiskit_qoro.models.vendors import VendorBlueprint, VendorField
from qiskit_qoro.wire.fields import as_list, as_object, boolean_field, text_field

__all__ = ["vendor_blueprints_from_json", "vendor_blueprints_to_json"]


def vendor_blueprints_to_json(blueprints: Mapping[str, VendorBlueprint]) -> dict[str, Any]:
    """Encode the blueprint of each vendor."""
    return {
        vendor: {
            "label": blueprint.label,
            "credentials": [_field_to_json(item) for item in blueprint.credentials],
            "device": [_field_to_json(item) for item in blueprint.device],
        }
        for vendor, blueprint in blueprints.items()
    }


def vendor_blueprints_from_json(body: object) -> dict[str, VendorBlueprint]:
    """Decode the blueprint of each vendor.

    Raises:
        WireError: A field is missing or malformed.
    """
    blueprints = {}
    for vendor, item in as_object(body, "body").items():
        try:
            fields = as_object(item, "vendor")
            blueprints[vendor] = VendorBlueprint(
                label=text_field(fields, "label", default=vendor),
                credentials=_fields_from_json(fields, "credentials"),
                device=_fields_from_json(fields, "device"),
            )
        except WireError as error:
            raise WireError(f"{vendor}: {error}") from error
    return blueprints


def _field_to_json(item: VendorField) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind,
        "required": item.required,
        "secret": item.secret,
        "choices": list(item.choices),
        "default": item.default,
    }


def _fields_from_json(fields: Mapping[str, Any], key: str) -> tuple[VendorField, ...]:
    found = []
    for item in as_list(fields.get(key, []), key):
        entry = as_object(item, f"{key}[]")
        choices = entry.get("choices")
        found.append(
            VendorField(
                name=text_field(entry, "name"),
                kind=text_field(entry, "kind", default="string"),
                required=boolean_field(entry, "required", default=False),
                secret=boolean_field(entry, "secret", default=False),
                choices=() if choices is None else tuple(as_list(choices, "choices")),
                default=entry.get("default"),
            )
        )
    return tuple(found)
